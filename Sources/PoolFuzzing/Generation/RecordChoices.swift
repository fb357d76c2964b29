import PropertyTesting

/// Choices read from one record of eight bytes, most significant first; past its end every byte
/// is 0. It reads kinds and slots as `ByteChoices` does, but holds no array: a fuzzer makes one for
/// every operation.
struct RecordChoices: ChoiceSource {
  private var rest: UInt64
  private(set) var isExhausted = false
  private var left = TraceRecords.recordBytes

  /// Choices of a record.
  init(_ record: UInt64) { rest = record }

  mutating func draw(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "there is no number below zero")
    var value: UInt64 = 0
    var span = bound &- 1
    while span > 0 {
      value = value &<< 8 | nextByte()
      span &>>= 8
    }
    return value % bound
  }

  mutating func drawKind(weights: [Int], isPossible: (Int) -> Bool) -> Int? {
    var total = 0
    for weight in weights { total &+= max(weight, 0) }
    guard total > 0 else { return nil }
    var rest = drawIndex(count: total)
    for kind in weights.indices where weights[kind] > 0 {
      rest -= weights[kind]
      if rest < 0 { return kind }
    }
    return nil
  }

  mutating func drawSlot(_ wish: SlotWish, from table: SlotTable) -> Slot? {
    Slot(drawIndex(count: table.capacity))
  }

  private mutating func nextByte() -> UInt64 {
    defer {
      rest = rest &<< 8
      left = max(left - 1, 0)
      isExhausted = left == 0
    }
    return rest &>> 56
  }
}
