import KernelPool

/// What a replay knows of one slot.
public struct TraceSlot: Equatable, Sendable {
  /// How the slot's last operation left it.
  public enum State: Sendable {
    /// It holds an allocation.
    case holds
    /// Its last allocation returned NULL.
    case null
    /// Its allocation was freed; the address is kept for stale pointers.
    case freed
  }

  /// How the slot was left.
  public var state: State
  /// The last address that it got; zero if it never had one.
  public var address: Address
  /// The bytes of its last request.
  public var bytes: UInt64
  /// The pool type of its last request.
  public var type: PoolType
  /// The tag of its last request.
  public var tag: PoolTag
  /// True where the memory came from `contiguous`.
  public var isContiguous: Bool
  /// What the allocation takes of its pool; nil outside of every pool.
  public var block: LiveBlock?
  /// The seed of the pattern that fills it; nil where it was not filled.
  public var patternSeed: UInt64?
}

/// The slots of a replay, with what is known of each.
///
/// Freed slots are remembered as long as `SlotNameTable` remembers them, so a trace of any length
/// needs memory for its live slots only.
public struct ReplaySlots {
  private var table = SlotNameTable()
  private var slots: [TraceSlot] = []

  /// No slots.
  public init() {}

  /// The slot of a name, or nil where the name was never used or is forgotten.
  public subscript(name: SlotName) -> TraceSlot? { table.find(name).map { slots[$0] } }

  /// The slot of an index that `index(of:)` gave.
  public func slot(at index: Int) -> TraceSlot { slots[index] }

  /// The index of a slot, stable as long as it is remembered.
  public func index(of name: SlotName) -> Int? { table.find(name) }

  /// Keeps what an allocation came to.
  mutating func store(_ slot: TraceSlot, _ name: SlotName) -> Int {
    let index = table.claim(name).index
    if index == slots.count { slots.append(slot) } else { slots[index] = slot }
    return index
  }

  /// Notes the pattern that a slot was filled with.
  mutating func setSeed(_ seed: UInt64, at index: Int) { slots[index].patternSeed = seed }

  /// Marks a slot as freed.
  mutating func markFreed(_ name: SlotName) {
    guard let index = table.find(name) else { return }
    slots[index].state = .freed
    table.retire(index)
  }

  /// Calls `body` for every slot that holds an allocation, in the order of their indexes.
  public func forEachLive(_ body: (SlotName, TraceSlot) -> Void) {
    for index in slots.indices where slots[index].state == .holds {
      let name = table.name(at: index)
      if table.find(name) == index { body(name, slots[index]) }
    }
  }
}
