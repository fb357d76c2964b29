import Foundation

/// The README and the articles of the package.
enum Manual {
  /// The package's folder.
  static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Every article by its path in the package, the README first.
  static func articles() throws -> [(path: String, text: String)] {
    let sources = package.appendingPathComponent("Sources")
    let found = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String }
    let paths = (found ?? []).filter { $0.hasSuffix(".md") }.sorted().map { "Sources/" + $0 }
    return try (["README.md", "CONTRIBUTING.md"] + paths).map {
      ($0, try String(contentsOf: package.appendingPathComponent($0), encoding: .utf8))
    }
  }

  /// The Swift fences of an article.
  static func swiftFences(in text: String) -> [String] {
    var fences: [String] = []
    var lines: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```swift" {
        lines = []
      } else if line.hasPrefix("```"), let fence = lines {
        fences.append(fence.joined(separator: "\n"))
        lines = nil
      } else {
        lines?.append(line)
      }
    }
    return fences
  }
}
