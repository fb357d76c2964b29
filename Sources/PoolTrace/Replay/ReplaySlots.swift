import PoolInvariants

/// The slots of a replay, with what is known of each.
///
/// Freed slots are remembered as long as `SlotNameTable` remembers them, so a trace of any length
/// needs memory for its live slots only.
public struct ReplaySlots {
  private var table = SlotNameTable()
  /// The records by the indexes of the slots, and those that hold something by address.
  public internal(set) var live = LiveAllocations()

  /// No slots.
  public init() {}

  /// The slot of a name, or nil where the name was never used or is forgotten. Inlined, for whoever
  /// asks wants one or two of its fields.
  @inlinable public subscript(name: SlotName) -> TraceSlot? {
    index(of: name).map { live[slot: $0] }
  }

  /// Whether a slot holds an allocation.
  public func holds(_ name: SlotName) -> Bool {
    table.find(name).map { live[slot: $0].state == .holds } ?? false
  }

  /// The slot of an index that `index(of:)` gave.
  @inlinable public subscript(index: Int) -> TraceSlot { live[slot: index] }

  /// The index of a slot, stable as long as it is remembered.
  public func index(of name: SlotName) -> Int? { table.find(name) }

  /// The index of a slot that is about to get a record; `known` is the one that it has.
  mutating func claim(_ name: SlotName, known: Int?) -> Int {
    guard let known else { return table.claim(name).index }
    table.revive(known)
    return known
  }

  /// Marks a slot as freed.
  mutating func markFreed(_ index: Int) {
    live.markFreed(slot: index)
    table.retire(index)
  }

  /// Calls `body` for every slot that holds an allocation, in the order of their indexes.
  public func forEachLive(_ body: (SlotName, TraceSlot) -> Void) {
    for index in 0..<live.slotCount where live[slot: index].state == .holds {
      let name = table.name(at: index)
      if table.find(name) == index { body(name, live[slot: index]) }
    }
  }
}
