/// Choices read from a tape of numbers, state-aware as random ones are; or recorded on one.
///
/// This is how reducers of the choice-sequence kind work: they edit the tape and let the generator
/// make another trace of it. A deleted number shifts what all later ones mean, which is why this
/// library does not reduce tapes; it keeps them to compare with those who do
/// (`PublishedStrategy.choiceTape`).
public struct TapeChoices: ChoiceSource, Sendable {
  /// The numbers, as drawn.
  public private(set) var tape: [UInt64]
  /// How many of them have been read.
  public private(set) var position = 0
  private var generator: Xoshiro256?

  /// Choices of a tape; past its end all are 0.
  public init(_ tape: [UInt64]) {
    self.tape = tape
  }

  /// Random choices, each written to the tape.
  public init(recording generator: Xoshiro256) {
    tape = []
    self.generator = generator
  }

  /// Whether the tape is read to its end; never while recording.
  public var isExhausted: Bool { generator == nil && position >= tape.count }

  /// The next number of the tape, the bound's largest where it is out of bounds.
  public mutating func draw(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "there is no number below zero")
    defer { position += 1 }
    if generator != nil, let value = generator?.draw(below: bound) {
      tape.append(value)
      return value
    }
    guard position < tape.count else { return 0 }
    return min(tape[position], bound - 1)
  }

  /// A possible kind by weight, as `RandomChoices` has it.
  public mutating func drawKind(weights: [Int], isPossible: (Int) -> Bool) -> Int? {
    drawPossibleKind(weights: weights, isPossible: isPossible)
  }

  /// A slot that fits the wish, as `RandomChoices` has it.
  public mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    drawFittingSlot(wish, from: table)
  }
}
