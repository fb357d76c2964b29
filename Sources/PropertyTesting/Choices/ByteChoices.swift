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
