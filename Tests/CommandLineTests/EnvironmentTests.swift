import Foundation
import PoolTestSupport
import Testing

/// Days on which the machine does not play along.
struct EnvironmentTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Much more output than a pipe holds.
  private func longTrace() throws -> String {
    try scratch.file("long.trace", Traces.churn(20_000))
  }

  @Test func aClosedPipeEndsQuietly() throws {
    let path = try longTrace()
    let run = try Command.shell(
      "{ \"$POOLFUZZ\" replay --state --check off '\(path)'; echo \"code $?\" >&2; } | head -n 1")
    #expect(run.lines.count == 1)
    #expect(run.errors == "code 0\n")
  }

  @Test func aFullDiskIsTold() throws {
    let path = try longTrace()
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" replay --state --check off '\(path)' > /dev/full")
    #expect(run.code == 4)
    #expect(
      run.errors == "poolfuzz: standard output: No space left on device; nothing more is printed\n")
    let short = try Command.shell("exec \"$POOLFUZZ\" --version > /dev/full")
    #expect(short.code == 4)
  }

  /// What a campaign finds is filed, and its exit code says so, whoever reads its lines.
  @Test(arguments: ["> /dev/full", ">&-", "| true", "> /dev/full 2>&-"])
  func aCampaignDoesNotDependOnItsReader(_ output: String) throws {
    let corpus = scratch.path + "/corpus"
    let run = try Command.shell(
      """
      { "$POOLFUZZ" fuzz --mutant free-not-counted --seed 1 --traces 16 --jobs 1 --canary 0 \
        --no-shrink --corpus '\(corpus)'; echo $? > '\(scratch.path)/code'; } \(output)
      """)
    #expect(try scratch.text("code") == "1\n", "\(run.errors)")
    let found = FileManager.default.enumerator(atPath: corpus + "/found")?.compactMap {
      $0 as? String
    }
    #expect(found?.contains { $0.hasSuffix(".trace") } == true)
    #expect(FileManager.default.fileExists(atPath: corpus + "/fuzz/report.md"))
  }

  /// A file that is opened when standard output is closed does not take its number, and its lines.
  @Test func whatIsPrintedLandsInNoFile() throws {
    let trace = scratch.path + "/o.trace"
    let line =
      "\"$POOLFUZZ\" adversary staircase --peak-live 4096 --trace '\(trace)'"
    #expect(try Command.shell(line + " > /dev/null").code == 0)
    let kept = try scratch.text("o.trace")
    #expect(try Command.shell(line + " >&- 2>&-").code == 0)
    #expect(try scratch.text("o.trace") == kept)
  }

  @Test func aRegionTooLargeForTheMachineIsTold() throws {
    let path = try scratch.file(
      "huge.trace", "config profile=windows-7-x64 nonpaged_pages=16777216\n")
    let run = try Command.shell("ulimit -v 4000000; exec \"$POOLFUZZ\" replay '\(path)'")
    #expect(run.code == 3)
    #expect(run.errors.contains("cannot reserve 68744794112 bytes"))
  }

  /// Sixteen gigabytes without checks; one with them, since a full check looks at the books of
  /// every page, which takes a build without optimisation seconds.
  @Test(
    arguments: ["windows-2003-x64", "windows-7-x64"], [("off", 4_194_304), ("full", 262_144)])
  func largeRegionsReplayInLittleMemory(_ profile: String, _ check: (String, Int)) throws {
    let (level, pages) = check
    let path = try scratch.file(
      "large.trace",
      """
      config profile=\(profile) nonpaged_pages=\(pages)
      alloc a NonPaged 100 Abcd
      alloc b NonPaged 0x100000 Bigg
      free a
      free b
      expect nonpaged.live_blocks == 0

      """)
    // The limit is looked at before every large operation.
    let run = try Command.run(
      ["replay", "--check", level, "--memory-limit", "0x10000000", path])
    #expect(run.code == 0)
    let verdict = level == "off" ? "not checked" : "ok"
    #expect(run.output.hasSuffix("\(verdict), 4 operations on \(profile)\n"))
    var usage = rusage()
    #expect(getrusage(__rusage_who_t(truncatingIfNeeded: RUSAGE_CHILDREN.rawValue), &usage) == 0)
    #expect(usage.ru_maxrss < 1 << 20, "no run of these tests needs a gigabyte")
  }

  @Test func aRequestBeyondTheMachinesMemoryIsRefused() throws {
    let text =
      "config profile=windows-7-x64 nonpaged_pages=4194304\n"
      + "alloc a NonPaged 0x100000000 Bigg\n"
    let path = try scratch.file("large.trace", text)
    let run = try Command.run(["replay", "--memory-limit", "0x10000000", path])
    #expect(run.code == 4)
    #expect(run.errors.contains("large.trace:2: "))
    #expect(run.errors.contains("--memory-limit"))
    let batch = try Command.run(
      ["replay", "--batch", "--memory-limit", "0x10000000"], input: text + "end\n")
    #expect(batch.code == 4)
    #expect(try JSONLine.all(batch.output).map { $0.text("outcome") } == ["error"])
  }

  @Test func misplacedTablesAreAnnounced() throws {
    let text = "config profile=reactos-x64 nonpaged_pages="
    let large = try scratch.file("large.trace", text + "1048700\n")
    let run = try Command.run(["replay", "--state", "--check", "off", large])
    #expect(run.code == 0)
    #expect(run.lines.contains { $0.hasPrefix("# init tracker np+0x67000 ") })
    let note = try #require(run.lines.first { $0.hasPrefix("# note ") })
    #expect(note.contains("misplaced"))
    let shown = try Command.run(["replay", "--show-config", "--check", "off", large])
    #expect(shown.lines.contains(note))
    let small = try scratch.file("small.trace", text + "1048500\n")
    let quiet = try Command.run(["replay", "--state", "--check", "off", small])
    #expect(quiet.lines.contains { $0.hasPrefix("# init tracker np+0xfff9f000 ") })
    #expect(!quiet.output.contains("# note"))
  }
}
