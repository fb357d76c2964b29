import Foundation
import PoolTestSupport
import PoolTrace
import Testing

@testable import poolfuzz

/// Numbers with units, and what was probably meant.
struct OptionTests {
  @Test(
    arguments: [
      ("64K", 65_536), ("64k", 65_536), ("64KiB", 65_536), ("1M", 1 << 20), ("1.5G", 3 << 29),
      ("2TB", 2 << 40), ("0x10", 16), ("0x10K", 16_384), ("4096", 4096), ("12b", 12),
      ("0.5K", 512), (".5K", 512),
    ] as [(String, UInt64)])
  func sizesHaveUnits(_ text: String, _ bytes: UInt64) throws {
    #expect(try Quantity.bytes().value(of: text, for: "--x") == bytes)
  }

  @Test(arguments: [
    "", "K", "1.3", "0.1K", "1Q", "-1", "+1", "1 K", "0x", "99999999999999999999", "1e3",
    "18446744073709551615K", "1.0000000000000000000001K", "٣",
  ])
  func whatIsNoSizeIsRefused(_ text: String) {
    #expect(throws: CommandFailure.self) {
      try Quantity.bytes().value(of: text, for: "--x")
    }
  }

  @Test func aBareNumberHasTheUnitOfTheOption() throws {
    #expect(try Quantity.bytes(bareUnit: 1 << 20).value(of: "512", for: "--x") == 512 << 20)
    #expect(try Quantity.bytes(bareUnit: 1 << 20).value(of: "512K", for: "--x") == 512 << 10)
    #expect(try Quantity.pages.value(of: "260", for: "--x") == 260)
    #expect(try Quantity.pages.value(of: "2M", for: "--x") == 512)
    #expect(try Quantity.count().value(of: "20K", for: "--x") == 20_000)
    #expect(try Quantity.time().value(of: "1.5h", for: "--x") == 5_400_000)
    #expect(try Quantity.time(bareUnit: 1000).value(of: "90", for: "--x") == 90_000)
    for text in ["90", "0s", "200000d"] {
      #expect(throws: CommandFailure.self) { try Quantity.time().value(of: text, for: "--x") }
    }
    #expect(throws: CommandFailure.self) { try Quantity.count(1...8).value(of: "9", for: "--x") }
  }

  @Test(arguments: [
    ("relpay", ["replay"]), ("reply", ["replay"]), ("fuz", ["fuzz"]), ("synth", ["synthesize"]),
    ("wonderful", []), ("", []),
  ])
  func slipsAreRecognised(_ word: String, _ expected: [String]) {
    let verbs = ["replay", "fuzz", "synthesize", "view"]
    #expect(Suggestion.nearest(to: word, among: verbs) == expected)
  }

  @Test func slipsAreCounted() {
    #expect(Suggestion.distance("", "abc") == 3)
    #expect(Suggestion.distance("abc", "acb") == 1)
    #expect(Suggestion.distance("kitten", "sitting") == 3)
    #expect(Suggestion.distance("ABC", "abc") == 0)
  }

  @Test func everyNameHasOneMeaning() {
    for verb in Poolfuzz.verbs {
      let options = verb.allOptions
      let names = options.flatMap { $0.names + $0.oldNames }
      // The old name of one option may be the name of another only where its values tell them apart.
      #expect(Set(names).count == names.count, "\(verb.name): \(names.sorted())")
      #expect(options.allSatisfy { $0.name.hasPrefix("--") && $0.name.count > 2 }, "\(verb.name)")
    }
  }

  @Test func anAddressIsReadAsADebuggerPrintsIt() throws {
    #expect(GivenAddress("fa808a20")?.address == 0xfa80_8a20)
    #expect(GivenAddress("fffff8a0`00d41010")?.address == 0xffff_f8a0_00d4_1010)
    #expect(GivenAddress("0xFA808A20")?.address == 0xfa80_8a20)
    #expect(GivenAddress("page") == nil)
    let digits = try #require(GivenAddress("4202725376"))
    #expect(digits.settled { _ in true } == 0x42_0272_5376)
    #expect(digits.settled { $0 == 4_202_725_376 } == 4_202_725_376)
    #expect(digits.settled { _ in false } == 0x42_0272_5376)
  }
}

