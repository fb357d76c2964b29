import KernelPool
import PoolTrace

/// Lookaside lists of a driver's own for some tags: freed blocks are parked instead of given back,
/// and a later request of the same pool type and size takes the one that was parked last.
///
/// The blocks stay allocated as far as the pool knows (Microsoft, `ExInitializeLookasideListEx`).
struct ParkedBlocks {
  /// Which list.
  struct Size: Hashable {
    /// The pool type.
    var type: PoolType
    /// The bytes of a request.
    var bytes: UInt64
    /// The tag.
    var tag: PoolTag
  }

  /// The most blocks on a list.
  let depth: Int
  /// Requests that a parked block answered.
  private(set) var hits: UInt64 = 0
  /// Blocks that are parked.
  private(set) var count = 0
  private var lists: [Size: [SlotName]] = [:]

  /// Empty lists of at most `depth` blocks each.
  init(depth: Int) { self.depth = depth }

  /// Parks a block; false where its list is full.
  mutating func park(_ name: SlotName, _ size: Size) -> Bool {
    guard lists[size, default: []].count < depth else { return false }
    lists[size, default: []].append(name)
    count += 1
    return true
  }

  /// Takes the block that was parked last, if there is one.
  mutating func take(_ size: Size) -> SlotName? {
    guard let name = lists[size]?.popLast() else { return nil }
    hits += 1
    count -= 1
    return name
  }
}
