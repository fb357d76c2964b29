/// Where every choice of a generator comes from: finite choices, one interface.
///
/// The same generator is driven three ways:
///
/// | source              | a choice is                              | used for            |
/// |---------------------|------------------------------------------|---------------------|
/// | `RandomChoices`     | drawn from a seeded generator             | random testing      |
/// | `ExhaustiveChoices` | the next digit of an odometer             | all small cases     |
/// | `ByteChoices`       | read from bytes, any bytes                | coverage-guided fuzzing |
///
/// Numbers are plain; kinds and slots have doors of their own, because there the three differ. A
/// random source looks at the state and picks only what can work now. Bytes must keep their
/// meaning when their neighbours are mutated, so they name a kind and a slot whatever the state,
/// and what cannot work is skipped when executed. Enumeration takes one slot of every class of
/// slots that differ in name only.
public protocol ChoiceSource {
  /// A number in `0..<bound`; `bound` must not be 0.
  mutating func draw(below bound: UInt64) -> UInt64

  /// The index of an operation kind of weight above zero, or nil when there is none to draw.
  ///
  /// - Parameters:
  ///   - weights: a weight of at least 0 for each kind; 0 is never drawn.
  ///   - isPossible: whether the kind can do anything in the present state.
  mutating func drawKind(weights: [Int], isPossible: (Int) -> Bool) -> Int?

  /// A slot of the wished kind, or nil when the source sees that there is none.
  mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot?

  /// Whether the source has nothing more to say; what it then draws is all zeros.
  var isExhausted: Bool { get }
}

extension ChoiceSource {
  /// A number in a closed range, which must not be that of all integers.
  @inlinable
  public mutating func draw(in range: ClosedRange<Int>) -> Int {
    let span = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound))
    precondition(span < UInt64.max, "the range of all integers has no bound")
    return range.lowerBound &+ Int(truncatingIfNeeded: draw(below: span + 1))
  }

  /// An index in `0..<count`; `count` must be above 0.
  @inlinable
  public mutating func drawIndex(count: Int) -> Int {
    Int(draw(below: UInt64(count)))
  }

  /// An element of an array that is not empty.
  @inlinable
  public mutating func draw<Element>(from elements: [Element]) -> Element {
    elements[drawIndex(count: elements.count)]
  }

  /// True `numerator` times in `denominator`; a source of zeros answers false.
  @inlinable
  public mutating func chance(_ numerator: UInt64, in denominator: UInt64) -> Bool {
    draw(below: denominator) >= denominator &- min(numerator, denominator)
  }
}

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

/// Choices read from a string of bytes; every string is valid.
///
/// A number below 256 takes one byte, below 65,536 two, and so on, most significant byte first,
/// modulo the bound; past the end every byte is 0. Kinds and slots are read without a look at
/// the state, so that a mutation of one operation does not change what the others mean.
public struct ByteChoices: ChoiceSource, Sendable {
  @usableFromInline let bytes: [UInt8]
  @usableFromInline var position = 0

  /// Choices of those bytes, front to back.
  @inlinable
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Whether all bytes are read.
  @inlinable
  public var isExhausted: Bool {
    position >= bytes.count
  }

  /// The number of as many bytes as the bound needs, modulo the bound.
  @inlinable
  public mutating func draw(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "there is no number below zero")
    var value: UInt64 = 0
    var span = bound &- 1
    while span > 0 {
      value = (value &<< 8) | UInt64(nextByte())
      span &>>= 8
    }
    return value % bound
  }

  /// A kind by weight alone; whether it is possible is left to the execution.
  @inlinable
  public mutating func drawKind(weights: [Int], isPossible: (Int) -> Bool) -> Int? {
    let total = weights.reduce(0) { $0 + max($1, 0) }
    guard total > 0 else { return nil }
    var rest = drawIndex(count: total)
    for kind in weights.indices where weights[kind] > 0 {
      rest -= weights[kind]
      if rest < 0 { return kind }
    }
    return nil
  }

  /// A slot by number alone.
  @inlinable
  public mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    Slot(drawIndex(count: table.capacity))
  }

  @inlinable
  mutating func nextByte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position &+= 1 }
    return bytes[position]
  }
}

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
