/// The name of a place that holds one thing at a time; never a position in a list.
///
/// A trace says `free s7`, not "free the third live block": what one operation means must not
/// change when another is deleted. Only then is every sub-sequence of a trace a trace, and only
/// then does deletion find small ones. (Positions taken modulo the live count were measured to
/// end several times longer under the same reducer.)
public struct Slot: Sendable, Hashable, Comparable, LosslessStringConvertible {
  /// Slots are numbered below this, so that tables of them stay small whatever a trace says.
  public static let limit = 1 << 20

  @usableFromInline let rawValue: UInt32

  /// The number of the slot, in `0..<Slot.limit`.
  @inlinable
  public var number: Int { Int(rawValue) }

  /// The slot of a number in `0..<Slot.limit`.
  @inlinable
  public init(_ number: Int) {
    precondition(number >= 0 && number < Self.limit, "no slot has that number")
    rawValue = UInt32(truncatingIfNeeded: number)
  }

  /// The slot of a number, or nil when no slot has it.
  public init?(exactly number: Int) {
    guard number >= 0, number < Self.limit else { return nil }
    rawValue = UInt32(truncatingIfNeeded: number)
  }

  /// Reads `s` and a decimal number below the limit, as written by `description`.
  public init?(_ description: String) {
    guard description.utf8.first == UInt8(ascii: "s") else { return nil }
    let digits = description.dropFirst()
    guard digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      let number = Int(digits)
    else { return nil }
    self.init(exactly: number)
  }

  /// `s` and the number.
  public var description: String { "s\(rawValue)" }

  /// By number.
  @inlinable
  public static func < (left: Slot, right: Slot) -> Bool { left.rawValue < right.rawValue }
}

/// Renaming of slots that leaves the meaning of a trace as it is.
public enum SlotNaming {
  /// Gives every lifetime a slot of its own, numbered in order of first use.
  ///
  /// Reuse of slots ties operations together: delete one `free s0` and a later creation in s0 is
  /// skipped. With a slot for each lifetime, operations are as independent as they can be, and a
  /// reader knows that s1 is one thing. Nil when there are more lifetimes than slots. None of the
  /// operations may be one that is skipped: a creation in a busy slot would come to life.
  public static func separated<Operation: SlotOperation>(
    _ operations: [Operation]
  ) -> [Operation]? {
    var names: [Slot: Slot] = [:]
    var next = 0
    var renamed: [Operation] = []
    renamed.reserveCapacity(operations.count)
    for operation in operations {
      var created: [Slot] = []
      operation.slots.forEach { use in
        if use.effect == .creates { created.append(use.slot) }
      }
      operation.slots.forEach { use in
        guard created.contains(use.slot) || names[use.slot] == nil else { return }
        guard let slot = Slot(exactly: next) else { return }
        names[use.slot] = slot
        next += 1
      }
      guard next < Slot.limit else { return nil }
      renamed.append(operation.renamingSlots { names[$0] ?? $0 })
    }
    return renamed
  }

  /// How many creations take a slot that an earlier one took.
  static func reuseCount(_ operations: [some SlotOperation]) -> Int {
    var created: Set<Slot> = []
    var count = 0
    for operation in operations {
      operation.slots.forEach { use in
        if use.effect == .creates, !created.insert(use.slot).inserted { count += 1 }
      }
    }
    return count
  }
}

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

  /// One array for all: whoever hands the table on retains it once. The permutation of the slots,
  /// their places in it, then the next older and the next newer live slot of each.
  private var numbers: [Int32]
  private var oldestNumber: Int32 = -1
  private var newestNumber: Int32 = -1

  /// A table of empty slots numbered from 0; `capacity` is in `1...Slot.limit`.
  public init(capacity: Int, policy: LifetimePolicy = .anyOrder) {
    precondition(capacity > 0 && capacity <= Slot.limit, "a table holds 1 to Slot.limit slots")
    self.capacity = capacity
    self.policy = policy
    numbers = Array(repeating: -1, count: 4 * capacity)
    for number in 0..<capacity {
      self[.slots, number] = Int32(number)
      self[.places, number] = Int32(number)
    }
  }

  /// A part of the array.
  private enum Column: Int { case slots, places, older, newer }

  private subscript(column: Column, number: Int) -> Int32 {
    @inline(__always) get { numbers[column.rawValue * capacity + number] }
    @inline(__always) set { numbers[column.rawValue * capacity + number] = newValue }
  }

  /// How many slots are empty.
  public var emptyCount: Int { capacity - liveCount }

  /// The live slot at an index below `liveCount`, in an order that means nothing.
  public func liveSlot(_ index: Int) -> Slot {
    precondition(index < liveCount, "there are fewer live slots")
    return Slot(Int(self[.slots, index]))
  }

  /// The empty slot at an index below `emptyCount`, in an order that means nothing.
  public func emptySlot(_ index: Int) -> Slot {
    Slot(Int(self[.slots, liveCount + index]))
  }

  /// The lowest slot that was never live nor followed by one that was; nil when all were.
  public var nextUnused: Slot? { usedCount < capacity ? Slot(usedCount) : nil }

  /// The live slot that was filled first.
  public var oldest: Slot? { oldestNumber < 0 ? nil : Slot(Int(oldestNumber)) }

  /// The live slot that was filled last.
  public var newest: Slot? { newestNumber < 0 ? nil : Slot(Int(newestNumber)) }

  /// Whether a slot is live; one outside the table is not.
  public func isLive(_ slot: Slot) -> Bool {
    slot.number < capacity && self[.places, slot.number] < Int32(liveCount)
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
    self[.older, slot.number] = newestNumber
    self[.newer, slot.number] = -1
    if newestNumber >= 0 {
      self[.newer, Int(newestNumber)] = number
    } else {
      oldestNumber = number
    }
    newestNumber = number
  }

  /// Makes a slot empty; does nothing if it is.
  public mutating func empty(_ slot: Slot) {
    guard isLive(slot) else { return }
    liveCount -= 1
    move(Int32(slot.number), to: liveCount)
    let before = self[.older, slot.number]
    let after = self[.newer, slot.number]
    if before >= 0 { self[.newer, Int(before)] = after } else { oldestNumber = after }
    if after >= 0 { self[.older, Int(after)] = before } else { newestNumber = before }
  }

  private mutating func move(_ number: Int32, to place: Int) {
    let from = self[.places, Int(number)]
    let other = self[.slots, place]
    self[.slots, Int(from)] = other
    self[.slots, place] = number
    self[.places, Int(other)] = from
    self[.places, Int(number)] = Int32(place)
  }
}
