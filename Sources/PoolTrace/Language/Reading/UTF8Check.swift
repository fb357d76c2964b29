extension UnsafeBufferPointer<UInt8> {
  /// The offset of the first byte that is not part of well-formed UTF-8, or nil (Unicode 15,
  /// table 3-7).
  var firstInvalidUTF8: Int? {
    var position = 0
    while position < count {
      let length = sequenceLength(at: position)
      guard length > 0 else { return position }
      position += length
    }
    return nil
  }

  /// Bytes of the well-formed sequence at `position`, or 0.
  private func sequenceLength(at position: Int) -> Int {
    let lead = self[position]
    if lead < 0x80 { return 1 }
    guard position + 1 < count else { return 0 }
    let second = self[position + 1]
    let secondRange: ClosedRange<UInt8>
    let length: Int
    switch lead {
    case 0xC2...0xDF: (length, secondRange) = (2, 0x80...0xBF)
    case 0xE0: (length, secondRange) = (3, 0xA0...0xBF)
    case 0xED: (length, secondRange) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, secondRange) = (3, 0x80...0xBF)
    case 0xF0: (length, secondRange) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, secondRange) = (4, 0x80...0xBF)
    case 0xF4: (length, secondRange) = (4, 0x80...0x8F)
    default: return 0
    }
    guard secondRange.contains(second), position + length <= count else { return 0 }
    for offset in 2..<Swift.max(length, 2) where self[position + offset] & 0xC0 != 0x80 {
      return 0
    }
    return length
  }
}
