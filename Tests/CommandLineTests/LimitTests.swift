import Foundation
import PoolTestSupport
import Testing

/// No input costs the machine: whoever takes the memory or the time, it comes to a message and a code.
struct LimitTests {
  /// Two gigabytes that a trace of a hundred bytes fills, in every verb that runs it; a table as large;
  /// and a file of four gigabytes that takes no room on the disk.
  @Test(
    arguments: [
      "replay large.trace", "view large.trace -o page.html", "export --kmtest large.trace",
      "diff large.trace --profile reactos-x64", "whatif large.trace --profile windows-2003-x64",
      "shrink large.trace", "explain large.trace", "corpus verify .", "replay tables.trace",
      "replay small.trace --pooltag zeroes",
    ])
  func noInputTakesMoreMemoryThanItMay(_ words: String) throws {
    let scratch = try Scratch()
    let large = """
      config profile=windows-7-x64 nonpaged_pages=1048576
      alloc a NonPaged 0x80000000 Bigg
      fill a
      free a

      """
    _ = try scratch.file("large.trace", large)
    _ = try scratch.file("small.trace", Traces.healthy)
    let tables = "config profile=windows-7-x64 nonpaged_pages=2097152 tracker=16777216\n"
    _ = try scratch.file("tables.trace", tables + "alloc a NonPaged 16 Abcd\n")
    let run = try Command.shell(
      "truncate -s 4G zeroes && exec \"$POOLFUZZ\" \(words) --memory-limit 128M",
      in: URL(filePath: scratch.path))
    #expect(run.code == 4, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("limit"), "\(run.errors)")
    #expect(run.errors.contains("--memory-limit"), "\(run.errors)")
  }

  /// A trace of minutes, in verbs that look by themselves and in one that does not.
  @Test(arguments: ["replay", "view -o page.html", "explain", "shrink"])
  func noTraceTakesLongerThanItMay(_ words: String) throws {
    let scratch = try Scratch()
    let round = "alloc a NonPaged 64 Abcd\nfree a\n"
    _ = try scratch.file("long.trace", String(repeating: round, count: 200_000))
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" \(words) long.trace --timeout 50ms", in: URL(filePath: scratch.path))
    #expect(run.code == 4, "\(run.output.prefix(300))\(run.errors)")
    #expect(run.errors.contains("long.trace") && run.errors.contains("--timeout"), "\(run.errors)")
  }

  /// What is cut off by its limit costs itself alone.
  @Test func oneTraceBeyondTheLimitKeepsNoOtherFromBeingJudged() throws {
    let scratch = try Scratch()
    let large = "config profile=windows-7-x64 nonpaged_pages=1048576\n"
    let first = try scratch.file("1.trace", large + "alloc a NonPaged 0x80000000 Bigg\n")
    let second = try scratch.file("2.trace", Traces.healthy)
    let run = try Command.run(["replay", first, second, "--memory-limit", "128M"])
    #expect(run.code == 4 && run.output.contains("2.trace: ok"), "\(run.output)\(run.errors)")
  }
}
