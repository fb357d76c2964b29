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
