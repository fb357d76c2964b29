import Foundation
import PoolTestSupport
import PoolTrace
import Testing

/// Every trace of the corpus does what the command in its header says; one without a header holds.
///
/// The command is taken apart, not given to a shell: it must be `poolfuzz replay` with options that
/// are known here, and `FILE`.
struct CorpusCommandTests {
  private static let folder = Manual.package.appendingPathComponent("Corpus").path

  /// Traces of the corpus; the inputs of byte fuzzers are no traces, and what a campaign with
  /// `--corpus Corpus` has found or kept there is its user's.
  static let traces: [String] = {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let others = ["fuzz", "found", "kept"]
    return names.filter { name in
      name.hasSuffix(".trace") && !others.contains { name.hasPrefix($0 + "/") }
    }.sorted()
  }()

  /// The arguments of a header's command, its `FILE` replaced; nil where it is another command.
  static func arguments(_ command: String, path: String) -> [String]? {
    var words = command.split(separator: " ").map(String.init)[...]
    guard words.popFirst() == "poolfuzz", words.popFirst() == "replay" else { return nil }
    var arguments = ["replay"]
    while let word = words.popFirst() {
      switch word {
      case "FILE" where words.isEmpty: return arguments + [path]
      case "--strict": arguments.append(word)
      case "--check", "--mutant", "--profile":
        guard let value = words.popFirst(), !value.hasPrefix("-") else { return nil }
        arguments += [word, value]
      default: return nil
      }
    }
    return nil
  }

  @Test func otherCommandsAreRefused() {
    let replay = Self.arguments("poolfuzz replay --check fast FILE", path: "t")
    #expect(replay == ["replay", "--check", "fast", "t"])
    for command in [
      "rm -rf FILE", "poolfuzz fuzz FILE", "poolfuzz replay --target x.so FILE",
      "poolfuzz replay FILE; ls", "poolfuzz replay", "poolfuzz replay --mutant FILE",
      "poolfuzz replay FILE FILE",
    ] { #expect(Self.arguments(command, path: "t") == nil, "\(command)") }
  }

  @Test func thereIsACorpus() { #expect(Self.traces.count > 15) }

  /// Those that a debug build replays in a moment; `corpus verify` judges all of them in continuous
  /// integration.
  private static let short = traces.filter {
    TestScale.isWhole
      || (try? Data(contentsOf: URL(filePath: folder + "/" + $0)).count) ?? 0 < 100_000
  }

  @Test(arguments: TestScale.sample(short, 12))
  func aTraceDoesWhatItsFileSays(_ name: String) throws {
    let path = Self.folder + "/" + name
    var parser = TraceParser(try String(contentsOfFile: path, encoding: .utf8))
    _ = parser.next()
    _ = parser.next()
    let header = parser.header
    let command = header.command?.value ?? "poolfuzz replay FILE"
    let arguments = try #require(Self.arguments(command, path: path), "\(command)")
    let run = try Command.run(arguments)
    if let failure = header.failure?.value {
      #expect(run.code == 1)
      #expect(run.errors.contains("\(path): as recorded, '\(failure)': "), "\(run.errors)")
    } else {
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains("\(path): ok, "))
    }
  }
}
