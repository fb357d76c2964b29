import KernelPool
import PoolFuzzing
import PoolTrace
import PropertyTesting

/// Ordinary traces of the pool as calls of any allocator.
///
/// | in the trace            | call                                                             |
/// |-------------------------|------------------------------------------------------------------|
/// | `alloc` NonPaged, Paged | allocate in pool 0, 1 (the session's 2), `CacheAligned` at 64     |
/// | `contiguous`            | allocate in pool 0 at 4,096                                       |
/// | `free`                  | free                                                              |
/// | `fill`                  | the owner writes all its bytes anew                               |
/// | `write`                 | the owner looks at all its bytes                                  |
/// | everything else         | nothing                                                           |
enum TargetTrace {
  /// The calls; as many as the trace has operations.
  static func operations(of trace: PoolFuzzTrace) -> [TargetOperation] {
    var slots: [Int: UInt32] = [:]
    return trace.operations.map { operation in
      var call = TargetOperation()
      guard let use = operation.slots.first else { return call }
      let next = UInt32(slots.count)
      call.slot = slots[use.slot.number] ?? next
      slots[use.slot.number] = call.slot
      switch operation.operation {
      case .alloc(_, let type, let bytes, let tag):
        call.kind = .allocate
        call.bytes = bytes
        call.tag = tag.word
        call.pool = type.isPaged ? (type.contains(.session) ? 2 : 1) : 0
        call.alignment = type.contains(.cacheAligned) ? 64 : 0
      case .contiguous(_, let bytes, _):
        call.kind = .allocate
        call.bytes = bytes
        call.alignment = 4096
      case .free: call.kind = .free
      case .fill: call.kind = .fill
      case .write: call.kind = .verify
      default: break
      }
      return call
    }
  }

  /// The arena of a trace's machine: its nonpaged pool.
  static func arenaBytes(of trace: PoolFuzzTrace) -> UInt64 {
    let pool = trace.configuration.configuration.pool
    return pool.nonPagedPages &* pool.profile.pageBytes
  }
}

/// The traces that an allocator is tested with: those of the portfolio's healthy profiles, on arenas
/// of several sizes. Trace `number` follows from the seed and its number alone.
public struct TargetTraces: Sendable {
  /// The seed.
  public let seed: Seed
  /// The profiles.
  public let profiles: [GeneratorProfile]
  /// The arenas in pages of 4 KiB.
  private static let arenaPages: [UInt64] = [256, 64, 1024]

  /// Traces of a seed; misuse has no place in front of an allocator that does not define it.
  public init(seed: Seed, profiles: [GeneratorProfile] = GeneratorProfile.healthy) {
    self.seed = seed
    self.profiles = profiles.filter(\.isHealthy)
  }

  /// One trace.
  public func trace(_ number: UInt64) -> PoolFuzzTrace {
    var choices = RandomChoices(seed: seed, stream: number)
    let profile = choices.draw(from: profiles)
    var setup = PoolSetup()
    setup.configuration.pool.nonPagedPages = choices.draw(from: Self.arenaPages)
    let count = choices.draw(from: [16, 32, 64, 128, 256])
    return PoolTraceGenerator.trace(
      profile, operationCount: count, setup: setup, choices: &choices)
  }
}
