/// Decimal numbers for people, the same on every machine.
package enum DecimalText {
  /// Digits in groups of three: `25,463`.
  package static func grouped(_ value: UInt64) -> String {
    let digits = Array(String(value))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A count with its noun: `1 page`, `2 pages`.
  static func counted(_ count: some BinaryInteger, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
  }

  /// A share in percent with one decimal: `36.8 %`.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "0.0 %" }
    return oneDecimal(Double(part) / Double(whole) * 100) + " %"
  }

  /// A number with one decimal, for rates.
  static func oneDecimal(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "?" }
    let tenths = Int64(value.magnitude * 10 + 0.5)
    let sign = value < 0 && tenths > 0 ? "-" : ""
    return "\(sign)\(grouped(UInt64(tenths / 10))).\(tenths % 10)"
  }
}

/// Hexadecimal text, lower case, as debuggers print it.
enum Hexadecimal {
  static func text(_ value: UInt64, digits: Int = 1) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// An address in as many digits as its listing has.
  static func address(_ value: UInt64, _ width: PointerWidth? = nil) -> String {
    let isWide = width.map { $0 == .bits64 } ?? (value > 0xFFFF_FFFF)
    return text(value, digits: isWide ? 16 : 8)
  }
}

/// Arithmetic on numbers that a text may have made up: it stops at the end instead of trapping.
enum Saturating {
  static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  static func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? .max : product
  }

  static func difference(_ left: UInt64, _ right: UInt64) -> UInt64 {
    left > right ? left - right : 0
  }
}