/// The command line as it is typed.
struct TypedCommandTests {
  @Test(arguments: [
    (["relpay"], "did you mean 'replay'?"),
    (["help", "shrnk"], "did you mean 'shrink'?"),
    (["replay", "--polused", "x"], "did you mean '--poolused'?"),
    (["replay", "--check", "ful", "x"], "did you mean 'full'?"),
    (
      ["replay", "--profile", "windows-7-x46", "x"],
      "did you mean 'windows-7-x86' or 'windows-7-x64'?"
    ),
    (["replay", "--mutant", "no-foward-merge", "x"], "did you mean 'no-forward-merge'?"),
    (["replay", "--mutant", "xyz", "x"], "'poolfuzz mutants --list' lists them"),
    (["fuzz", "--mix", "lookaside"], "did you mean 'lookasides'?"),
    (["import", "--format", "heaptrak", "x"], "did you mean 'heaptrack'?"),
    (["view", "--memory-limit", "lots", "x"], "64K, 1M or 2G"),
    (["fuzz", "--for", "8"], "such as 90s, 30m or 8h"),
    (["inspect", "x", "-o", "y"], "--output needs --to-trace"),
    (["relpay"], "'replay'? 'poolfuzz help' lists them\n"),
    (["profiles", "windows-11-x64"], "segment heap, which is not modelled"),
    (["replay", "--profile", "windows-10-1903-x64", "x"], "segment heap, which is not modelled"),
    (["view", "x", "--svg", "maps"], "--svg is one of map, time, pins, holes"),
    (["view", "x", "-o", "y.png"], "no PNG"),
    (["view", "x", "--target", "malloc", "-o", "y.pdf"], "no PDF"),
  ])
  func aSlipIsAnswered(_ words: [String], _ message: String) throws {
    let run = try Command.run(words)
    #expect(run.code == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    // One line that fits on a few: no list of ninety names.
    #expect(run.errors.count < 400)
  }

  @Test func helpStandsAnywhere() throws {
    let shown = try Command.run(["help", "replay"])
    let help = shown.output
    for words in [["replay", "-h"], ["replay", "x.trace", "--vm", "-h"], ["-h", "replay"]] {
      let run = try Command.run(words)
      #expect(run.code == 0)
      #expect(run.output == help)
    }
    let options = shown.lines.drop { $0 != "Options" }
    #expect(options.count > 10 && options.allSatisfy { $0.count <= 100 })
  }

  @Test func oldNamesGoOnWorkingWithAHint() throws {
    let folder = try Scratch()
    let place = folder.path + "/a.trace"
    let adversary = ["adversary", "staircase", "--peak-live", "4K"]
    let new = try Command.run(adversary + ["-o", place])
    #expect(new.code == 0)
    let written = "written to \(place)\n"
    #expect(new.errors == written)
    let trace = try folder.text("a.trace")
    for (name, hint) in [("--output", ""), ("--trace", "--trace is written --output now")] {
      let run = try Command.run(["adversary", "staircase", "--peak-live", "4096", name, place])
      #expect(run.code == 0)
      #expect(run.output == new.output)
      #expect(run.errors == (hint.isEmpty ? "" : "poolfuzz: \(hint)\n") + written)
      #expect(try folder.text("a.trace") == trace)
    }
    #expect(try Command.run(adversary + ["--trace", place, "--quiet"]).errors.isEmpty)
    #expect(try Command.run(adversary + ["--trace", place, "-o", place]).code == 2)
  }

