/// Numbers: decimal, or hexadecimal behind `0x`, never larger than the field's limit.
extension LineCursor {
  /// The number that is the next field.
  @inline(__always)
  mutating func number(
    _ expected: StaticString, maximum: UInt64 = .max
  ) throws(LineFailure) -> UInt64 {
    skipBlanks()
    let start = position
    let value = try unsignedNumber(expected)
    guard atFieldEnd else { throw failure(expected, at: start) }
    guard value <= maximum else {
      throw failure("\(expected), at most \(maximum)", at: start)
    }
    return value
  }

  /// The number that is the next field, perhaps behind a minus sign.
  mutating func signedNumber(_ expected: StaticString) throws(LineFailure) -> Int64 {
    skipBlanks()
    let start = position
    let isNegative = position < end && bytes[position] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    let magnitude = try number(expected, at: start)
    guard let value = LineCursor.signed(magnitude, isNegative: isNegative) else {
      throw failure("\(expected), from -2^63 to 2^63 - 1", at: start)
    }
    return value
  }

  private mutating func number(
    _ expected: StaticString, at start: Int
  ) throws(LineFailure) -> UInt64 {
    guard position < end, bytes[position] &- 0x30 < 10 else { throw failure(expected, at: start) }
    let value = try unsignedNumber(expected)
    guard atFieldEnd else { throw failure(expected, at: start) }
    return value
  }

  /// A magnitude with its sign, or nil where it does not fit.
  static func signed(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
    guard isNegative else { return Int64(exactly: magnitude) }
    return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
  }

  /// Digits from the position on, as many as there are.
  @inline(__always)
  mutating func unsignedNumber(_ expected: StaticString) throws(LineFailure) -> UInt64 {
    let start = position
    if position &+ 1 < end, bytes[position] == UInt8(ascii: "0"),
      bytes[position &+ 1] | 0x20 == UInt8(ascii: "x")
    {
      return try hexadecimalNumber(expected)
    }
    var value: UInt64 = 0
    while position < end {
      let digit = bytes[position] &- 0x30
      guard digit < 10 else { break }
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeNow) = product.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !isTooLargeNow else {
        throw failure("\(expected) below 2^64", at: start)
      }
      value = sum
      position &+= 1
    }
    guard position > start else { throw failure(expected, at: start) }
    return value
  }

  private mutating func hexadecimalNumber(
    _ expected: StaticString
  ) throws(LineFailure) -> UInt64 {
    let start = position
    position &+= 2
    let firstDigit = position
    var value: UInt64 = 0
    while position < end, let digit = LineCursor.hexadecimalValue(bytes[position]) {
      guard value >> 60 == 0 else { throw failure("\(expected) below 2^64", at: start) }
      value = value &<< 4 | UInt64(digit)
      position &+= 1
    }
    guard position > firstDigit else { throw failure(expected, at: start) }
    return value
  }

  /// The value of a hexadecimal digit, or nil.
  @inline(__always)
  static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    if byte &- 0x30 < 10 { return byte &- 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : nil
  }

  /// The number with a fraction that is the next field; its whole part may be hexadecimal.
  mutating func decimalNumber(_ expected: StaticString) throws(LineFailure) -> DecimalNumber {
    skipBlanks()
    let start = position
    let isNegative = position < end && bytes[position] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    guard position < end, bytes[position] &- 0x30 < 10 else { throw failure(expected, at: start) }
    var magnitude = try unsignedNumber(expected)
    var fractionDigits = 0
    if position < end, bytes[position] == UInt8(ascii: ".") {
      position &+= 1
      // Saturating at the limit keeps the product in range for any number of digits.
      while position < end, bytes[position] &- 0x30 < 10 {
        magnitude = min(magnitude, DecimalNumber.limit) &* 10 &+ UInt64(bytes[position] &- 0x30)
        fractionDigits &+= 1
        position &+= 1
      }
      guard fractionDigits > 0 else { throw failure(expected, at: start) }
    }
    guard atFieldEnd else { throw failure(expected, at: start) }
    guard magnitude < DecimalNumber.limit,
      let value = DecimalNumber(
        significand: Int64(magnitude) * (isNegative ? -1 : 1), fractionDigits: fractionDigits)
    else { throw failure("\(expected) of at most 18 digits", at: start) }
    return value
  }
}
