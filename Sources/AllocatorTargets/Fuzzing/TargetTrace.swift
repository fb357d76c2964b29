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
