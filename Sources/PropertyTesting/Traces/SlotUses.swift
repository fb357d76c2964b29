/// The slots of one operation: none, one, or two (a copy, a move, a merge).
///
/// Kept inline: an array here would be an allocation for every executed operation.
public struct SlotUses: Sendable, Equatable {
  /// The first slot, if any.
  public let first: SlotUse?
  /// The second slot; nil when there is no first.
  public let second: SlotUse?

  /// No slot.
  @inlinable
  public static var none: SlotUses { SlotUses(first: nil, second: nil) }

  /// The beginning of a lifetime.
  @inlinable
  public static func creates(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .creates)) }

  /// Something done to what a slot holds.
  @inlinable
  public static func uses(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .uses)) }

  /// The end of a lifetime.
  @inlinable
  public static func destroys(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .destroys)) }

  /// A slot that may hold anything or nothing.
  @inlinable
  public static func mentions(_ slot: Slot) -> SlotUses { .one(SlotUse(slot, .mentions)) }

  /// One slot.
  @inlinable
  public static func one(_ use: SlotUse) -> SlotUses { SlotUses(first: use, second: nil) }

  /// Two slots; the operation means something only if both allow it.
  @inlinable
  public static func two(_ first: SlotUse, _ second: SlotUse) -> SlotUses {
    SlotUses(first: first, second: second)
  }

  @usableFromInline
  init(first: SlotUse?, second: SlotUse?) {
    self.first = first
    self.second = second
  }

  /// Calls the body with each of them in order.
  @inlinable
  public func forEach(_ body: (SlotUse) -> Void) {
    if let first { body(first) }
    if let second { body(second) }
  }

  /// Whether one of them satisfies a condition.
  @inlinable
  public func contains(where condition: (SlotUse) -> Bool) -> Bool {
    if let first, condition(first) { return true }
    if let second, condition(second) { return true }
    return false
  }
}
