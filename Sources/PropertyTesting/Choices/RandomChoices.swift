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
    drawPossibleKind(weights: weights, isPossible: isPossible)
  }

  /// Any slot that fits the wish; a live slot by the table's lifetime policy.
  @inlinable
  public mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    drawFittingSlot(wish, from: table)
  }
}
