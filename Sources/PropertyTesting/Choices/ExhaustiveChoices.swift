/// All choices, one combination after the other, like the digits of an odometer.
///
/// ```swift
/// var choices = ExhaustiveChoices()
/// repeat {
///   // draw as much as you like, then use what came out
/// } while choices.advance()
/// ```
///
/// The first round draws zeros. `advance()` turns the last digit that was drawn, so a round that
/// stops drawing early (because what it has already fails) prunes everything that would follow.
/// A generator must be deterministic: with the same answers it asks the same questions.
public struct ExhaustiveChoices: ChoiceSource, Sendable {
  @usableFromInline var values: [UInt64] = []
  @usableFromInline var bounds: [UInt64] = []
  @usableFromInline var position = 0

  /// An odometer that stands at all zeros.
  @inlinable
  public init() {}

  /// Never: it ends with `advance()`.
  @inlinable
  public var isExhausted: Bool { false }

  /// Turns the odometer by one for another round; false when every combination has been seen.
  @inlinable
  public mutating func advance() -> Bool {
    values.removeSubrange(position...)
    bounds.removeSubrange(position...)
    position = 0
    while let value = values.last, let bound = bounds.last {
      if value + 1 < bound {
        values[values.count - 1] = value + 1
        return true
      }
      values.removeLast()
      bounds.removeLast()
    }
    return false
  }

  /// The digit at this place.
  @inlinable
  public mutating func draw(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "there is no number below zero")
    if position == values.count {
      values.append(0)
      bounds.append(bound)
    }
    precondition(bounds[position] == bound, "the generator asked another question this time")
    defer { position += 1 }
    return values[position]
  }

  /// Each possible kind of weight above zero once: weights are for chance, not for enumeration.
  @inlinable
  public mutating func drawKind(weights: [Int], isPossible: (Int) -> Bool) -> Int? {
    let kinds = weights.indices.filter { weights[$0] > 0 && isPossible($0) }
    return kinds.isEmpty ? nil : draw(from: kinds)
  }

  /// Each live slot once, but only one of the empty ones, the first that was never used: the
  /// others would give the same traces under other names.
  @inlinable
  public mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    switch wish {
    case .empty:
      return table.nextUnused ?? (table.emptyCount > 0 ? table.emptySlot(0) : nil)
    case .live, .leaving:
      guard table.liveCount > 0 else { return nil }
      return table.liveSlot(drawIndex(count: table.liveCount))
    case .any:
      guard table.usedCount > 0 else { return nil }
      return Slot(drawIndex(count: table.usedCount))
    }
  }
}
