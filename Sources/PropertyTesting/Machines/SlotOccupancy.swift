/// A bit for each slot: live or empty. The runner's own record, kept on the hot path.
public struct SlotOccupancy: Sendable {
  @usableFromInline var words: [UInt64] = []

  /// Every slot is empty.
  @inlinable
  public init() {}

  /// Whether a slot is live.
  @inlinable
  public func isLive(_ slot: Slot) -> Bool {
    let word = slot.number &>> 6
    return word < words.count && words[word] &>> UInt64(slot.number & 63) & 1 == 1
  }

  /// Whether an operation with these slots means anything now.
  @inlinable
  public func admits(_ uses: SlotUses) -> Bool {
    if let first = uses.first, !admits(first) { return false }
    if let second = uses.second, !admits(second) { return false }
    return true
  }

  /// Records an operation that was performed.
  @inlinable
  public mutating func apply(_ uses: SlotUses) {
    if let first = uses.first { apply(first) }
    if let second = uses.second { apply(second) }
  }

  @inlinable
  func admits(_ use: SlotUse) -> Bool {
    switch use.effect {
    case .creates: !isLive(use.slot)
    case .uses, .destroys: isLive(use.slot)
    case .mentions: true
    }
  }

  @inlinable
  mutating func apply(_ use: SlotUse) {
    switch use.effect {
    case .creates: set(use.slot, live: true)
    case .destroys: set(use.slot, live: false)
    case .uses, .mentions: break
    }
  }

  @inlinable
  mutating func set(_ slot: Slot, live: Bool) {
    let word = slot.number &>> 6
    if word >= words.count {
      words.append(contentsOf: repeatElement(0, count: word &- words.count &+ 1))
    }
    let bit: UInt64 = 1 &<< UInt64(slot.number & 63)
    words[word] = live ? words[word] | bit : words[word] & ~bit
  }
}
