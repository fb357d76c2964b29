import Foundation
import PoolTestSupport
import Testing

@testable import poolfuzz

/// Every verb that prints JSON prints objects, a line each, with the version, and no key that the manual
/// does not name.
struct JSONTests {
  /// A command for each verb, and for each kind of object where it has several. Searches print their
  /// reports as `bound` and `adversary` do.
  private static let commands = [
    "replay healthy.trace", "replay overrun.trace", "replay empty", "replay --batch <batch",
    "replay --target windows-2003-x86 healthy.trace", "replay --target malloc healthy.trace",
    "view healthy.trace", "shrink overrun.trace --others 0 -o o",
    "fuzz --traces 16 --seed 3 --corpus c --mutant free-not-counted --no-shrink",
    "enumerate --operations 1", "mutants --list", "corpus list .", "corpus verify .",
    "mutants --seeds 1 --mutant free-not-counted --mix small-lists --operations 64",
    "diff healthy.trace --profile windows-7-x64", "whatif healthy.trace --advise",
    "whatif healthy.trace --profile windows-xp-x86", "whatif empty --profile windows-xp-x86",
    "whatif healthy.trace --move", "whatif healthy.trace --special-pool all",
    "inspect listing", "explain filed.trace", "explain size 0xf18", "export --kmtest healthy.trace",
    "import recording -o i",
    "bound --peak-live 65536", "adversary staircase --peak-live 16384", "profiles",
    "profiles --mixes", "profiles windows-7-x64",
    "maximize --target windows-2003-x86 --peak-live 65536 --candidates 0",
  ]
  /// What prints no JSON, or only what another verb prints as well.
  private static let others: Set<String> = [
    "completions", "synthesize", "remedies", "bench",
  ]

  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    _ = try scratch.file("healthy.trace", Traces.healthy)
    _ = try scratch.file("overrun.trace", Traces.overrun)
    _ = try scratch.file("filed.trace", "# failure: header.next after write\n" + Traces.overrun)
    _ = try scratch.file("batch", Traces.healthy + "end\n")
    _ = try scratch.file("empty", "")
    _ = try scratch.file("listing", "BAD_POOL_HEADER (19)\n*** Fatal System Error: 0x00000019\n")
    _ = try scratch.file("recording", "= Start\n@ a:[0x1] + 0x10 0x5\n@ a:[0x1] - 0x10\n")
  }

  @Test func everyVerbIsAskedOrNamed() {
    let asked = Set(Self.commands.map { String($0.prefix { $0 != " " }) })
    #expect(asked.union(Self.others) == Set(Poolfuzz.verbs.map(\.name)))
    #expect(asked.isDisjoint(with: Self.others))
  }

  @Test(arguments: commands)
  func everyLineHasTheVersionAndDocumentedKeys(_ command: String) throws {
    let run = try Command.shell("cd '\(scratch.path)' && exec \"$POOLFUZZ\" \(command) --json")
    let article = try String(
      contentsOf: Manual.package.appendingPathComponent(
        "Sources/PoolOracles/PoolOracles.docc/JSON.md"), encoding: .utf8)
    // A verb whose trace has standard output prints its object on standard error.
    let lines = run.lines.filter { $0.hasPrefix("{") }
    #expect(!lines.isEmpty && lines.count == run.lines.count, "\(run.output)\(run.errors)")
    for line in lines {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["version"] as? Int == 1, "\(line)")
      if command.hasPrefix("inspect") { continue }
      for key in object.keys { #expect(article.contains("`\(key)`"), "\(command): \(key)") }
    }
  }
}
