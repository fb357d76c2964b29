/// A tag in the trace language: bare when it is letters and digits, else in quotes, with `\xNN` for
/// what cannot stand there as it is.
enum TraceTag {
  static func text(_ tag: ListedTag) -> [UInt8] {
    let bytes = tag.bytes
    if bytes.allSatisfy(isPlain) { return bytes }
    var text: [UInt8] = [0x27]
    for byte in bytes {
      if (0x20...0x7E).contains(byte), byte != 0x27, byte != 0x5C {
        text.append(byte)
      } else {
        text += Array("\\x\(Hexadecimal.text(UInt64(byte), digits: 2))".utf8)
      }
    }
    text.append(0x27)
    return text
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
