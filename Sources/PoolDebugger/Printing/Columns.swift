/// Numbers and names in columns, as a debugger sets them.
///
/// A value wider than its column widens the line; nothing is ever cut.
enum Columns {
  /// `text` with blanks before it up to `width` characters.
  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }

  /// `text` with blanks behind it up to `width` characters.
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  /// A decimal number in a column.
  static func decimal(_ value: some BinaryInteger, _ width: Int) -> String {
    right(String(value), width)
  }

  /// A hexadecimal number in a column, without prefix.
  static func hexadecimal(_ value: UInt64, _ width: Int) -> String {
    right(String(value, radix: 16), width)
  }

  /// A hexadecimal number with zeros before it up to `digits`.
  static func zeroPadded(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// A share of a whole in per cent with one decimal, rounded half up; 0.0 of nothing.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole != 0 else { return "0.0" }
    // Full-width arithmetic: a share of an absurd count must not trap.
    let tenths = part.multipliedFullWidth(by: 1000)
    let half = tenths.low.addingReportingOverflow(whole / 2)
    let high = tenths.high &+ (half.overflow ? 1 : 0)
    guard high < whole else { return ">1000000.0" }
    let rounded = whole.dividingFullWidth((high, half.partialValue)).quotient
    return "\(rounded / 10).\(rounded % 10)"
  }
}
