import Foundation
import PoolTestSupport
import Testing

/// `poolfuzz bound` and `poolfuzz maximize` from outside.
struct ContestVerbTests {
  private let poolfuzz: Scratch

  init() throws { poolfuzz = try Scratch() }

  @Test(arguments: [
    ("bound", "bound needs --peak-live BYTES"),
    ("maximize", "maximize needs --peak-live BYTES"),
    ("bound file --peak-live 1", "bound takes no operand; 'file' is one"),
    ("bound --peak-live many", "--peak-live is a number"),
    ("bound --peak-live -1", "--peak-live is a number"),
    ("bound --peak-live 1 --order sideways", "--order is one of head, tail, relaxed"),
    ("bound --peak-live 1 --exact-fit yes", "--exact-fit is one of on, off"),
    ("bound --peak-live 1 --profile windows-95", "there is no system 'windows-95'"),
    ("bound --peak-live 1 --sizes 16", "--sizes is LO-HI in bytes"),
    ("bound --peak-live 1 --sizes 9-8", "--sizes is LO-HI in bytes"),
    ("bound --peak-live 1 --sizes 0-8", "--sizes: a smallest request of 0 bytes"),
    ("bound --peak-live 1 --sizes 1--8", "--sizes is LO-HI in bytes"),
    ("bound --page-units 8", "belong together; --smallest-units is missing"),
    ("bound --page-units 8 --peak-live 1", "describes a pool of no particular system"),
    (
      "bound --page-units 1 --smallest-units 1 --peak-live-units 1",
      "a page of 1 units is outside 2...65536"
    ),
    (
      "bound --page-units 8 --smallest-units 8 --peak-live-units 1",
      "a smallest block of 8 units is outside 1...7"
    ),
    ("bound --peak-live 1 --witness w.trace", "--witness needs --exact"),
    ("bound --peak-live 1 --most-states 5", "--most-states needs --exact"),
    ("bound --peak-live 1 --exact --most-states 0", "--most-states is 1..."),
    ("bound --peak-live 65536 --exact", "--exact: too large to enumerate: the bound allows 3629"),
    (
      "bound --page-units 6 --smallest-units 2 --peak-live-units 6 --exact --witness w.trace",
      "--witness: the kernel model needs pages of 64...4096 bytes"
    ),
    (
      "bound --page-units 8 --smallest-units 2 --peak-live-units 6 --order relaxed --exact"
        + " --witness w.trace", "--witness: no kernel lets its callers choose"
    ),
    ("maximize --peak-live 1 --algorithm luck", "--algorithm is one of schedule, staircase"),
    ("maximize --peak-live 1 --objective beauty", "--objective is one of held-over-peak"),
    ("maximize --peak-live 1 --for 9s", "--for is for searches from scratch: --algorithm macro"),
    ("maximize --peak-live 1 --algorithm beam --for soon", "a time is a number and s, m, h or d"),
    ("maximize --peak-live 1 --on paper", "--on is one of abstract, kernel"),
    ("maximize --peak-live 1 --jobs 0", "--jobs is 1...1024"),
    ("maximize --peak-live 1 --operations few", "--operations is a number"),
    ("maximize --peak-live 1 --seed tulip", "--seed is a number"),
    ("maximize --peak-live 99999999999 --algorithm staircase", "too large to simulate"),
    ("maximize --peak-live 1 --order relaxed --on kernel", "--on kernel: no kernel lets"),
  ])
  func aWrongLineIsExplained(_ line: String, _ message: String) throws {
    let run = try poolfuzz.run(line)
    #expect(run.code == 2)
    #expect(run.errors.hasPrefix("poolfuzz: "))
    #expect(run.errors.contains(message))
    #expect(!run.output.contains("pages"))
    #expect(poolfuzz.names == [])
  }

  @Test func aPlaceWhereNothingCanBeWrittenIsTheEnvironments() throws {
    for line in [
      "maximize --peak-live 4096 --algorithm staircase --trace no/where.trace",
      "bound --page-units 8 --smallest-units 2 --peak-live-units 6 --exact --witness no/w.trace",
    ] {
      let run = try poolfuzz.run(line)
      #expect(run.code == 4)
      #expect(run.errors.contains(": No such file or directory"))
    }
  }

  /// What is no file keeps its place, and a file keeps its content until the new one is whole.
  @Test func onlyAFileIsReplacedAndOnlyByAWholeOne() throws {
    for path in [".", "/dev/null"] {
      let run = try poolfuzz.run("maximize \(Self.small) -o \(path)")
      #expect(run.code == 4)
      #expect(run.errors == "poolfuzz: \(path): not an ordinary file\n")
    }
    let file = poolfuzz.url.appendingPathComponent("t.trace")
    try "kept".write(to: file, atomically: false, encoding: .utf8)
    #expect(try poolfuzz.run("maximize --peak-live 99999999999 -o t.trace").code == 2)
    #expect(try String(contentsOf: file, encoding: .utf8) == "kept")
    #expect(try poolfuzz.run("maximize \(Self.small) -o t.trace").code == 0)
    #expect(try String(contentsOf: file, encoding: .utf8).hasSuffix("bytes <= 4096\n"))
    #expect(poolfuzz.names == ["t.trace"])
  }

  @Test func givingUpIsTheEnvironments() throws {
    let run = try poolfuzz.run(
      "bound --page-units 8 --smallest-units 2 --peak-live-units 12 --exact --most-states 50")
    #expect(run.code == 4)
    #expect(run.errors.contains("gave up after"))
  }

