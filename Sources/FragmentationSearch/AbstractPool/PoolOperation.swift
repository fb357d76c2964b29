/// One operation of a trace on slots. A slot holds at most one block at a time.
public enum PoolOperation: Sendable, Hashable {
  /// Puts a block of `units` into an empty slot. `rank` is the choice among equal free blocks, 0
  /// except in relaxed order.
  case allocate(slot: Int, units: Int, rank: Int)
  /// Gives the slot's block back.
  case free(slot: Int)

  /// Carries the operation out. As in a trace, a request on a full slot and a release of an empty
  /// one do nothing.
  public func apply(to pool: inout AbstractPool, _ handles: inout [Int: BlockHandle]) {
    switch self {
    case .allocate(let slot, let units, let rank):
      guard handles[slot] == nil else { return }
      handles[slot] = pool.allocate(units: units, rank: rank)
    case .free(let slot):
      guard let handle = handles.removeValue(forKey: slot) else { return }
      pool.free(handle)
    }
  }
}
