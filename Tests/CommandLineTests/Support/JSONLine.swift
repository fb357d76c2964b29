import Foundation
import Testing

/// One line of JSON output.
struct JSONLine {
  private let members: [String: Any]

  /// Reads a line; fails the test where it is no object.
  init(_ line: String) throws {
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    members = try #require(value as? [String: Any], "one object a line")
  }

  /// Every line of an output.
  static func all(_ output: String) throws -> [JSONLine] {
    try output.split(separator: "\n").map { try JSONLine(String($0)) }
  }

  /// The names of the members.
  var names: Set<String> { Set(members.keys) }

  /// A member that is a text.
  func text(_ name: String) -> String? { members[name] as? String }

  /// A member that is a number.
  func number(_ name: String) -> Double? { (members[name] as? NSNumber)?.doubleValue }

  /// True where the member is there and null.
  func isNull(_ name: String) -> Bool { members[name] is NSNull }

  /// A member that is a list of texts.
  func texts(_ name: String) -> [String]? { members[name] as? [String] }

  /// A number in a member that is an object.
  func number(_ name: String, _ inner: String) -> Double? {
    ((members[name] as? [String: Any])?[inner] as? NSNumber)?.doubleValue
  }
}
