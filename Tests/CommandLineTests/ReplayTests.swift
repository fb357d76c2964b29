import Foundation
import PoolTestSupport
import Testing

/// `poolfuzz replay` on traces that are in the language.
struct ReplayTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func replay(_ options: [String], _ trace: String) throws -> Command.Result {
    try Command.run(["replay"] + options + [try scratch.file("t.trace", trace)])
  }

  // MARK: Outcomes and exit codes

  @Test(arguments: ["complete", "full", "fast", "off"])
  func aHealthyTraceHolds(_ level: String) throws {
    let run = try replay(["--check", level], Traces.healthy)
    #expect(run.code == 0)
    let words =
      switch level {
      case "off": "not checked, 3 operations on windows-2003-x86\n"
      case "fast": "ok, 3 operations on windows-2003-x86 (not checked: placement, "
      default: "ok, 3 operations on windows-2003-x86\n"
      }
    #expect(run.output.hasPrefix("\(scratch.path)/t.trace: \(words)"))
    #expect(run.errors.isEmpty)
    let quiet = try replay(["--check", level, "--quiet"], Traces.healthy)
    #expect(quiet.code == 0)
    #expect(quiet.output.isEmpty)
  }

  @Test(arguments: [("complete", 1), ("full", 1), ("fast", 1), ("cheap", 1), ("off", 0)])
  func aViolationIsFoundUnlessNobodyLooks(_ level: String, _ code: Int32) throws {
    let run = try replay(["--check", level], Traces.overrun)
    #expect(run.code == code)
    #expect(run.errors.contains("t.trace:6: operation 5: violation header.") == (code == 1))
  }

  @Test(arguments: [("complete", 1), ("full", 1), ("fast", 1), ("cheap", 1), ("off", 0)])
  func aBugCheckFailsUnlessChecksAreOff(_ level: String, _ code: Int32) throws {
    let run = try replay(["--check", level], Traces.doubleFree)
    #expect(run.code == code)
    #expect(run.errors.contains("t.trace:5: operation 4: bug check 0xc2 (0x7") == (code == 1))
    // Operations behind the bug check do not change that.
    #expect(try replay(["--check", level], Traces.doubleFree + "free b\n").code == code)
  }

  @Test(arguments: ["complete", "full", "fast", "off"])
  func anAnnouncedBugCheckHolds(_ level: String) throws {
    for expectation in ["bugcheck 0xc2", "bugcheck 0xc2 0x7"] {
      let trace = Traces.doubleFree + "expect \(expectation)\n"
      #expect(try replay(["--check", level], trace).code == 0)
    }
    for expectation in ["bugcheck 0x19", "bugcheck 0xc2 0x9", "hang", "fault"] {
      let run = try replay(["--check", level], Traces.doubleFree + "expect \(expectation)\n")
      #expect(run.code == 1)
      #expect(run.errors.contains("t.trace:6: operation 4: unmet expectation: the operation"))
      #expect(run.errors.contains("bug check 0xc2"))
    }
  }

  @Test(arguments: ["complete", "full", "fast", "off"])
  func expectationsAreHeldAgainstTheState(_ level: String) throws {
    let met = """
      expect ok b
      expect live_blocks == 1
      expect nonpaged.live_requested_bytes >= 300
      free a
      expect skipped

      """
    #expect(try replay(["--check", level], Traces.healthy + met).code == 0)
    for unmet in [
      "ok a", "null b", "skipped", "live_blocks == 2", "live_blocks > 1", "live_blocks != 1",
      "held_over_live < 1", "raise 0xc000009a", "violation header.tiling",
    ] {
      let run = try replay(["--check", level], Traces.healthy + "expect \(unmet)\n")
      #expect(run.code == 1, "\(unmet)")
      #expect(run.errors.contains("unmet expectation: "), "\(unmet)")
    }
  }

  @Test(arguments: ["complete", "full", "fast", "off"])
  func aReplayGoesOnBehindAnAnnouncedViolation(_ level: String) throws {
    let trace = Traces.overrun + "expect violation header.previous-size\nalloc c Paged 8 Abcd\n"
    let run = try replay(["--check", level, "--json"], trace)
    #expect(run.code == 0)
    let line = try JSONLine(run.output)
    #expect(line.text("outcome") == (level == "off" ? "not-judged" : "ok"))
    #expect(line.number("operations") == 6)
    let other = Traces.overrun + "expect violation bitmap.end\n"
    let unmet = try replay(["--check", level], other)
    #expect(unmet.code == 1)
  }

  @Test func anAnnouncedViolationExcusesNoOther() throws {
    let trace =
      Traces.overrun + """
        expect violation header.previous-size
        alloc c Paged 100 Abcd
        write c 100 ffffffffffffffff

        """
    let run = try replay([], trace)
    #expect(run.code == 1)
    #expect(run.errors.contains("t.trace:9: operation 7: violation"))
  }

  @Test func anUnexpectedRaiseEndsTheReplay() throws {
    let trace = "config nonpaged_pages=128\nalloc a NonPaged+Raise 0x1000000 Abcd\n"
    #expect(try replay([], trace).code == 1)
    #expect(try replay([], trace + "expect raise 0xc000009a\nalloc b Paged 8 Abcd\n").code == 0)
    #expect(try replay(["--check", "off"], trace).code == 0)
  }

  @Test func aStrayStoreFaults() throws {
    let trace = Traces.healthy + "writeat 0x10 00\n"
    let run = try replay(["--json"], trace)
    #expect(run.code == 1)
    #expect(try JSONLine(run.output).text("outcome") == "fault")
    #expect(try replay([], trace + "expect fault 0x10\n").code == 0)
  }

  @Test func aPlantedBugIsFound() throws {
    let run = try replay(["--mutant", "split-front-next-previous-size"], Traces.churn(200))
    #expect(run.code == 1)
    #expect(run.errors.contains("violation header.previous-size"))
    // Ninety names are no answer to a slip: the nearest is, and where all of them are listed.
    let slip = try Command.run(["replay", "--mutant", "run-taken-from-font", "x"])
    #expect(slip.errors.contains("did you mean 'run-taken-from-front'?"))
    #expect(try Command.run(["mutants", "--list"]).output.contains("run-taken-from-front"))
  }

  // MARK: What is printed

  @Test func stateIsAllThatIsPrinted() throws {
    let run = try replay(["--state"], Traces.healthy + "dump\n")
    #expect(run.code == 0)
    #expect(run.errors.isEmpty)
    let lines = run.lines.filter { !$0.hasPrefix("#") }
    #expect(
      lines.prefix(3).map { $0.split(separator: ">")[0] } == ["alloc a -", "alloc b -", "free a -"])
    #expect(lines[2] == "free a -> ok")
    #expect(lines[3] == "dump 1")
    #expect(lines.last == "end")
    let stopped = try replay(["--state"], Traces.doubleFree)
    #expect(stopped.code == 1)
    #expect(stopped.lines.contains { $0.hasPrefix("bugcheck 0xc2 0x7") })
    let off = try replay(["--state", "--check", "off"], Traces.doubleFree)
    #expect(off.code == 0)
    #expect(off.output == stopped.output)
    #expect(off.errors.isEmpty)
  }

  @Test func theProfileOfTheCommandLineWins() throws {
    let run = try replay(["--profile", "windows-7-x64", "--json"], Traces.healthy)
    #expect(try JSONLine(run.output).text("profile") == "windows-7-x64")
    let shown = try replay(["--profile", "windows-7-x64", "--show-config"], Traces.healthy)
    #expect(shown.lines.first?.hasPrefix("config format=1 profile=windows-7-x64 ") == true)
    // A machine that the other version cannot have is the trace's fault, not a crash.
    let large = "config profile=windows-7-x64 nonpaged_pages=4194304\n"
    let refused = try replay(["--profile", "windows-xp-x86"], large)
    #expect(refused.code == 3)
    #expect(refused.errors.contains("t.trace: "))
  }

  @Test func theShownConfigurationIsATrace() throws {
    let shown = try replay(["--show-config", "--quiet"], Traces.healthy)
    let again = try replay(["--show-config", "--quiet"], shown.output)
    #expect(again.code == 0)
    #expect(again.output == shown.output)
    #expect(shown.output.hasPrefix("config format=1 profile=windows-2003-x86 "))
  }

  @Test func aStepShowsWhatItChanged() throws {
    let run = try replay(["--step", "--quiet"], Traces.healthy)
    #expect(run.code == 0)
    #expect(run.lines.filter { $0.hasSuffix(": free a") } == ["3: free a"])
    // One page changes; areas that do not are not named, nor is what characters mean.
    #expect(run.lines.filter { $0.contains(" |") }.count == 3)
    #expect(run.lines.count <= 9)
    #expect(!run.output.contains("not in use"))
    let slip = try replay(["--step", "--quiet"], Traces.healthy + "free nobody\n")
    #expect(slip.lines.contains { $0.hasPrefix("4: free nobody   (skipped") })
  }

  @Test func anAnswerHasEveryLineOfItsExercise() throws {
    let folder = try Scratch()
    let exercise = """
      # Free a block.
      config lookaside=0
      alloc a NonPaged 24 Mine

      # ...

      alloc b NonPaged 24 Mine
      # ... and more
      expect nonpaged.pages_held == 1

      """
    _ = try folder.file("one.exercise", exercise)
    let solution = exercise.replacing("# ...\n", with: "free  a\n")
    let answers = [
      ("one.trace", solution, 0, "ok"),
      ("one.trace", exercise, 0, "ok"),
      (
        "one.trace", solution.replacing("== 1", with: ">= 0"), 3,
        "'expect nonpaged.pages_held == 1'"
      ),
      ("one.trace", solution.replacing("alloc a", with: "alloc c"), 3, "at its beginning"),
      (
        "one.trace", solution.replacing("alloc b", with: "alloc d"), 3, "'alloc b NonPaged 24 Mine'"
      ),
      ("two.trace", solution, 4, "two.exercise"),
    ]
    for (name, text, code, words) in answers {
      let path = try folder.file(name, text)
      let run = try Command.run(["replay", "--exercise", folder.path, path])
      #expect(run.code == code && (run.output + run.errors).contains(words), "\(run)")
    }
    // What a pupil did not rename is judged all the same.
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "answers"), withIntermediateDirectories: true)
    _ = try folder.file("answers/one.exercise", exercise.replacing("== 1", with: "== 2"))
    let all = try Command.run(
      ["replay", "--exercise", folder.path + "/one.exercise", folder.path + "/answers"])
    #expect(all.code == 3 && all.errors.contains("answers/one.exercise: not judged: "))
    let none = try Command.run(
      [
        "replay", "--exercise", try folder.file("x.trace", Traces.healthy),
        folder.path + "/one.trace",
      ])
    #expect(none.code == 3 && none.errors.contains("no exercise"))
    let piped = try Command.run(
      ["replay", "--exercise", folder.path + "/one.exercise", "-"], input: solution)
    #expect(piped.code == 2 && piped.errors.contains("reads each twice"), "\(piped)")
  }

  @Test func prefixesArePrintedWhereTheyAreAskedFor() throws {
    let plain = try replay(["--metrics", "--quiet"], Traces.healthy)
    #expect(plain.output.contains("live_blocks 1\n"))
    #expect(!plain.output.contains("tag."))
    let tag = try replay(["--metrics", "tag.Abcd", "--quiet"], Traces.healthy)
    #expect(tag.output.contains("tag.Abcd.live_blocks 1\n"))
    #expect(!tag.output.contains("\nlive_blocks"))
    let all = try replay(["--metrics", "all", "--quiet"], Traces.healthy)
    #expect(all.output.contains("tag.Abcd.live_blocks 1\n"))
    #expect(all.output.contains("\nlive_blocks 1\n"))
    #expect(try replay(["--metrics=some"], Traces.healthy).code == 2)
  }

  @Test func jsonIsAllThatStandardOutputGets() throws {
    let views = ["--vm", "--frag", "--map", "--metrics", "--show-config", "--poolused", "--step"]
    let run = try replay(["--json"] + views, Traces.healthy)
    #expect(run.code == 0)
    #expect(try JSONLine.all(run.output).count == 1)
    #expect(run.errors.contains("config format=1"))
    #expect(run.errors.contains("Abcd"))
  }

  @Test func everyNameOfTheJSONObjectIsThere() throws {
    let line = try JSONLine(try replay(["--json"], Traces.doubleFree).output)
    for name in [
      "trace", "profile", "operations", "outcome", "operation", "code", "parameters",
      "first_corrupt_operation", "metrics", "bound",
    ] { #expect(line.names.contains(name), "\(name)") }
    #expect(line.text("outcome") == "bugcheck")
    #expect(line.text("code") == "0xc2")
    #expect(line.texts("parameters")?.count == 4)
    #expect(line.number("operation") == 4)
    #expect(line.number("metrics", "live_blocks") == 1)
    #expect(line.number("metrics", "tag.Abcd.live_requested_bytes") == 300)
    let violation = try JSONLine(try replay(["--json"], Traces.overrun).output)
    #expect(violation.text("outcome") == "violation")
    #expect(violation.text("invariant")?.hasPrefix("header.") == true)
    #expect(violation.number("first_corrupt_operation") == 5)
    let healthy = try JSONLine(try replay(["--json"], Traces.healthy).output)
    #expect(healthy.isNull("operation"))
    let unmet = try replay(["--json"], Traces.healthy + "expect ok a\n")
    #expect(try JSONLine(unmet.output).text("outcome") == "expectation")
    // What checks tolerate is told all the same.
    let off = try replay(["--json", "--check", "off"], Traces.doubleFree)
    #expect(try JSONLine(off.output).text("outcome") == "not-judged")
    #expect(try JSONLine(off.output).text("stopped") == "bugcheck")
    #expect(try JSONLine(off.output).text("code") == "0xc2")
  }

  @Test func aPlaceThatIsNoneIsBadUsage() throws {
    let run = try replay(["--pool", "nobody"], Traces.healthy)
    #expect(run.code == 2)
    #expect(run.errors.contains("--pool nobody: neither an address nor a slot"))
    let page = try replay(["--pool", "b"], Traces.healthy)
    #expect(page.code == 0)
    #expect(page.output.contains("(Allocated) *Abcd"))
  }

  @Test func coloursNeedATerminalAndAreNeverForced() throws {
    let path = try scratch.file("t.trace", Traces.healthy)
    for environment in [[:], ["NO_COLOR": "1"]] {
      let run = try Command.run(["replay", "--map", path], environment: environment)
      #expect(run.output.contains("Nonpaged pool"))
      #expect(!run.output.contains("\u{1B}"))
    }
  }

  @Test func standardInputIsAFileToo() throws {
    let run = try Command.run(["replay", "-"], input: Traces.healthy)
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("standard input: ok, 3 operations"))
  }
}
