import Foundation
import PoolTestSupport
import Testing

/// The table of exit codes, verb by verb: 0 judged and held, 1 found, 2 usage, 3 nothing that could be
/// judged, 4 the environment.
struct ExitCodeTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    _ = try scratch.file("healthy.trace", Traces.healthy)
    _ = try scratch.file("overrun.trace", Traces.overrun)
    _ = try scratch.file("empty", "")
    _ = try scratch.file("nonsense", "what is this\n")
  }

  private func run(_ line: String) throws -> Command.Result {
    try Command.shell("cd '\(scratch.path)' && exec \"$POOLFUZZ\" \(line)")
  }

  @Test(arguments: [
    ("replay healthy.trace", 0), ("replay overrun.trace", 1),
    ("replay --check off overrun.trace", 0),
    ("view --text healthy.trace", 0), ("view --text overrun.trace", 0),
    ("shrink healthy.trace", 0), ("shrink overrun.trace --others 0 --quiet --output o", 1),
    ("diff healthy.trace --profile windows-2003-x86", 0),
    ("diff healthy.trace --profile windows-7-x64", 1),
    ("whatif healthy.trace --profile windows-xp-x86", 0),
    ("fuzz --traces 16 --seed 3 --corpus c --quiet", 0),
    ("fuzz --traces 16 --operations 16 --seed 3 --corpus d --quiet --mutant free-not-counted", 1),
    ("fuzz --traces 16 --seed 3 --corpus e --quiet --check off", 0),
    ("enumerate --operations 2 --quiet", 0),
    ("enumerate --operations 2 --mutant free-not-counted --quiet", 1),
    ("mutants --seeds 1 --mutant free-not-counted --profile small-lists", 0),
    ("mutants --seeds 1 --mutant contiguous-overlaps --profile small-lists --operations 64", 1),
    ("corpus list .", 0), ("corpus verify .", 1),
    ("bound --peak-live 65536", 0), ("adversary staircase --peak-live 16384", 0),
    ("completions bash", 0), ("help replay", 0), ("--version", 0),
  ])
  func theWorkDecides(_ line: String, _ code: Int32) throws {
    let run = try run(line)
    #expect(run.code == code, "\(line): \(run.errors)")
  }

  @Test(arguments: [
    "replay", "view --text", "shrink", "diff --profile windows-xp-x86",
    "whatif --profile windows-xp-x86", "whatif --advise", "inspect", "import", "synthesize",
    "mutants --ratchet", "mutants --sole", "corpus verify",
  ])
  func whatCannotBeJudgedIsNoSuccess(_ verb: String) throws {
    for file in ["empty", "nonsense"] {
      let run = try run("\(verb) \(file)")
      #expect(run.code == 3, "\(verb) \(file): \(run.code) \(run.errors)")
      #expect(!(run.errors + run.output).isEmpty, "\(verb) \(file)")
    }
    let missing = try run("\(verb) missing")
    #expect(missing.code == 4, "\(verb) missing: \(missing.code)")
    #expect(missing.errors.contains("missing: "), "\(verb)")
    let word = verb.prefix { $0 != " " }
    #expect(try run("\(word) --nonsense healthy.trace").code == 2, "\(verb)")
  }

  @Test(arguments: [
    "fuzz", "enumerate", "bound", "adversary", "maximize", "remedies", "bench", "completions",
    "mutants", "corpus",
  ])
  func anUnknownOptionIsUsage(_ verb: String) throws {
    #expect(try run("\(verb) --nonsense").code == 2, "\(verb)")
  }

  /// Found before the environment, the environment before what could not be judged.
  @Test func overSeveralFilesTheWorstThatWasJudgedCounts() throws {
    #expect(try run("replay healthy.trace missing overrun.trace empty").code == 1)
    #expect(try run("replay healthy.trace missing empty").code == 4)
    #expect(try run("replay healthy.trace empty").code == 3)
  }

  @Test(arguments: [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)] as [(String, Int32)])
  func aSignalEndsAfterSaving(_ signal: String, _ code: Int32) throws {
    let run = try Command.shell(
      """
      cd '\(scratch.path)' && "$POOLFUZZ" fuzz --forever --seed 1 --corpus s --quiet & pid=$!
      for i in $(seq 200); do [ -e '\(scratch.path)/s/fuzz' ] && break; sleep 0.05; done
      sleep 0.3; kill -s \(signal) $pid; wait $pid
      """)
    #expect(run.code == code)
    #expect(FileManager.default.fileExists(atPath: scratch.path + "/s/fuzz/report.md"))
  }

  @Test func theHelpAndTheManualShowTheTable() throws {
    let article = Manual.package.appendingPathComponent(
      "Sources/PoolOracles/PoolOracles.docc/Verdicts.md")
    let manual = try String(contentsOf: article, encoding: .utf8)
    for code in ["0", "1", "2", "3", "4", "128+n"] {
      let row = try #require(try Command.run(["help"]).lines.first { $0.hasPrefix(code + "  ") })
      #expect(manual.contains("| \(code) | \(row.dropFirst(8)) |"), "\(row)")
    }
    let help = try Command.run(["help"]).output
    for line in [
      "0       judged, and held", "3       the content cannot be", "128+n   ended by signal",
    ] {
      #expect(help.contains(line), "\(line)")
    }
  }
}
