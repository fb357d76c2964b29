import Foundation
import KernelPool
import PoolTrace
import Testing

/// A recorded trace and what was answered to it.
struct GoldenTrace: Sendable, CustomTestStringConvertible {
  /// `x86/NAME` or `x64/NAME`.
  let name: String

  var testDescription: String { name }

  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden")

  /// Every recorded trace, by name.
  static let all: [GoldenTrace] = ["x86", "x64"].flatMap { architecture in
    let files =
      (try? FileManager.default.contentsOfDirectory(
        atPath: folder.appending(path: architecture).path)) ?? []
    return files.filter { $0.hasSuffix(".trace") }.sorted()
      .map { GoldenTrace(name: architecture + "/" + $0.dropLast(6)) }
  }

  /// Names that the exceptions file excuses.
  static func exceptions() throws -> [String] {
    try String(contentsOf: folder.appending(path: "exceptions.txt"), encoding: .utf8)
      .split(separator: "\n").filter { !$0.hasPrefix("#") }
      .map { String($0.split(separator: " ")[0]) }
  }

  /// The operations, configuration first.
  func operations() throws -> [PoolTrace.Operation] {
    var parser = TraceParser(try text(".trace"))
    var operations: [PoolTrace.Operation] = []
    while true {
      switch parser.next() {
      case .operation(let operation): operations.append(operation)
      case .finished: return operations
      case let other: throw Unreadable(name: name, item: "\(other)")
      }
    }
  }

  struct Unreadable: Error {
    var name: String
    var item: String
  }

  /// What was answered, comments left out.
  func expected() throws -> [Substring] { Self.compared(try text(".expected")) }

  private func text(_ suffix: String) throws -> String {
    try String(contentsOf: Self.folder.appending(path: name + suffix), encoding: .utf8)
  }

  private static func compared(_ text: String) -> [Substring] {
    text.split(separator: "\n").filter { !$0.hasPrefix("#") }
  }

  /// What the model answers, comments left out.
  func answered(mutant: Mutant = .none, profile: Profile? = nil) throws -> [Substring] {
    var operations = try operations()[...]
    guard case .config(var configuration)? = operations.popFirst() else { return [] }
    if let profile { configuration.pool.profile = profile }
    var replayer = try Replayer.boot(configuration, mutant: mutant)
    var transcript = Transcript(replayer.pool.view)
    var text = ""
    for operation in operations {
      let result = replayer.step(operation)
      for line in transcript.lines(operation, result, tags: replayer.tags) {
        text += line + "\n"
      }
      if case .halted = result { break }
    }
    return Self.compared(text)
  }
}