  @Test func aMixUnderTheNameOfASystemIsAMix() throws {
    let folder = try Scratch()
    let rest = ["--traces", "16", "--seed", "3", "--operations", "16", "--corpus", folder.path]
    let old = try Command.run(["fuzz", "--profile", "small-lists"] + rest + ["--json"])
    let new = try Command.run(["fuzz", "--mix", "small-lists"] + rest + ["--json"])
    #expect(old.errors.contains("--profile small-lists is written --mix small-lists now"))
    #expect(!new.errors.contains("is written"))
    for run in [old, new] {
      #expect(run.code == 0)
      #expect(try JSONLine.all(run.output).last?.text("profile") == "small-lists")
    }
    let system = try Command.run(["fuzz", "--profile", "windows-7-x64"] + rest)
    #expect(system.code == 0)
    #expect(!system.errors.contains("is written"))
  }

  @Test func whatCanBeChosenIsListed() throws {
    let systems = try Command.run(["profiles"])
    #expect(systems.lines.count == 14)
    #expect(systems.lines.allSatisfy { $0.contains(" bit; blocks of ") })
    #expect(try JSONLine.all(Command.run(["profiles", "--json"]).output).count == 14)
    let facts = try Command.run(["profiles", "windows-vista-x86"])
    #expect(
      facts.lines.contains { $0.hasPrefix("storedPoolType  ") && $0.hasSuffix("kernel test") })
    #expect(facts.lines.contains { $0.hasPrefix("deferredFrees  ") && $0.hasSuffix("unverified") })
    #expect(facts.lines.last == "18 of 54 facts of windows-vista-x86 are unverified")
    let seven = try JSONLine.all(Command.run(["profiles", "--json", "windows-7-x64"]).output)
    let values = try seven.map { try #require($0.text("value")) }
    #expect(values.count == 54 && !values.contains { $0.isEmpty || $0.hasPrefix("?") })
    #expect(values.starts(with: ["4096", "8", "512", "16", "16 bytes"]))
    #expect(values.contains("or two") && values.contains("yes") && values.contains("4064"))
    #expect(try Command.run(["profiles", "windows-3.1"]).code == 2)
    let mixes = try Command.run(["profiles", "--mixes"])
    #expect(mixes.lines.contains { $0.hasPrefix("lookasides ") })
    let mutants = try Command.run(["mutants", "--list"])
    #expect(mutants.lines.contains { $0.hasPrefix("no-forward-merge ") })
    #expect(
      try JSONLine.all(Command.run(["mutants", "--list", "--json"]).output).count
        == mutants.lines.count)
  }

  @Test func aMissingFileIsNamedWithItsNeighbour() throws {
    let folder = try Scratch()
    _ = try folder.file("good.trace", Traces.healthy)
    let near = try Command.run(["replay", folder.path + "/god.trace"])
    #expect(near.code == 4)
    #expect(
      near.errors.contains("god.trace: No such file or directory; did you mean 'good.trace'?"))
    let nowhere = try Command.run(["replay", folder.path + "/no/good.trace"])
    #expect(nowhere.errors.contains("; there is no folder '\(folder.path)/no'"))
  }

  @Test func namesOfWindowsHeadersArePoolTypes() throws {
    let trace = "config profile=windows-2003-x86\nalloc a NonPagedPool 8 Abcd\nexpect ok a\n"
    let run = try Command.run(["replay", "-"], input: trace)
    #expect(run.code == 0, "\(run.output)\(run.errors)")
  }

  @Test func aDecimalAddressIsTakenWhereOnlyItIsMapped() throws {
    let trace = """
      config profile=windows-2003-x86 lookaside=0
      alloc a NonPaged 100 Abcd

      """
    let shown = try Command.run(["replay", "--quiet", "--pool", "a", "-"], input: trace)
    let words = try #require(shown.lines.first).split(separator: " ")
    let address = try #require(words.compactMap { UInt64($0, radix: 16) }.first { $0 > 1 << 24 })
    let run = try Command.run(["replay", "--quiet", "--pool", String(address), "-"], input: trace)
    #expect(run.output == shown.output)
    #expect(run.errors.contains("as a decimal number only"))
  }
}
