/// A JSON value that is written the same way every time: members in the order given, no blanks,
/// integers exact to 64 bits (which Foundation's encoder, going through `Double` and sorted or
/// random keys, does not promise in this form).
public enum JSONText: Sendable, Hashable {
  /// An object; members keep their order.
  case object([(name: String, value: JSONText)])
  /// An array.
  case array([JSONText])
  /// A string; written with the escapes that JSON needs and no others.
  case string(String)
  /// A number without a fraction.
  case integer(UInt64)
  /// `null`.
  case null

  /// A string, or `null` when there is none.
  public static func optional(_ text: String?) -> JSONText { text.map { .string($0) } ?? .null }

  /// The value on one line.
  public var line: String {
    var bytes: [UInt8] = []
    write(&bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func write(_ bytes: inout [UInt8]) {
    switch self {
    case .object(let members):
      bytes.append(0x7B)
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(0x2C) }
        Self.write(member.name, &bytes)
        bytes.append(0x3A)
        member.value.write(&bytes)
      }
      bytes.append(0x7D)
    case .array(let values):
      bytes.append(0x5B)
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(0x2C) }
        value.write(&bytes)
      }
      bytes.append(0x5D)
    case .string(let text): Self.write(text, &bytes)
    case .integer(let number): bytes += Array(String(number).utf8)
    case .null: bytes += Array("null".utf8)
    }
  }

  private static func write(_ text: String, _ bytes: inout [UInt8]) {
    bytes.append(0x22)
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5C: bytes += [0x5C, byte]
      case 0x00..<0x20: bytes += Array("\\u00\(Hexadecimal.text(UInt64(byte), digits: 2))".utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  /// Equality of the written form.
  public static func == (left: JSONText, right: JSONText) -> Bool { left.line == right.line }

  /// Hashes the written form.
  public func hash(into hasher: inout Hasher) { hasher.combine(line) }
}
