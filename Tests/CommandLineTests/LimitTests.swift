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

  /// A trace of a campaign that takes too long is filed as what it is, left out, and the campaign goes on
  /// to its end: here all of them do, each in a process that the next one takes the place of.
  @Test func aTraceThatTakesTooLongEndsNoCampaign() throws {
    let scratch = try Scratch()
    let words = "fuzz --mix small-lists --operations 4000 --traces 3 --jobs 1 --seed 1 --canary 0"
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" \(words) --timeout 2ms --quiet --corpus c",
      in: URL(filePath: scratch.path))
    #expect(run.code == 1, "\(run.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/c/found")
    #expect(names == ["limit.time"])
    let traces = try FileManager.default.contentsOfDirectory(
      atPath: scratch.path + "/c/found/limit.time")
    #expect(traces.count == 3 && run.errors.contains("takes longer than 0.002 s (--timeout)"))
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/c/fuzz")
    #expect(!left.contains { $0.hasSuffix(".campaign") })
  }

  /// A limit of the file's size is an error of the write, with a message, and leaves nothing behind.
  @Test func aFileThatMayNotGrowIsAnError() throws {
    let scratch = try Scratch()
    let run = try Command.shell(
      "ulimit -f 8; exec \"$POOLFUZZ\" adversary staircase --peak-live 65536 -o a.trace",
      in: URL(filePath: scratch.path))
    #expect(run.code == 4 && run.errors.contains("a.trace: "), "\(run.code): \(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
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
