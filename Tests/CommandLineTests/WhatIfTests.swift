import PoolTestSupport
import Testing

/// `poolfuzz whatif`.
struct WhatIfTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func whatIf(_ trace: String, _ options: [String]) throws -> Command.Result {
    try Command.run(["whatif", try scratch.file("t.trace", trace)] + options)
  }

  private func json(
    _ trace: String, _ options: [String], code: Int32 = 0
  ) throws -> JSONLine {
    let run = try whatIf(trace, options + ["--json"])
    #expect(run.code == code)
    return try JSONLine(run.output)
  }

  /// The story in small: each request leaves a tail that a small block takes, which keeps the page.
  private static let story =
    "config profile=windows-2003-x86 lookaside=0\n"
    + (0..<8).map { "contiguous m\($0) 0xf10\nalloc s\($0) NonPaged 0xd0 Smal\n" }.joined()
    + (0..<8).map { "free m\($0)\n" }.joined() + "expect live_blocks == 100\n"

  @Test func wholePagesSaveThePagesThatTailsPinned() throws {
    let line = try json(Self.story, ["--resize", "MmCm:0xf10=0x1000"])
    #expect(line.number("before", "pages_held") == 8)
    #expect(line.number("after", "pages_held") == 1)
    #expect(line.number("pages_saved") == 7)
    #expect(line.number("bytes_wasted") == 0)
    #expect(line.number("peak_bytes_wasted") == Double(8 * 0xF0))
    let table = try whatIf(Self.story, ["--resize", "MmCm:0xf10=0x1000", "--metrics"])
    #expect(table.code == 0)
    let row = try #require(table.lines.first { $0.hasPrefix("pages_held ") })
    #expect(row.split(separator: " ") == ["pages_held", "8", "1"])
    #expect(table.output.contains("pages saved: 7 at the end"))
    #expect(!table.output.contains("nonpaged."))
    let prefixed = try whatIf(
      Self.story, ["--metrics", "tag.Smal", "--resize", "MmCm:0xf10=0x1000"])
    #expect(prefixed.lines.contains { $0.hasPrefix("tag.Smal.live_blocks ") })
    #expect(!prefixed.output.contains("\npages_held "))
    let all = try whatIf(Self.story, ["--metrics=all", "--resize", "MmCm:0xf10=0x1000"])
    #expect(all.output.contains("\nnonpaged.pages_held ") && all.output.contains("\npages_held "))
  }

  /// The figures of the sentences are those of the object.
  @Test func theAnswerIsThreeSentences() throws {
    let run = try whatIf(Self.story, ["--resize", "MmCm:0xf10=0x1000"])
    #expect(
      run.lines == [
        "It saves 7 of 8 pages at the end (28 KiB of 32 KiB), and holds 1 more at the peak,"
          + " beside 8.",
        "It costs what callers then hold beyond what they asked for: nothing at the end, 1.9 KiB"
          + " more at the peak.",
        "8 requests of MmCm for 3856 bytes ask for 4096, a page of their own, in which no other"
          + " block can settle and keep it; pages less than a tenth full go from 8 to 0.",
      ])
    let line = try json(Self.story, ["--resize", "MmCm:0xf10=0x1000"])
    #expect(line.texts("answer") == run.lines)
    let other = try whatIf(Self.story, ["--profile", "windows-2003-x64"])
    #expect(other.lines.count == 3)
    #expect(other.lines[2].hasPrefix("windows-2003-x64 has headers of 16 bytes and steps of 16"))
  }

  @Test func whatMovingCouldGain() throws {
    let nonPaged = try whatIf(Self.story, ["--move"])
    #expect(nonPaged.code == 0)
    #expect(
      nonPaged.lines.first?.hasPrefix(
        "Nonpaged pool: small blocks hold 8 pages at the end and need 1, so moving them would gain 7"
          + " at most (28 KiB of 32 KiB)") == true)
    #expect(nonPaged.output.contains("Nonpaged memory must not be moved"))
    let paged =
      "config profile=windows-2003-x86 lookaside=0 paged_pools=1\n"
      + (0..<8).map { "alloc m\($0) Paged 0xf10 Larg\nalloc s\($0) Paged 0xd0 Smal\n" }.joined()
      + (0..<8).map { "free m\($0)\n" }.joined()
    let line = try json(paged, ["--move"])
    #expect(line.number("paged", "held") == 8 && line.number("paged", "packed") == 1)
    #expect(line.number("paged", "largest_gain") == 7)
    #expect(line.number("paged", "largest_operation") == 24)
    #expect(line.number("nonpaged", "held") == 0)
    #expect(try whatIf(paged, ["--move", "--lookaside", "Smal"]).code == 2)
  }

  @Test func whetherSpecialPoolCouldBeBorne() throws {
    let run = try whatIf(Self.story, ["--special-pool", "Smal"])
    #expect(run.code == 0)
    #expect(
      run.lines == [
        "Special pool for Smal holds 8 blocks at the peak, each on a page of its own: 32 KiB of memory"
          + " and 64 KiB of addresses, for what takes 1.7 KiB in ordinary pool.",
        "The machine could bear it: within the limit of 16384 blocks (128 MiB of addresses) it serves"
          + " all 8 requests that it is for.",
        "Ordinary pool then holds 8 pages at its peak instead of 8.",
      ])
    let few = try json(Self.story, ["--special-pool", "Smal", "--special-pages", "4"])
    #expect(few.number("served") == 4 && few.number("requests") == 8)
    #expect(few.texts("answer")?[1].contains("could not bear it") == true)
    #expect(try whatIf(Self.story, ["--special-pool", "None"]).code == 3)
    #expect(try whatIf(Self.story, ["--special-pool", "toolong"]).code == 2)
    #expect(try whatIf(Self.story, ["--special-pages", "4"]).code == 2)
    // The paged pool takes addresses that special pool would have.
    let crowded = try json(
      Self.story.replacing("lookaside=0", with: "lookaside=0 paged_pages=60000"),
      ["--special-pool", "Smal"])
    #expect(crowded.number("special_pool_limit") == 8192)
    #expect(crowded.texts("answer")?[1].contains("the machine's pools leave no room") == true)
    let broken = Self.story.replacing("expect live", with: "write s0 0xd0 00\nexpect live")
    let caught = try whatIf(broken, ["--special-pool", "Smal"])
    #expect(caught.lines.last?.hasPrefix("With it the trace stops at operation 25: ") == true)
  }

  @Test func whatWasNotJudgedHasNoAnswer() throws {
    let run = try whatIf(Self.story, ["--resize", "MmCm:0xf11=0x1000"])
    #expect(run.code == 3)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("--resize changes nothing"))
  }

  @Test func onlyTheNamedRequestsChange() throws {
    for resize in ["MmCm:0xf11=0x1000", "MmCn:0xf10=0x1000", "Smal:0xf10=0x1000"] {
      let line = try json(Self.story, ["--resize", resize], code: 3)
      #expect(line.number("pages_saved") == 0)
      #expect(line.number("peak_bytes_wasted") == 0)
    }
    let trace = "alloc a NonPaged 100 'A  '\nalloc b NonPaged 100 Bcde\nalloc c NonPaged 8 Bcde\n"
    let line = try json(trace, ["--resize", "'A  ':100=0x80", "--resize", "Bcde:8=10"])
    #expect(line.number("bytes_wasted") == Double(28 + 2))
    // Several changes behind one option.
    #expect(try json(trace, ["--resize", "A:100=128", "Bcde:8=10"]).number("bytes_wasted") == 30)
  }

  @Test func aLookasideListKeepsBlocksForTheNextRequest() throws {
    let trace = """
      config profile=windows-2003-x86 lookaside=0
      alloc a NonPaged 100 Look
      alloc b NonPaged 100 Othr
      free a
      free b
      alloc a NonPaged 100 Look
      alloc a NonPaged 100 Look
      alloc c NonPaged 100 Look
      free c
      free c
      write c 0 00
      free a

      """
    let line = try json(trace, ["--lookaside", "Look"])
    #expect(line.number("before", "live_blocks") == 0)
    #expect(line.number("after", "live_blocks") == 2)
    #expect(line.number("after", "tag.Look.live_blocks") == 2)
    #expect(line.number("bytes_wasted") == 200)
    let text = try whatIf(trace, ["--lookaside", "Look"])
    #expect(
      text.output.contains("Look answered 1 request with freed blocks, and 2 blocks wait on them"))
    let shallow = try whatIf(trace, ["--lookaside", "Look", "--depth", "1"])
    #expect(shallow.output.contains("1 request with freed blocks, and 1 block waits"))
    let none = try json(trace, ["--lookaside", "Look", "--depth", "0"])
    #expect(none.number("after", "live_blocks") == 0)
  }

  @Test func anotherProfileIsAChange() throws {
    let line = try json(Self.story, ["--profile", "windows-2003-x64"])
    let before = try #require(line.number("before", "live_block_bytes"))
    let after = try #require(line.number("after", "live_block_bytes"))
    #expect(after > before)
  }

  @Test func aStoppedKernelIsTold() throws {
    let run = try whatIf(Traces.doubleFree, ["--resize", "Abcd:1=2"])
    #expect(run.code == 1)
    #expect(run.errors.contains("before the change: operation 4: bug check 0xc2"))
    #expect(run.errors.contains("after the change: operation 4: bug check 0xc2"))
    #expect(try whatIf("nonsense\n", ["--resize", "Abcd:1=2"]).code == 3)
  }
}
