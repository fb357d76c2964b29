import ContentHash
import KernelPool
import PoolTrace

/// Short traces, each on a pool of its own: what fuzzers, shrinkers and batches run by the million.
///
/// A trace boots a small machine, does 64 operations of mixed sizes and drops the machine.
public struct ShortTraces: ~Copyable {
  /// Operations of each trace.
  public static let operations = 64

  private let configuration: TraceConfiguration
  private let level: CheckLevel
  private var generator = WorkloadGenerator()
  /// FNV-1a over every address.
  public var checksum: UInt64 { hash.value }
  private var hash = ContentHash()

  /// Traces of a version.
  public init(profile: Profile, level: CheckLevel) {
    var configuration = TraceConfiguration(profile: profile)
    configuration.pool.nonPagedPages = 128
    configuration.pool.pagedPages = 32
    configuration.pool.sessionPages = 32
    configuration.pool.contiguousPages = 32
    configuration.pool.trackerEntries = 64
    configuration.pool.bigTableEntries = 64
    configuration.fill = .off
    self.configuration = configuration
    self.level = level
  }

  /// Runs so many traces. Throws where memory is short.
  @inline(never)
  public mutating func run(steps: Int) throws(ConfigurationError) {
    for _ in 0..<steps { try runOne() }
  }

  private mutating func runOne() throws(ConfigurationError) {
    var session = try ReplaySession.boot(configuration, level: level)
    let tag = PoolTag("Bnch")
    for _ in 0..<Self.operations {
      let name = SlotName(generator.below(24))
      let isFree = session.replayer.slots[name]?.state == .holds
      let operation: Operation =
        isFree
        ? .free(name, tag: tag)
        : .alloc(name, .nonPaged, bytes: 1 &+ generator.below(600), tag: tag)
      if case .allocated(let address)? = session.step(operation) {
        hash.add(address)
      }
    }
  }
}
