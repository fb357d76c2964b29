import Foundation
import PoolTestSupport
import Testing

/// The manual is executed: its commands run, print what it shows and end as it says, and its Swift
/// is compiled.
///
/// `POOLFUZZ_MANUAL` names a release build of the executable; then the slow commands run too, and those
/// that take hours where `POOLFUZZ_TESTS` asks for everything.
@Suite("The manual")
struct ManualTests {
  private static let release = ProcessInfo.processInfo.environment["POOLFUZZ_MANUAL"]

  private static let pace: ManualCommand.Pace =
    release == nil ? .usual : TestScale.isWhole ? .hours : .slow

  private static let articlePaths: [String] = {
    guard let articles = try? Manual.articles() else { return [] }
    return articles.filter { !ManualCommand.all(in: $0.text, file: $0.path).isEmpty }.map(\.path)
      // Its commands need the files that it shows; the tests of AllocatorTargets write and run both.
      .filter { !$0.hasSuffix("/YourAllocator.md") }
  }()

  @Test func thereAreCommandsToRun() {
    #expect(Self.articlePaths.count >= 6)
    #expect(Self.articlePaths.contains("README.md"))
  }

  @Test("every command does what the article says", arguments: articlePaths)
  func commands(_ path: String) throws {
    let file = Manual.package.appendingPathComponent(path)
    let text = try String(contentsOf: file, encoding: .utf8)
    let folder = try Scratch()
    // Only read: the recorded traces, and the header and allocators that an adapter is compiled with.
    for name in ["Corpus", "Fuzz"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + name,
        withDestinationPath: Manual.package.appendingPathComponent(name).path)
    }
    for command in ManualCommand.all(in: text, file: path) {
      if Self.isAboutThePackage(command.text) { continue }
      if command.pace > Self.pace { continue }
      try run(command, in: folder)
    }
  }

  private func run(_ command: ManualCommand, in folder: Scratch) throws {
    let executable = try Self.release ?? Command.executable().path
    let line = command.text.replacing("swift run -c release poolfuzz", with: "poolfuzz")
    let script = """
      cd '\(folder.path)' && poolfuzz() { "\(executable)" "$@"; }
      \(line)
      """
    let result = try Command.shell(script)
    #expect(
      result.code == command.code,
      "\(command.place): \(command.text)\n\(result.errors.prefix(2000))")
    if let shown = command.output {
      let same = ManualCommand.matches(result.lines, shown.filter { !$0.isEmpty })
      #expect(same, "\(command.place): prints\n\(result.output)")
    }
  }

  /// Commands that build or test the package itself: the continuous checks run these.
  private static func isAboutThePackage(_ text: String) -> Bool {
    let starts = ["swift test", "swift build", "swift format", "git ", ".ci/", "alias ", "Fuzz/"]
    return starts.contains { text.hasPrefix($0) }
  }

  @Test("every Swift fence is compiled and run by the tests")
  func swiftFences() throws {
    let tests = Manual.package.appendingPathComponent("Tests")
    let paths = FileManager.default.enumerator(atPath: tests.path)?.compactMap { $0 as? String }
    let compiled = try (paths ?? []).filter { $0.hasSuffix(".swift") }.map {
      try String(contentsOf: tests.appendingPathComponent($0), encoding: .utf8)
    }
    var count = 0
    for article in try Manual.articles() {
      for fence in Manual.swiftFences(in: article.text) {
        count += 1
        let isCompiled = compiled.contains { Self.contains($0, fence) }
        #expect(isCompiled, "\(article.path): no test holds\n\(fence)")
      }
    }
    #expect(count >= 2)
  }

  /// True where the lines of `fence` stand one after another in `source`, indentation aside.
  private static func contains(_ source: String, _ fence: String) -> Bool {
    func plain(_ text: String) -> String {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty }.joined(separator: "\n")
    }
    return plain(source).contains(plain(fence))
  }
}

/// The reader of the manual, held against what it must notice.
@Suite("The manual's reader")
struct ManualCommandTests {
  @Test func commandsAreRead() {
    let text = """
      ```sh
      poolfuzz one \\
        two   # a word
      # nothing
      poolfuzz three   # exits with 1
      ```
      ```sh slow
      poolfuzz four
      ```
      ```console
      $ poolfuzz five
      a
      ...
      ```
      ```console hours
      $ poolfuzz six
      ```
      """
    let commands = ManualCommand.all(in: text, file: "f")
    #expect(
      commands.map(\.text) == [
        "poolfuzz one   two", "poolfuzz three", "poolfuzz four", "poolfuzz five", "poolfuzz six",
      ])
    #expect(commands.map(\.code) == [0, 1, 0, 0, 0])
    #expect(commands.map(\.pace) == [.usual, .usual, .slow, .usual, .hours])
    #expect(commands[3].output == ["a", "..."])
    #expect(commands[0].place == "f:3")
  }

  @Test func outputIsCompared() {
    #expect(ManualCommand.matches(["a", "b", "c"], ["a", "...", "c"]))
    #expect(ManualCommand.matches(["a"], ["a", "..."]))
    #expect(!ManualCommand.matches(["a", "b"], ["a"]))
    #expect(!ManualCommand.matches(["a"], ["...", "b"]))
    #expect(!ManualCommand.matches([], ["a"]))
  }
}
