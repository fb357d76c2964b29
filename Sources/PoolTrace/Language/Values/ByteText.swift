/// Text is built as ASCII bytes: one growing array, no string for each field.
extension [UInt8] {
  /// Appends a literal.
  mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }

  /// Appends a number in decimal.
  mutating func appendDecimal(_ value: UInt64) {
    let start = count
    var rest = value
    repeat {
      append(UInt8(truncatingIfNeeded: rest % 10) &+ 0x30)
      rest /= 10
    } while rest != 0
    self[start...].reverse()
  }

  /// Appends `0x` and the number in hexadecimal without leading zeros.
  mutating func appendHexadecimal(_ value: UInt64) {
    append("0x")
    let digits = Swift.max(1, (64 - value.leadingZeroBitCount + 3) / 4)
    for position in (0..<digits).reversed() {
      append(hexadecimalDigit(UInt8(truncatingIfNeeded: value &>> UInt64(4 &* position)) & 15))
    }
  }

  /// Appends the two digits of a byte.
  mutating func appendHexadecimalByte(_ byte: UInt8) {
    append(hexadecimalDigit(byte &>> 4))
    append(hexadecimalDigit(byte & 15))
  }
}

/// The lower-case digit of a value below 16.
func hexadecimalDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? value &+ 0x30 : value &- 10 &+ 0x61
}
