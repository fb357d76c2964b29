import Foundation
import PoolTestSupport
import Testing

/// Whoever runs a trace, by whatever verb, gets the same verdict; and nothing that was not judged is
/// called ok.
struct VerdictTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func replay(_ text: String, _ options: [String] = []) throws -> Command.Result {
    try Command.run(["replay"] + options + [try scratch.file("t.trace", text)])
  }

  // MARK: What the file says

  private static let planted = """
    # failure: placement.freed after free
    # mutant: freed-to-tail
    alloc a NonPaged 249 Test
    alloc b NonPaged 1905 Test
    alloc c NonPaged 1905 Test
    free a

    """

  @Test func theFilesOwnBugIsPlanted() throws {
    let run = try replay(Self.planted)
    #expect(run.code == 1)
    #expect(run.errors.contains("t.trace: as recorded, 'placement.freed after free': "))
    let json = try JSONLine(try replay(Self.planted, ["--json"]).output)
    #expect(json.text("outcome") == "violation")
    #expect(json.texts("identities") == ["placement.freed after free"])
  }

  /// A name of letters that take several bytes costs the sentence behind it nothing.
  @Test func theLineOfTheFailureFollowsAnyName() throws {
    let run = try Command.run(["replay", try scratch.file("éé.trace", Self.planted)])
    #expect(run.code == 1)
    #expect(
      run.errors.contains("éé.trace: as recorded, 'placement.freed after free': 6: operation 4: "))
  }

  @Test func theOptionOverridesTheFile() throws {
    let healthy = try replay(Self.planted, ["--mutant", "none"])
    #expect(healthy.code == 0)
    #expect(healthy.output.contains("gone: 'placement.freed after free' does not occur: ok"))
    let other = try replay(Self.planted, ["--mutant", "free-not-counted"])
    #expect(other.code == 1)
    #expect(other.errors.contains("recorded was 'placement.freed after free', which does not"))
  }

  @Test func aBugThatNobodyKnowsIsRefusedByPlace() throws {
    for verb in ["replay", "shrink", "view"] {
      let path = try scratch.file("u.trace", "# mutant: nobody\nalloc a NonPaged 8 Test\n")
      let run = try Command.run([verb, path])
      #expect(run.code == 3, "\(verb)")
      #expect(run.errors.contains("u.trace:1:1: expected the name of a planted bug"), "\(verb)")
    }
  }

  @Test func aDocumentedStopIsNotTheRecordedFailure() throws {
    let trace = """
      # failure: verdict.stop after freeat
      # mutant: free-not-counted
      config profile=windows-2003-x86 lookaside=0
      alloc a NonPaged 8 Test
      alloc b NonPaged 8 Test
      free a
      freeat a

      """
    let run = try replay(trace, ["--mutant", "none"])
    #expect(run.code == 0)
    #expect(run.output.contains("the kernel stops as this version documents it"))
  }

  /// A stranger's trace does not run a stranger's library.
  @Test func aRecordedTargetIsNamedAndNeverLoaded() throws {
    let trace = "# target: ./strange.so\nalloc a NonPaged 8 Test\nfree a\n"
    let path = try scratch.file("t.trace", trace)
    for words in [["replay", path], ["view", "--text", path], ["shrink", path]] {
      let run = try Command.run(words)
      #expect(run.code == 3, "\(words[0])")
      #expect(run.errors.contains("not judged: recorded against ./strange.so"), "\(words[0])")
      #expect(
        run.errors.contains("'poolfuzz replay --target ./strange.so \(path)' judges it"),
        "\(run.errors)")
    }
    // A filed trace names its library without the folder; its command has it, with the option.
    let filed = try scratch.file(
      "f.trace",
      trace.replacing(
        "./strange.so\n",
        with: "strange.so\n# replay: poolfuzz replay --target "
          + "/lib/strange.so --target-option 'a=1' FILE\n"))
    for verb in ["explain", "shrink", "replay"] {
      let command = "'poolfuzz replay --target /lib/strange.so --target-option 'a=1' \(filed)'"
      #expect(try Command.run([verb, filed]).errors.contains(command), "\(verb)")
    }
    let batch = try Command.run(["replay", "--batch"], input: trace + "end\n")
    #expect(batch.code == 3)
    #expect(try JSONLine(batch.output).text("outcome") == "not-judged")
    for words in [
      ["diff", path, "--profile", "windows-xp-x86"],
      ["whatif", path, "--profile", "windows-xp-x86"],
    ] {
      #expect(try Command.run(words).errors.contains("'# target: ./strange.so' is passed over"))
    }
  }

  @Test func theTargetOfTheCommandLineJudges() throws {
    let trace =
      "# target: malloc\n# failure: overlap after alloc\nalloc a NonPaged 8 Test\nfree a\n"
    let run = try replay(trace, ["--target", "malloc"])
    #expect(run.code == 0)
    #expect(run.output.contains("gone: 'overlap after alloc' does not occur: ok, 2 operations"))
  }

  /// What a night files is what a replay of the file, a reduction and a verification say.
  @Test(
    arguments: TestScale.sample(
      ["body-not-zeroed", "freed-to-tail", "round-robin-stuck", "paged-hint-not-lowered"], 2))
  func aFiledFindingIsTheSameForEveryVerb(_ mutant: String) throws {
    let folder = scratch.path + "/" + mutant
    let fuzz = try Command.run([
      "fuzz", "--mutant", mutant, "--traces", "96", "--first", "--seed", "4", "--canary", "0",
      "--jobs", "1", "--quiet", "--corpus", folder,
    ])
    #expect(fuzz.code == 1)
    let names = FileManager.default.enumerator(atPath: folder + "/found")?.compactMap {
      $0 as? String
    }
    let traces = (names ?? []).filter { $0.hasSuffix(".trace") }
    #expect(!traces.isEmpty)
    for name in traces {
      let path = folder + "/found/" + name
      let run = try Command.run(["replay", path])
      #expect(run.code == 1, "\(name)")
      #expect(run.errors.contains("as recorded, "), "\(name)")
      #expect(try Command.run(["shrink", path, "--others", "0", "--quiet"]).code == 1, "\(name)")
    }
    let verified = try Command.run(["corpus", "verify", folder + "/found"])
    #expect(verified.code == 0)
    #expect(verified.output.contains("as recorded, "))
  }

  /// `shrink` and `replay` share one notion of wrong: what misuse leads to counts for both.
  @Test func whatReplayFindsCanBeReduced() throws {
    let trace = "alloc a NonPaged 24 Test\nfree a\nfree a\nfreeat a\n"
    #expect(try replay(trace).errors.contains("violation lookaside.links"))
    let run = try Command.run(["shrink", scratch.path + "/t.trace", "--others", "0", "--quiet"])
    #expect(run.code == 1)
    #expect(run.output.contains("lookaside.links after freeat: 4 operations, now 3"))
    let minimal = try Command.run(["replay", scratch.path + "/t.min.trace"])
    #expect(minimal.code == 1)
    #expect(minimal.errors.contains("as recorded, 'lookaside.links after freeat'"))
  }

  // MARK: Nothing unjudged is ok

  @Test func skippedOperationsAreCountedAndNamed() throws {
    let trace = "alloc a NonPaged 24 Test\nfree a\nfree a\n"
    let run = try replay(trace)
    #expect(run.code == 0)
    #expect(
      run.output.hasSuffix(
        "ok, 3 operations on windows-2003-x86, 1 skipped"
          + " (line 3: free a holds nothing; a double free is written freeat a)\n"))
    let json = try JSONLine(try replay(trace, ["--json"]).output)
    #expect(json.number("skipped") == 1)
    #expect(try replay(trace, ["--strict"]).code == 1)
    #expect(try replay(trace + "expect skipped\n", ["--strict"]).code == 0)
    let others = try replay(
      "alloc a NonPaged 8 Test\nalloc a Paged 8 Test\ncpu 7\nfill b\nwrite c 0 00\nfreeat d\n")
    for words in [
      "line 2: alloc a holds an allocation already", "line 3: cpu 7: the machine has processors",
      "line 4: fill b holds nothing", "line 5: write c never had an address",
      "line 6: freeat d: the slot never had an address",
    ] { #expect(others.output.contains(words), "\(words)") }
  }

  @Test(arguments: ["", "# only a comment\n", "\n\n", "free a\nfree b\n"])
  func nothingToJudgeIsNoSuccess(_ text: String) throws {
    let run = try replay(text)
    #expect(run.code == 3)
    #expect(run.errors.contains("not judged: "))
    #expect(try JSONLine(try replay(text, ["--json"]).output).text("outcome") == "not-judged")
  }

  @Test func aConfigurationAloneJudgesItsBoot() throws {
    let run = try replay("config profile=windows-7-x86\n")
    #expect(run.code == 0)
    #expect(run.output.hasSuffix("ok, the boot of windows-7-x86\n"))
  }

  @Test func whatHasNoEffectIsSaid() throws {
    let path = try scratch.file("t.trace", Traces.healthy)
    let resize = try Command.run(["whatif", path, "--resize", "Nope:8=16"])
    #expect(resize.code == 3)
    #expect(resize.errors.contains("no request of tag 'Nope' for 8 bytes"))
    let lookaside = try Command.run(["whatif", path, "--lookaside", "Nope"])
    #expect(lookaside.code == 3)
    #expect(lookaside.errors.contains("no request of tag 'Nope'"))
    let unmapped = try Command.run(["replay", path, "--pool", "0x10"])
    #expect(unmapped.code == 3)
    #expect(unmapped.errors.contains("no page is mapped at 10"))
    let empty = try scratch.file("empty.trace", "")
    for words in [
      ["diff", empty, "--profile", "windows-xp-x86"], ["shrink", empty],
      ["whatif", empty, "--profile", "windows-xp-x86"],
    ] { #expect(try Command.run(words).code == 3, "\(words[0])") }
    #expect(try Command.run(["corpus", "verify", try scratch.folder("none")]).code == 3)
  }

  // MARK: Names and numbers

  @Test func namesOfOneLetterAndHugeNumbersCrashNothing() throws {
    for name in ["r", "é"] {
      _ = try scratch.file(name, "nonsense\n")
      for verb in ["synthesize", "replay", "inspect", "import"] {
        let run = try Command.shell("cd '\(scratch.path)' && exec \"$POOLFUZZ\" \(verb) \(name)")
        #expect(run.code < 5, "\(verb) \(name)")
      }
    }
    for words in [
      ["fuzz", "--for", "99999999999999999999h"], ["mutants", "--seeds", "4294967296"],
      ["shrink", "--challenge", "--seeds", "18446744073709551615"],
    ] { #expect(try Command.run(words).code == 2, "\(words)") }
    #expect(try Command.run(["synthesize", "-"]).code == 3)
    let shrunk = try Command.shell(
      "cd '\(scratch.path)' && printf 'alloc a NonPaged 24 Test\\nfree a\\nfreeat a\\n' > m &&"
        + " exec \"$POOLFUZZ\" shrink m --others 0 --quiet --output o")
    #expect(shrunk.code == 1)
  }
}
