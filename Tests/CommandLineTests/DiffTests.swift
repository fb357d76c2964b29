import PoolTestSupport
import Testing

/// `poolfuzz diff`.
struct DiffTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func diff(_ trace: String, _ options: [String]) throws -> Command.Result {
    try Command.run(["diff", try scratch.file("t.trace", trace)] + options)
  }

  /// Exact fits: one of these kernels begins its search one list later (pool facts), so the same
  /// request is answered from the same page at another place.
  private static let reuse = """
    config init=none lookaside=0
    alloc a NonPaged 104 Abcd
    alloc b NonPaged 104 Abcd
    alloc c NonPaged 104 Abcd
    free b
    alloc d NonPaged 104 Abcd
    expect ok nobody

    """

  @Test func equalAnswersAreTold() throws {
    let run = try diff(Self.reuse, ["--profile", "windows-2003-x86"])
    #expect(run.code == 0)
    #expect(
      run.output.hasSuffix("windows-2003-x86 and windows-2003-x86 answer all 5 operations alike\n"))
    #expect(try diff(Self.reuse, ["--profile", "windows-2003-x86", "--quiet"]).output.isEmpty)
  }

  @Test func theFirstDifferenceIsShownWithBothPages() throws {
    let options = ["--profile", "windows-2003-x86", "--profile", "reactos-x86"]
    let run = try diff(Self.reuse, options)
    #expect(run.code == 1)
    #expect(run.lines[0].hasSuffix("t.trace:6: operation 5: alloc d NonPaged 104 Abcd"))
    #expect(run.lines[1].hasPrefix("  windows-2003-x86: an allocation at np+0x"))
    #expect(run.lines[2].hasPrefix("  reactos-x86: an allocation at np+0x"))
    let sides = run.lines[3].split(separator: "|")
    #expect(sides.count == 2)
    #expect(sides[1] == " reactos-x86")
    let rows = run.lines.dropFirst(4).map {
      $0.split(separator: "|", omittingEmptySubsequences: false)
    }
    #expect(rows.allSatisfy { $0.count == 2 && $0[0].count == rows.first?[0].count })
    for side in 0...1 {
      #expect(rows.contains { $0[side].contains("(Allocated) *Abcd") })
    }
    let json = try JSONLine(try diff(Self.reuse, options + ["--json"]).output)
    #expect(json.number("operation") == 5)
    #expect(json.number("line") == 6)
    #expect(json.texts("answers")?.count == 2)
    #expect(json.texts("pages")?.allSatisfy { $0.contains("Abcd") } == true)
  }

  /// A free of what was never allocated: the page that it is about is shown for frees as well.
  @Test func freesAreCompared() throws {
    let trace = "config init=none lookaside=0\nalloc a NonPaged 104 Abcd\nfree a\nfreeat a\n"
    let run = try diff(trace, ["--profile", "windows-2003-x86", "--profile", "windows-2000-x86"])
    #expect([0, 1].contains(run.code))
    let both = try diff(trace, ["--profile", "windows-2003-x86", "--profile", "windows-xp-x86"])
    #expect(!both.output.isEmpty)
  }

  @Test func aTraceThatIsNoneIsBadInput() throws {
    let run = try diff("nonsense\n", ["--profile", "windows-7-x86"])
    #expect(run.code == 3)
    #expect(run.errors.contains("t.trace:1:1: "))
    let large = "config profile=windows-7-x64 nonpaged_pages=4194304\n"
    let impossible = try diff(large, ["--profile", "windows-7-x86"])
    #expect(impossible.code == 3)
    #expect(impossible.errors.contains("windows-7-x86: "))
  }
}
