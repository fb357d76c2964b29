import Foundation

/// The package as text: what the rules of the house are held against.
enum House {
  /// A file of Swift.
  struct File: Sendable {
    /// Its path in the package.
    var path: String
    /// Its lines.
    var lines: [String]
  }

  /// The package's folder.
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every file of Swift below a folder of the package, by path.
  static func files(below name: String) throws -> [File] {
    try paths(below: name).filter { $0.hasSuffix(".swift") }.map {
      File(path: $0, lines: try text($0).components(separatedBy: "\n"))
    }
  }

  /// Every path below a folder of the package, sorted.
  static func paths(below name: String) -> [String] {
    let root = folder.appendingPathComponent(name)
    let found = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String }
    return (found ?? []).sorted().map { name + "/" + $0 }
  }

  /// A file's text.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
  }
}
