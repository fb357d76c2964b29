/// Choices drawn from a seeded generator, looking at the state.
public struct RandomChoices: ChoiceSource, Sendable {
  @usableFromInline var generator: Xoshiro256

  /// Choices of a generator.
  @inlinable
  public init(_ generator: Xoshiro256) {
    self.generator = generator
  }

  /// Choices of stream `stream` of a seed.
  public init(seed: Seed, stream: UInt64 = 0) {
    generator = seed.generator(stream: stream)
  }

  /// Never: a generator has no end.
  @inlinable
  public var isExhausted: Bool { false }

  /// An unbiased number.
  @inlinable
  public mutating func draw(below bound: UInt64) -> UInt64 {
    generator.draw(below: bound)
  }

  /// A possible kind, with a chance in proportion to its weight.
  @inlinable
  public mutating func drawKind(weights: [Int], isPossible: (Int) -> Bool) -> Int? {
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
  public mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    switch wish {
    case .empty:
      guard table.emptyCount > 0 else { return nil }
      return table.emptySlot(drawIndex(count: table.emptyCount))
    case .live:
      guard table.liveCount > 0 else { return nil }
      return table.liveSlot(drawIndex(count: table.liveCount))
    case .leaving:
      return drawLeaving(from: table)
    case .any:
      return Slot(drawIndex(count: table.capacity))
    }
  }

  /// The slot whose lifetime should end now.
  @usableFromInline
  mutating func drawLeaving(from table: SlotTable) -> Slot? {
    switch table.policy {
    case .newestFirst: return table.newest
    case .oldestFirst: return table.oldest
    case .anyOrder: return drawSlot(.live, from: table)
    }
  }
}
