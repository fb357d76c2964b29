import Foundation
import KernelPool
import PoolTestSupport
import Testing

/// `inspect`, `import` and `explain`: what they read, what they refuse, how they end.
@Suite struct InspectTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func theEndTellsWhatWasJudged() throws {
    let whole = "NonPagedPool Usage: 25463 ( 101852 Kb)\nPhysical Memory: 1000000 ( 4000000 Kb)\n"
    let ends: [(String, Int32, String)] = [
      ("BugCheck 19, {20, fffffa800002eee0, fffffa800002ef70, 2090006}\n", 1, "Found:"),
      (whole, 0, "Nothing wrong is visible"),
      ("prose and nothing else\n", 3, "Not judged:"),
      ("BugCheck C2, {1234, ffff808ac4657900, 0, 0}\n", 3, "Not judged:"),
      ("", 3, "Not judged:"),
    ]
    for (text, code, words) in ends {
      let run = try Command.run(["inspect", "-"], input: text)
      #expect(run.code == code && run.output.hasPrefix(words), "\(text)")
      let json = try Command.run(["inspect", "--json", "-"], input: text)
      let outcome = code == 0 ? "held" : code == 1 ? "found" : "not-judged"
      #expect(json.code == code && json.output.contains("\"outcome\":\"\(outcome)\""), "\(text)")
    }
    #expect(try Command.run(["inspect", "/nowhere/to/be/found"]).code == 4)
    #expect(try Command.run(["inspect"]).code == 2)
    #expect(
      try Command.run(["inspect", "--strict", "-"], input: whole + "fa808000 size: oops\n").code
        == 3)
  }

  /// Of a dump whose memory is not read the header still tells the bug check.
  @Test func theHeaderOfADumpIsJudged() throws {
    var bytes = Array("PAGEDU64".utf8) + [UInt8](repeating: 0, count: 0x2000 - 8)
    func put(_ value: UInt64, at offset: Int) {
      for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }
    put(17_763 << 32, at: 8)
    put(0x19, at: 0x38)
    put(0x20, at: 0x40)
    put(0xFFFF_FA80_0002_EEE0, at: 0x48)
    put(0xFFFF_FA80_0002_EF70, at: 0x50)
    put(0x0209_0006, at: 0x58)
    put(3, at: 0xF98)
    let path = try scratch.file("MEMORY.DMP", bytes)
    let run = try Command.run(["inspect", path])
    #expect(run.code == 1)
    #expect(run.output.hasPrefix("Found:"))
    for words in ["64-bit Windows kernel, header only; build 17763", "nothing is read"] {
      #expect(run.output.contains(words), "\(words)")
    }
    let json = try Command.run(["inspect", "--json", path])
    #expect(json.code == 1)
    #expect(json.output.contains("\"kind\":\"dump\""))
    #expect(json.output.contains("\"outcome\":\"found\""))
  }

  @Test func whatIsNoTextIsNamedAndRefused() throws {
    let files: [([UInt8], String)] = [
      (Array("PAGEDU64".utf8) + [UInt8](repeating: 0, count: 4_088), "crash dump"),
      ([0x1F, 0x8B, 8, 0, 1, 2, 3, 4, 5], "gzip"),
      ([0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0, 1], "Zstandard"),
    ]
    for (bytes, words) in files {
      let path = try scratch.file("some.bin", bytes)
      for verb in ["inspect", "import"] {
        let run = try Command.run([verb, path])
        #expect(run.code == 3 && run.errors.contains(words), "\(verb) \(words)")
      }
    }
  }

  @Test func aFileInUTF16IsRead() throws {
    let text = "BugCheck D5, {fffff980143dc000, 0, fffff8800a1b2c3d, 0}\r\n"
    let units = [0xFEFF] + Array(text.utf16)
    let path = try scratch.file("wide.txt", units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    let run = try Command.run(["inspect", path])
    #expect(run.code == 1 && run.output.contains("P2: 0x0: a read"))
  }

  @Test func aFolderIsASeriesAndALeakEndsLikeAFinding() throws {
    func table(_ blocks: Int) -> String {
      "Tag,Type,Allocs,Frees,Bytes\nLeak,Paged,\(blocks),0,\(blocks * 1_000)\n"
    }
    for (hour, blocks) in [(10, 1_000), (11, 5_000), (12, 9_000)] {
      _ = try scratch.file("pool-20260105-\(hour)0000.csv", table(blocks))
    }
    let series = try Command.run(["inspect", scratch.path])
    #expect(series.code == 1 && series.output.contains("in every one of 3 snapshots"))
    #expect(series.output.contains("1.1 allocations and 1,111.1 bytes a second"))
    let first = try scratch.file("a.csv", table(1_000))
    let second = try scratch.file("b.csv", table(9_000))
    let two = try Command.run(["inspect", "--before", first, "--after", second, "--seconds", "60"])
    #expect(two.code == 1 && two.output.contains("leak-candidate"))
    let same = try Command.run(["inspect", "--before", first, "--after", first])
    #expect(same.code == 0)
    let tags = try scratch.file("pooltag.txt", "Leak - mine.sys - My objects\n")
    let owned = try Command.run(["inspect", "--tags", tags, "--series", first, second])
    #expect(owned.code == 1 && owned.output.contains("owner: My objects (mine.sys)"))
    #expect(try Command.run(["inspect", "--tags", first, second]).code == 3)
  }

  /// Files of a folder that are no tables of tags are one state: each counts, as if it were named.
  @Test func everyFileOfAFolderIsJudged() throws {
    let incident = Manual.package.appendingPathComponent("Corpus/incident").path
    let folder = try scratch.folder("folder")
    for (name, sources) in [("a.txt", ["vm", "poolused"]), ("b.txt", ["page-fa808000"])] {
      let text = try sources.map {
        try String(contentsOfFile: "\(incident)/\($0).listing.txt", encoding: .utf8)
      }
      _ = try scratch.file("folder/\(name)", text.joined(separator: "\n"))
    }
    let all = try Command.run(["inspect", folder])
    #expect(all.code == 1 && all.output.hasPrefix("Found: The nonpaged pool holds"))
    #expect(all.output.contains("a.txt:1: !vm") && all.output.contains("b.txt:1: !pool page"))
    let series = try Command.run(["inspect", "--series", folder])
    #expect(
      series.code == 1 && series.output.contains("Found: Before the last state: The nonpaged"))
    #expect(series.output.contains("Series of 2 files, judged at the last: \(folder)/b.txt"))
    _ = try scratch.file("folder/notes.md", "prose\n")
    let unread = try Command.run(["inspect", folder])
    #expect(
      unread.code == 1 && unread.output.contains("Nothing was recognised in \(folder)/notes.md."))
  }

  /// A table that only rose and fell again is no finding of an earlier state.
  @Test func whatTablesSaidEarlierTheCourseSaysBetter() throws {
    let columns = "Tag,Type,Allocs,Frees,Bytes\n"
    let earlier = try scratch.file("1.csv", columns + "Big,Paged,200010,10,900000000\n")
    let later = try scratch.file("2.csv", columns + "Big,Paged,200010,200009,100000\n")
    #expect(try Command.run(["inspect", earlier]).code == 1)
    let series = try Command.run(["inspect", "--series", earlier, later])
    #expect(!series.output.contains("Before the last state"), "\(series.output)")
  }

  @Test func anImportThatKeepsNothingFails() throws {
    let kept = try Command.run(["import", "-"], input: "op,id,size\nalloc,1,64\nfree,1,\n")
    #expect(kept.code == 0 && kept.output.contains("alloc s0 NonPaged 64"))
    let nothing = try Command.run(["import", "-"], input: "op,id,size\nfree,1,\n")
    #expect(nothing.code == 3 && nothing.errors.contains("no allocation and no free"))
    let totals = try Command.run(["import", "-"], input: "desc: x\ntime=0\nmem_heap_B=0\n")
    #expect(totals.code == 3 && totals.errors.contains("totals of massif"))
    #expect(try Command.run(["import", "-"], input: "prose\n").code == 3)
  }

  @Test func aSizeIsExplained() throws {
    let run = try Command.run(["explain", "size", "0x1F0"])
    #expect(run.code == 0)
    #expect(
      run.output.contains("windows-7-x64: 0x200 bytes, 16 of header, 0 wasted, list 32, lookaside"))
    #expect(
      try Command.run(["explain", "size", "0x1F0", "--json"]).lines.count
        == Profile.all.count + 1)
    let one = try Command.run(["explain", "size", "0xF18", "--profile", "windows-7-x86", "--json"])
    #expect(one.lines.count == 1 && one.output.contains("\"page_remainder_bytes\":224"))
    #expect(try Command.run(["explain", "x.trace", "--profile", "windows-7-x86"]).code == 2)
    #expect(try Command.run(["explain", "size", "many"]).code == 2)
    #expect(try Command.run(["explain"]).code == 2)
  }
}
