/// A line without the marks of forums, mail and trackers.
///
/// Backticks at the edge of a word, quotation marks, asterisks of emphasis, BBCode and HTML tags go.
/// A backtick between two groups of eight hexadecimal digits joins them to one number.
enum PlainText {
  /// Longer lines are no bug check, and are not looked at.
  static let mostBytes = 2_048

  static func strip(_ bytes: [UInt8]) -> [UInt8] {
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case 0x60:
        // Torn halves stay apart, so that no number is made of them.
        if isBetweenDigits(bytes, index), !joins(bytes, index) { plain.append(byte) }
      case 0x2A, 0x00: break
      case 0x5B, 0x3C:
        if let end = tagEnd(bytes, index) {
          index = end
        } else {
          plain.append(byte)
        }
      case 0x3E where plain.allSatisfy { $0 == 0x20 }: break
      case 0x09: plain.append(0x20)
      default: plain.append(byte)
      }
      index += 1
    }
    return plain
  }

  private static func isBetweenDigits(_ bytes: [UInt8], _ index: Int) -> Bool {
    index > 0 && index + 1 < bytes.count && isDigit(bytes[index - 1]) && isDigit(bytes[index + 1])
  }

  private static func joins(_ bytes: [UInt8], _ index: Int) -> Bool {
    let before = bytes[..<index].reversed().prefix { isDigit($0) }.count
    let after = bytes[(index + 1)...].prefix { isDigit($0) }.count
    return before == 8 && after == 8
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    ByteScanner.hexadecimalDigit(byte) != nil
  }

  /// The end of `[B]`, `[/COLOR]`, `<b>` or `</code>`, which begins at `start`.
  private static func tagEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    let close: UInt8 = bytes[start] == 0x5B ? 0x5D : 0x3E
    guard start + 1 < bytes.count else { return nil }
    let first = bytes[start + 1]
    let isLetter = (0x41...0x5A).contains(first & 0xDF)
    guard isLetter || first == 0x2F else { return nil }
    return bytes[(start + 1)...].prefix(64).firstIndex(of: close)
  }
}
