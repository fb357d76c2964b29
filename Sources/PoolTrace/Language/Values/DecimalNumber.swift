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