  @Test func helpBeginsWithExamples() throws {
    for verb in ["bound", "maximize"] {
      let run = try poolfuzz.run("help \(verb)")
      #expect(run.code == 0)
      #expect(run.output.contains("Examples\n  poolfuzz \(verb) --peak-live 65536"))
    }
  }

  @Test func boundPrintsEveryProofAndTheFixedNames() throws {
    let text = try poolfuzz.run("bound --peak-live 65536")
    #expect(text.code == 0)
    for word in ["trivial", "last-request", "closed-pages", "Robson", "bracket [3249, 3629]"] {
      #expect(text.output.contains(word))
    }
    let line = try Self.object(try poolfuzz.run("bound --peak-live 65536 --json").output)
    #expect(line["upper_bound_pages"] as? Int == 3629)
    #expect(line["pages"] as? Int == 3249)
    #expect(line["peak_live_bytes"] as? Int == 65_536)
    let reactOS = try Self.object(
      try poolfuzz.run("bound --profile reactos-x86 --peak-live 65536 --json").output)
    #expect(reactOS["exact_fit"] as? String == "off")
    #expect(reactOS["order"] as? String == "tail")
    let story = try Self.object(
      try poolfuzz.run("bound --sizes 16-4080 --peak-live 65536 --json").output)
    #expect((story["upper_bound_pages"] as? Int ?? .max) < 3629)
  }

  /// The table ends with its answer; blocks of one size are what any pool can be made to hold.
  @Test func boundEndsWithASentence() throws {
    for (words, sentence) in [
      (
        "--peak-live 1M",
        "1 MiB of live blocks can hold at most 56,900 pages (222.3 MiB); 53,952 have been reached."
      ),
      (
        "--peak-live 1M --sizes 0xf18-0xf18",
        "1 MiB of live blocks can hold at most 270 pages (1.1 MiB), and this is reached."
      ),
      (
        "--peak-live 1M --sizes 0x10-0xf18",
        "no adversary fits these sizes, and by blocks of one size alone 510 have been reached."
      ),
      (
        "--peak-live 4160",
        "at most 132 pages (528 KiB); 5 have been reached without a search, and maximize may find"
          + " more."
      ),
    ] {
      let run = try poolfuzz.run("bound \(words)")
      #expect(run.lines.last?.hasSuffix(sentence) == true, "\(run.output)")
      #expect(!run.output.contains("bracket [0, "), "\(words)")
    }
  }

  /// Eight units a page, two the smallest, twelve live: four pages in twenty operations.
  @Test func theExactOptimumComesWithAWitnessThatReplays() throws {
    let run = try poolfuzz.run(
      "bound --page-units 8 --smallest-units 2 --peak-live-units 12 --order head --exact"
        + " --witness w.trace --json")
    #expect(run.code == 0)
    let line = try Self.object(run.output)
    #expect(line["optimum_pages"] as? Int == 4)
    #expect(line["minimal_operations"] as? Int == 20)
    #expect(line["trace"] as? String == "w.trace")
    #expect(poolfuzz.names == ["w.trace"])
    let replay = try poolfuzz.run("replay --check full w.trace")
    #expect(replay.code == 0)
    #expect(replay.output.contains("ok, 20 operations"))
  }

  @Test func maximizeWritesATraceThatReplaysAndAgreesWithTheKernel() throws {
    let run = try poolfuzz.run(
      "maximize --peak-live 4096 --algorithm staircase --on kernel --trace t.trace --seed 5")
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("seed 5\n"))
    #expect(run.output.contains("on the kernel model"))
    #expect(!run.output.contains("CONTRADICTION"))
    #expect(poolfuzz.names == ["t.trace"])
    let replay = try poolfuzz.run("replay --check off t.trace")
    #expect(replay.code == 0)
  }

  /// The expectations of a written trace are met and no more than met.
  @Test func theTraceProvesExactlyWhatTheReportSays() throws {
    let report = try Self.object(
      try poolfuzz.run(
        "maximize --peak-live 2048 --algorithm one-plus-one --operations 5000 --seed 2 --json"
          + " --trace t.trace --profile windows-2003-x64"
      ).output)
    let pages = try #require(report["pages"] as? Int)
    let file = poolfuzz.url.appendingPathComponent("t.trace")
    let text = try String(contentsOf: file, encoding: .utf8)
    let expectation = "expect nonpaged.peak_pages_held >= \(pages)\n"
    #expect(text.contains(expectation))
    let wrong = text.replacingOccurrences(
      of: expectation, with: "expect nonpaged.peak_pages_held >= \(pages + 1)\n")
    try wrong.write(to: file, atomically: false, encoding: .utf8)
    #expect(try poolfuzz.run("replay --check off t.trace").code == 1)
  }

  @Test func aSeedGivesTheSameAnswerForAnyNumberOfJobs() throws {
    // A small geometry: solving a kernel page's schedule takes a debug build ten seconds.
    let line = "maximize \(Self.small) --operations 60000 --seed 7 --json --jobs "
    let one = try poolfuzz.run(line + "1")
    #expect(one.errors == "seed 7\n")
    #expect(try poolfuzz.run(line + "2").output == one.output)
    let quiet = try poolfuzz.run(line + "2 --quiet")
    #expect(quiet.output == one.output)
    #expect(quiet.errors == "")
  }

  @Test func theTrivialObjectiveIsLabelled() throws {
    let run = try poolfuzz.run("maximize --peak-live 4096 --objective held-over-final --seed 1")
    #expect(run.code == 0)
    #expect(run.output.contains("held/final 256.00: trivial"))
  }

  /// A contest on pages of 64 units.
  private static let small = "--page-units 64 --smallest-units 2 --peak-live-units 512"

  private static func object(_ line: String) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }
}
