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

  /// Whatever a reduction executes has the time of a trace: what has no end is filed, with what was reduced as
  /// it was found, and the campaign goes on. A sixteenth of all traces of reductions hang here.
  @Test func aReductionThatHangsEndsNoCampaign() throws {
    let scratch = try Scratch()
    let words =
      "fuzz --mutant free-not-counted --mix small-lists --seed 1 --traces 8 --jobs 1 --canary 0"
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" \(words) --timeout 300ms --json --corpus c",
      environment: ["POOLFUZZ_HANG": "0"], in: URL(filePath: scratch.path))
    #expect(run.code == 1, "\(run.errors)")
    #expect(run.errors.contains("takes longer than 0.3 s (--timeout)"), "\(run.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/c/found")
    #expect(names.contains("limit.time") && names.count > 1, "\(names)")
    let events = run.output.split(separator: "\n").filter { $0.contains("\"limit.time\"") }
    #expect(!events.isEmpty && events.allSatisfy { $0.contains("\"event\":\"finding\"") })
    #expect(run.output.contains("\"event\":\"end\""))
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/c/fuzz")
    #expect(!left.contains { $0.hasSuffix(".campaign") })
  }

  /// What ends the process is filed like what has no end, from a thread beside: no trace of a night is lost with
  /// its process, in the campaign or in a reduction, and it is reduced in processes of its own.
  @Test(arguments: [1, 2]) func aCrashOfTheProcessEndsNoCampaign(jobs: Int) throws {
    let scratch = try Scratch()
    let words = "fuzz --mutant free-not-counted --mix small-lists --seed 1 --traces 16 --canary 0"
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" \(words) --jobs \(jobs) --corpus c",
      environment: ["POOLFUZZ_CRASH": " NonPaged 0 "], in: URL(filePath: scratch.path))
    #expect(run.code == 1, "\(run)")
    #expect(
      run.errors.contains(/trace \d+ ends the process with SIG\w+: c\/found\/crash/), "\(run)")
    #expect(run.errors.contains("a trace of the reduction of trace"), "\(run)")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/c/found")
    #expect(names.count { $0.hasPrefix("crash.SIG") } == 1 && names.count > 1, "\(names)")
    #expect(run.errors.contains("; \(names.count) failures found; "), "\(run.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/c/fuzz")
    #expect(!left.contains { $0.hasSuffix(".campaign") })
    let report = try scratch.text("c/fuzz/report.md")
    #expect(report.contains(/\| crash\.SIG\w+ \| - \|.* certified/), "\(report)")
  }

  /// What KILL ends says nothing; the trace that it executed lies on the disk, and who goes on names it.
  @Test func theTraceAtWhichSomebodyKilledACampaignIsNamed() throws {
    let scratch = try Scratch()
    let words =
      "fuzz --mutant free-not-counted --mix small-lists --seed 1 --traces 8 --jobs 1 --canary 0"
      + " --timeout 5s --corpus c"
    let killed = try Command.shell(
      """
      POOLFUZZ_HANG=0 "$POOLFUZZ" \(words) & pid=$!
      while kill -0 $pid && ! ls c/fuzz/*.running-*.trace; do sleep 0.01; done
      kill -KILL $pid; wait $pid
      """, in: scratch.url)
    #expect(killed.code == 137, "\(killed)")
    let folder = scratch.path + "/c/fuzz"
    func left() throws -> [String] {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      return names.filter { $0.contains(".running-") }
    }
    let name = try #require(try left().first)
    let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    #expect(text.contains("alloc "))
    let again = try Command.shell("exec \"$POOLFUZZ\" \(words)", in: scratch.url)
    #expect(again.code == 1)
    #expect(
      again.errors.contains("ended while it executed a trace: c/fuzz/\(name)"), "\(again.errors)")
    #expect(try left() == [])
  }

  @Test func shrinkKeepsWhatItCameToWhereATraceHangs() throws {
    let scratch = try Scratch()
    _ = try scratch.file(
      "t.trace",
      """
      # mutant: free-not-counted
      # failure: counters.outstanding after free
      alloc a NonPaged 24 Test
      alloc b NonPaged 300 Test
      free b
      free a

      """)
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" shrink t.trace --quiet --timeout 300ms",
      environment: ["POOLFUZZ_HANG": "1"], in: URL(filePath: scratch.path))
    #expect(run.code == 4, "\(run.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
    #expect(names == ["t.min.limit.time.trace", "t.min.trace", "t.trace"])
    #expect(run.errors.contains("t.min.limit.time.trace"), "\(run.errors)")
    let crash = try Command.shell(
      "exec \"$POOLFUZZ\" shrink t.trace --quiet -o c",
      environment: ["POOLFUZZ_CRASH": " 0 "], in: URL(filePath: scratch.path))
    #expect(crash.code == 4, "\(crash)")
    #expect(crash.errors.contains(/ends the process with SIG\w+: c.crash.SIG\w+.trace/), "\(crash)")
  }

  /// What ends the process, or has no end, is reduced and verified in processes of its own.
  @Test(arguments: [
    (["POOLFUZZ_CRASH": "alloc"], "crash.SIG" + trapSignal), (["POOLFUZZ_HANG": ""], "limit.time"),
  ])
  func whatEndsTheProcessIsReduced(environment: [String: String], name: String) throws {
    let scratch = try Scratch()
    let folder = URL(filePath: scratch.path)
    _ = try scratch.folder("k")
    let operations = (0..<8).map { "alloc s\($0) NonPaged \(24 + 16 * $0) Test\n" }.joined()
    _ = try scratch.file("t.trace", operations)
    let bare = try Command.shell(
      "exec \"$POOLFUZZ\" trace-worker 1 none 0", environment: environment, in: folder)
    #expect(bare.code == 2, "it is not for users")
    let words = "shrink t.trace --quiet --timeout 100ms --search 0 --failure \(name) -o k/m.trace"
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" \(words)", environment: environment, in: folder)
    #expect(run.code == 1, "\(run)")
    let text = try scratch.text("k/m.trace")
    #expect(text.hasPrefix("# failure: \(name)\n"), "\(text)")
    #expect(text.split(separator: "\n").count { $0.hasPrefix("alloc") } < 2, "\(text)")
    #expect(try scratch.text("k/m.certificate").contains(name))
    let verify = "exec \"$POOLFUZZ\" corpus verify --timeout 100ms k"
    let holds = try Command.shell(verify, environment: environment, in: folder)
    #expect(holds.output.contains("m.trace: holds"), "\(holds)")
    let gone = try Command.shell(verify, in: folder)
    #expect(gone.code == 1 && gone.output.contains("it does not show '\(name)'"), "\(gone)")
    let again = try Command.shell("exec \"$POOLFUZZ\" \(words)", in: folder)
    #expect(again.code == 3 && again.errors.contains("does not show '\(name)'"), "\(again)")
  }

  /// What a trap of the program ends it with.
  private static var trapSignal: String {
    #if arch(x86_64) || arch(i386)
      "ILL"
    #else
      "TRAP"
    #endif
  }

  /// A stream of a search that has no end is left out, whether or not its state has a place on a disk.
  @Test func aSearchGoesOnWithoutAStreamThatHangs() throws {
    let scratch = try Scratch()
    let words =
      "maximize --algorithm macro --peak-live 4160 --operations 4000 --seed 1 --jobs 1 --quiet"
      + " --timeout 300ms"
    let folder = URL(filePath: scratch.path)
    let plant = ["POOLFUZZ_HANG": "1"]
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" \(words) --corpus c -o m.trace", environment: plant, in: folder)
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.errors.contains("stream 1 of the search takes longer"), "\(run.errors)")
    #expect(FileManager.default.fileExists(atPath: scratch.path + "/m.trace"))
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/c/maximize")
    #expect(
      left.contains { $0.hasSuffix(".stream-1") } && !left.contains { $0.hasSuffix(".campaign") })
    let bare = try Command.shell(
      "exec \"$POOLFUZZ\" \(words) -o n.trace", environment: plant, in: folder)
    #expect(bare.code == 0 && bare.errors.contains("left out; --corpus DIR"), "\(bare.errors)")
    // So is one that ends the process.
    let crash = try Command.shell(
      "exec \"$POOLFUZZ\" \(words) -o o.trace", environment: ["POOLFUZZ_CRASH": "1"], in: folder)
    #expect(crash.code == 0 && crash.errors.contains("left out; --corpus DIR"), "\(crash.errors)")
    #expect(
      crash.errors.contains(/stream 1 of the search ends the process with SIG\w+/),
      "\(crash.errors)")
    let traces = try ["m.trace", "n.trace", "o.trace"].map {
      try String(contentsOfFile: scratch.path + "/" + $0, encoding: .utf8)
    }
    #expect(traces[0] == traces[1] && traces[0] == traces[2])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
        == ["c", "m.trace", "n.trace", "o.trace"])
  }

  /// A search over schedules has no state to go on from: the stream and the seed are named.
  @Test(arguments: ["POOLFUZZ_HANG", "POOLFUZZ_CRASH"])
  func aScheduleThatDoesNotEndIsNamed(plant: String) throws {
    let run = try Command.run(
      ["maximize", "--page-units", "24", "--smallest-units", "2", "--peak-live-units", "100"]
        + ["--operations", "100", "--seed", "9", "--jobs", "1", "--timeout", "300ms"],
      environment: [plant: "2"])
    #expect(run.code == 4, "\(run)")
    #expect(
      run.errors.contains(/stream 2 of the search of seed 9 (takes longer|ends the process)/),
      "\(run.errors)")
  }

  /// Every verb says at which file a fault of its own ends it, and the signal's number is its code.
  @Test func theFileAtWhichAFaultEndsTheProcessIsNamed() throws {
    let scratch = try Scratch()
    _ = try scratch.file("a.trace", Traces.healthy)
    _ = try scratch.file("b.trace", Traces.healthy)
    let run = try Command.shell(
      "exec \"$POOLFUZZ\" replay a.trace b.trace", environment: ["POOLFUZZ_CRASH": "b.trace"],
      in: scratch.url)
    #expect(run.code > 128, "\(run)")
    let words = /poolfuzz: b.trace: a fault of this program ends the process with SIG\w+/
    #expect(run.errors.contains(words), "\(run.errors)")
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
