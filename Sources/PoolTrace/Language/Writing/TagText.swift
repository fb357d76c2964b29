import KernelPool

extension PoolTag {
  /// Appends the tag's four characters: bare where all are letters and digits, otherwise in
  /// quotes, with `\xNN` for what is not printable, for the quote and for the backslash.
  public func append(to text: inout [UInt8]) {
    let characters = [bytes.0, bytes.1, bytes.2, bytes.3]
    if characters.allSatisfy({ $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 }) {
      text.append(contentsOf: characters)
      return
    }
    text.append(UInt8(ascii: "'"))
    for character in characters {
      switch character {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"), 0..<0x20, 0x7F...0xFF:
        text.append("\\x")
        text.appendHexadecimalByte(character)
      default: text.append(character)
      }
    }
    text.append(UInt8(ascii: "'"))
  }
}
