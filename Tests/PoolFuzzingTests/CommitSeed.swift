import Foundation
import PropertyTesting

/// The seed of the commit that is being tested: every commit tries traces that none before it has
/// tried, and whoever has the commit can try the same again.
///
/// `POOLFUZZ_SEED` says otherwise: a number, or a commit identifier. Without a repository it is a
/// fixed number.
enum CommitSeed {
  /// The seed, with the words that give it again.
  static let current: (seed: Seed, text: String) = {
    let given = ProcessInfo.processInfo.environment["POOLFUZZ_SEED"]
    let text = given ?? head(of: repository) ?? "1"
    return ((try? Seed(parsing: text)) ?? Seed(1), "POOLFUZZ_SEED=\(text)")
  }()

  private static var repository: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  /// The identifier that a repository's HEAD stands for; nil where there is none.
  static func head(of repository: URL) -> String? {
    guard let git = folder(of: repository), let head = line(git.appending(path: "HEAD"))
    else { return nil }
    guard head.hasPrefix("ref: ") else { return head }
    let name = String(head.dropFirst(5))
    // A further worktree keeps its HEAD apart and shares the branches.
    let common =
      line(git.appending(path: "commondir"))
      .map { git.appending(path: $0) } ?? git
    if let direct = line(common.appending(path: name)) { return direct }
    let packed = try? String(contentsOf: common.appending(path: "packed-refs"), encoding: .utf8)
    let row = packed?.split(separator: "\n").first { $0.hasSuffix(" " + name) }
    return row.map { String($0.prefix { $0 != " " }) }
  }

  private static func folder(of repository: URL) -> URL? {
    let path = repository.appending(path: ".git")
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path.path, isDirectory: &isFolder)
    else { return nil }
    if isFolder.boolValue { return path }
    return line(path).map { URL(filePath: String($0.dropFirst("gitdir: ".count))) }
  }

  private static func line(_ url: URL) -> String? {
    let text = try? String(contentsOf: url, encoding: .utf8)
    return text?.split(separator: "\n").first.map(String.init)
  }
}
