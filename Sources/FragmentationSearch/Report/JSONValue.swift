/// Just enough JSON to write one object on a line, fields in the order given.
public enum JSONValue: Sendable, Hashable {
  /// A whole number.
  case integer(Int)
  /// A number; not a number and infinities become null.
  case number(Double)
  /// Text.
  case text(String)
  /// Elements in order.
  case array([JSONValue])
  /// Names and values in order.
  case object([Field])
  /// No value.
  case null

  /// A name and a value.
  public struct Field: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The value.
    public let value: JSONValue

    /// A field.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The value as JSON without line breaks.
  public var text: String {
    switch self {
    case .integer(let value): return "\(value)"
    case .number(let value): return value.isFinite ? "\(value)" : "null"
    case .text(let value): return Self.quoted(value)
    case .array(let values): return "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let fields):
      let members = fields.map { Self.quoted($0.name) + ":" + $0.value.text }
      return "{" + members.joined(separator: ",") + "}"
    case .null: return "null"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
