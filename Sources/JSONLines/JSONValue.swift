/// A value of a JSON line, for programs that read what the suite says.
///
/// Members keep their order and numbers are exact to 64 bits, so that a line is the same on every
/// machine; Foundation's encoder promises neither in this form.
public enum JSONValue: Sendable {
  /// Nothing.
  case null
  /// True or false.
  case bool(Bool)
  /// A whole number.
  case integer(Int64)
  /// A whole number beyond the signed range.
  case unsigned(UInt64)
  /// A number with a fraction; one that is not finite is printed as null.
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Members in order.
  case object([(String, JSONValue)])

  /// A text, or null where there is none.
  public static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

  /// The version of the objects that `--json` prints: raised when a key changes its meaning or goes;
  /// new keys may come without.
  public static let version: UInt64 = 1

  /// An object with its version in front, unless it says one; any other value as it is.
  public var versioned: JSONValue {
    guard case .object(let members) = self, !members.contains(where: { $0.0 == "version" }) else {
      return self
    }
    return .object([("version", .unsigned(Self.version))] + members)
  }

  /// The value on one line.
  public var text: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// An object with each of its members on a line; any other value as `text`.
  public var textByMembers: String {
    guard case .object(let members) = self else { return text }
    let lines = members.map { JSONValue.object([$0]).text.dropFirst().dropLast() }
    return "{" + lines.joined(separator: ",\n") + "}"
  }

  /// Writes the value behind what is there, as UTF-8 without a line's end.
  ///
  /// Bytes and not strings: a profile of many short traces found a third of all in strings that
  /// were joined again and again.
  public func append(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += String(value).utf8
    case .unsigned(let value): bytes += String(value).utf8
    case .number(let value): bytes += (value.isFinite ? Self.decimal(value) : "null").utf8
    case .string(let value): Self.append(quoted: value, to: &bytes)
    case .array(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        value.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.append(quoted: member.0, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.1.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func decimal(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }

  private static func append(quoted text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): bytes += "\\n".utf8
      case UInt8(ascii: "\t"): bytes += "\\t".utf8
      case UInt8(ascii: "\r"): bytes += "\\r".utf8
      case ..<0x20:
        let digits = String(byte, radix: 16)
        bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
