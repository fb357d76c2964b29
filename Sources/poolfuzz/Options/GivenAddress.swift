/// An address as somebody typed or pasted it.
///
/// Digits alone are read as a debugger prints them, which is hexadecimal; the backtick between the
/// halves of a long address counts for nothing.
struct GivenAddress {
  /// What was given.
  let text: String
  /// The address that it is to a debugger.
  let address: UInt64

  /// An address whose text was read elsewhere.
  init(text: String, address: UInt64) {
    self.text = text
    self.address = address
  }

  /// Reads a text; nil where it is no address.
  init?(_ text: String) {
    let digits = Self.digits(text)
    let isMarked = digits.hasPrefix("0x") || digits.hasPrefix("0X")
    guard let address = UInt64(isMarked ? digits.dropFirst(2) : digits[...], radix: 16) else {
      return nil
    }
    self.init(text: text, address: address)
  }

  /// The text without what debuggers put between digits.
  static func digits(_ text: String) -> String { text.filter { $0 != "`" } }

  /// The address, or the decimal reading where only that one is mapped, which is said.
  func settled(_ streams: StandardStreams? = nil, where isMapped: (UInt64) -> Bool) -> UInt64 {
    guard !isMapped(address), let decimal = UInt64(text), isMapped(decimal) else { return address }
    streams?.remark(
      "\(text) is mapped as a decimal number only, and read as 0x"
        + String(decimal, radix: 16))
    return decimal
  }
}
