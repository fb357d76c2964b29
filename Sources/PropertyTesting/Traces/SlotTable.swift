/// Which slots of a fixed number are live, and in what order they came to be.
///
/// All operations take constant time: `slots` is a permutation with the live ones in front, and
/// the live ones are threaded on a list from the oldest to the newest.
public struct SlotTable: Sendable {
  /// The number of slots.
  public let capacity: Int
  /// In which order lifetimes should end.
  public var policy: LifetimePolicy
  /// How many slots are live.
  public private(set) var liveCount = 0
  /// Slots below this number have been live at some time.
  public private(set) var usedCount = 0

  private var slots: [Int32]
  private var places: [Int32]
  private var older: [Int32]
  private var newer: [Int32]
  private var oldestNumber: Int32 = -1
  private var newestNumber: Int32 = -1

  /// A table of empty slots numbered from 0; `capacity` is in `1...Slot.limit`.
  public init(capacity: Int, policy: LifetimePolicy = .anyOrder) {
    precondition(capacity > 0 && capacity <= Slot.limit, "a table holds 1 to Slot.limit slots")
    self.capacity = capacity
    self.policy = policy
    slots = (0..<Int32(capacity)).map { $0 }
    places = slots
    older = Array(repeating: -1, count: capacity)
    newer = older
  }

  /// How many slots are empty.
  public var emptyCount: Int { capacity - liveCount }

  /// The live slot at an index below `liveCount`, in an order that means nothing.
  public func liveSlot(_ index: Int) -> Slot {
    precondition(index < liveCount, "there are fewer live slots")
    return Slot(Int(slots[index]))
  }

  /// The empty slot at an index below `emptyCount`, in an order that means nothing.
  public func emptySlot(_ index: Int) -> Slot {
    Slot(Int(slots[liveCount + index]))
  }

  /// The lowest slot that was never live nor followed by one that was; nil when all were.
  public var nextUnused: Slot? { usedCount < capacity ? Slot(usedCount) : nil }

  /// The live slot that was filled first.
  public var oldest: Slot? { oldestNumber < 0 ? nil : Slot(Int(oldestNumber)) }

  /// The live slot that was filled last.
  public var newest: Slot? { newestNumber < 0 ? nil : Slot(Int(newestNumber)) }

  /// Whether a slot is live; one outside the table is not.
  public func isLive(_ slot: Slot) -> Bool {
    slot.number < capacity && places[slot.number] < Int32(liveCount)
  }

  /// Whether an operation with these slots means anything now.
  public func admits(_ uses: SlotUses) -> Bool {
    !uses.contains { use in
      switch use.effect {
      case .creates: use.slot.number >= capacity || isLive(use.slot)
      case .uses, .destroys: !isLive(use.slot)
      case .mentions: false
      }
    }
  }

  /// Records an admitted operation.
  public mutating func apply(_ uses: SlotUses) {
    if let first = uses.first { apply(first) }
    if let second = uses.second { apply(second) }
  }

  private mutating func apply(_ use: SlotUse) {
    switch use.effect {
    case .creates: fill(use.slot)
    case .destroys: empty(use.slot)
    case .uses, .mentions: break
    }
  }

  /// Makes a slot live; does nothing if it is, or lies outside the table.
  public mutating func fill(_ slot: Slot) {
    guard slot.number < capacity, !isLive(slot) else { return }
    let number = Int32(slot.number)
    move(number, to: liveCount)
    liveCount += 1
    usedCount = max(usedCount, slot.number + 1)
    older[slot.number] = newestNumber
    newer[slot.number] = -1
    if newestNumber >= 0 { newer[Int(newestNumber)] = number } else { oldestNumber = number }
    newestNumber = number
  }

  /// Makes a slot empty; does nothing if it is.
  public mutating func empty(_ slot: Slot) {
    guard isLive(slot) else { return }
    liveCount -= 1
    move(Int32(slot.number), to: liveCount)
    let before = older[slot.number]
    let after = newer[slot.number]
    if before >= 0 { newer[Int(before)] = after } else { oldestNumber = after }
    if after >= 0 { older[Int(after)] = before } else { newestNumber = before }
  }

  private mutating func move(_ number: Int32, to place: Int) {
    let from = Int(places[Int(number)])
    let other = slots[place]
    slots.swapAt(from, place)
    places[Int(number)] = Int32(place)
    places[Int(other)] = Int32(from)
  }
}
