/// Decimal numbers for people, the same on every machine.
enum DecimalText {
  /// Digits in groups of three: `25,463`.
  static func grouped(_ value: UInt64) -> String {
    let digits = Array(String(value))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return text
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
