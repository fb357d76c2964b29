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

/// A number as an expectation writes it: decimal, perhaps with a fraction, at most 18 digits.
///
/// Kept exactly and not as binary floating point, so that what is written re-reads to the same
/// value. Trailing zeros of the fraction are dropped: every value has one representation.
public struct DecimalNumber: Hashable, Sendable {
  /// The digits without the point, -(10^18 - 1)...10^18 - 1.
  public let significand: Int64
  /// How many of the digits are behind the point, 0...18.
  public let fractionDigits: Int

  /// The most digits of a number.
  public static let maximumDigits = 18

  /// One more than the largest significand.
  static let limit: UInt64 = 1_000_000_000_000_000_000

  /// A number from its digits, or nil where they are too many.
  public init?(significand: Int64, fractionDigits: Int = 0) {
    guard significand.magnitude < DecimalNumber.limit,
      (0...DecimalNumber.maximumDigits).contains(fractionDigits)
    else { return nil }
    var digits = fractionDigits
    var value = significand
    while digits > 0, value % 10 == 0 {
      value /= 10
      digits -= 1
    }
    self.significand = value
    self.fractionDigits = digits
  }

  /// The closest binary number.
  public var value: Double {
    var divisor = 1.0
    for _ in 0..<fractionDigits { divisor *= 10 }
    return Double(significand) / divisor
  }
}

extension DecimalNumber: CustomStringConvertible {
  /// The shortest text.
  public var description: String {
    let digits = String(significand.magnitude)
    let sign = significand < 0 ? "-" : ""
    guard fractionDigits > 0 else { return sign + digits }
    let missing = max(0, fractionDigits + 1 - digits.count)
    let padded = String(repeating: "0", count: missing) + digits
    return sign + padded.dropLast(fractionDigits) + "." + padded.suffix(fractionDigits)
  }
}
