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
