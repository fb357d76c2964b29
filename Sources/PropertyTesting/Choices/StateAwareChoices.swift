/// How sources that look at the state choose: what they pick can always be done.
extension ChoiceSource {
  /// A possible kind, with a chance in proportion to its weight.
  @inlinable
  mutating func drawPossibleKind(weights: [Int], isPossible: (Int) -> Bool) -> Int? {
    var total = 0
    for kind in weights.indices where weights[kind] > 0 && isPossible(kind) {
      total += weights[kind]
    }
    guard total > 0 else { return nil }
    var rest = drawIndex(count: total)
    for kind in weights.indices where weights[kind] > 0 && isPossible(kind) {
      rest -= weights[kind]
      if rest < 0 { return kind }
    }
    return nil
  }

  /// Any slot that fits the wish; a live slot by the table's lifetime policy.
  @inlinable
  mutating func drawFittingSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    switch wish {
    case .empty:
      guard table.emptyCount > 0 else { return nil }
      return table.emptySlot(drawIndex(count: table.emptyCount))
    case .live:
      guard table.liveCount > 0 else { return nil }
      return table.liveSlot(drawIndex(count: table.liveCount))
    case .leaving:
      switch table.policy {
      case .newestFirst: return table.newest
      case .oldestFirst: return table.oldest
      case .anyOrder: return drawFittingSlot(.live, from: table)
      }
    case .any:
      return Slot(drawIndex(count: table.capacity))
    }
  }
}
