import Foundation
import PoolTestSupport
import Testing

/// The share of the proved bound, wherever a trace is replayed.
struct BoundShareTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static let tails =
    "config profile=windows-7-x86 lookaside=0\nalloc a NonPaged 5000 Abcd\nfree a\n"

  private func run(
    _ verb: String, _ trace: String, _ options: [String]
  ) throws -> Command.Result {
    try Command.run([verb, try scratch.file("t.trace", trace)] + options)
  }

  private func bound(_ line: String, _ name: String = "bound") throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
    return try #require((object as? [String: Any])?[name] as? [String: Any])
  }

  /// What `bound` says of the same cap, for a comparison that no number is copied into.
  private func proved(_ bytes: Int) throws -> Int {
    let run = try Command.run(
      ["bound", "--profile", "windows-2003-x86", "--peak-live", String(bytes), "--json"])
    return Int(try #require(try JSONLine(run.output).number("upper_bound_pages")))
  }

  @Test func replayTellsTheShare() throws {
    let proved = try proved(7984)
    let json = try bound(try run("replay", Traces.pinned, ["--json"]).output)
    #expect(json["pages"] as? Int == proved)
    let share = try #require(json["share"] as? Double)
    #expect(abs(share - 2 / Double(proved)) < 1e-12)
    let proofs = try #require(json["proofs"] as? [[String: Any]])
    #expect(proofs.count == 1 && proofs[0]["pool"] as? String == "nonpaged")
    #expect(proofs[0]["peak_live_bytes"] as? Int == 7984)
    let lines = try run("replay", Traces.pinned, ["--metrics"]).lines
    #expect(lines.contains("proved_bound_pages \(proved)"))
    #expect(lines.contains("gap_bytes 8144"))
    #expect(lines.contains { $0.hasPrefix("# proved bound of nonpaged: last-closing at 7984") })
  }

  /// The descriptor counts fewer than no pages then; four thousand million are no breach of a proof.
  @Test func aCounterBelowZeroIsNoBreach() throws {
    let trace = """
      config profile=reactos-x64 lookaside=0 fill=off
      alloc a NonPaged 8000 Big0
      alloc b NonPaged 8000 Big0
      free b
      freeat b
      free a

      """
    let run = try run("replay", trace, ["--check", "off", "--metrics"])
    #expect(run.code == 0)
    #expect(run.lines.contains("proved_bound_pages -"))
    #expect(run.output.contains("# no bound is proved: the pool was corrupted"))
  }

  @Test func theRequestIsAnOption() throws {
    // The holes of both pages take a block of half a page; none takes 0xfe8 bytes, a block of 4,080.
    let half = try run("replay", Traces.pinned, ["--metrics"]).lines
    #expect(half.contains("fragmentation_index -1.0000"))
    let whole = try run("replay", Traces.pinned, ["--metrics", "--request", "0xfe8"]).lines
    #expect(whole.contains("unusable_free_space 1.0000"))
    #expect(
      try run("view", Traces.pinned, ["--text", "--request", "0xfe8"]).output
        .contains("  unusable_free_space 1.0000\n"))
    let compared = try run(
      "whatif", Traces.pinned, ["--profile", "windows-xp-x86", "--request", "0xfe8", "--metrics"])
    #expect(
      compared.lines.contains { $0.hasPrefix("unusable_free_space ") && $0.hasSuffix(" 1.0000") })
    #expect(try run("replay", Traces.pinned, ["--request", "x"]).code == 2)
  }

  @Test func whatIsNotCoveredSaysSo() throws {
    let reason = "large allocations leave tails that become small blocks"
    let json = try bound(try run("replay", Self.tails, ["--json"]).output)
    #expect(json["pages"] is NSNull && json["share"] is NSNull)
    #expect(json["reason"] as? String == reason)
    let text = try run("replay", Self.tails, ["--metrics"])
    #expect(text.lines.contains("proved_bound_pages -"))
    #expect(text.output.contains("# no bound is proved: " + reason))
    // A pool that is broken is not held against a proof either.
    let broken = try bound(try run("replay", Traces.overrun, ["--json"]).output)
    #expect(broken["reason"] as? String == "the pool was corrupted")
  }

  @Test func bothSidesOfAComparison() throws {
    let arguments = ["--resize", "MmCm:0xf10=0x1000"]
    let run = try run("whatif", Traces.pinned, arguments + ["--metrics"])
    let before = try proved(7984)
    let after = try proved(8192 + 24 + 208 + 24)
    let row = try #require(run.lines.first { $0.hasPrefix("proved_bound_pages ") })
    #expect(row.split(separator: " ") == ["proved_bound_pages", "\(before)", "\(after)"])
    #expect(run.output.contains("before: proved bound of nonpaged: "))
    let json = try self.run("whatif", Traces.pinned, arguments + ["--json"]).output
    #expect(try bound(json, "bound_before")["pages"] as? Int == before)
    #expect(try bound(json, "bound_after")["pages"] as? Int == after)
  }

  /// The bound grows with the peak of what is live and never falls.
  @Test func theCurveOfTheBound() throws {
    let output = try run("view", Traces.pinned, ["--json"]).output
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
    let moments = try #require(object?["over_time"] as? [[Any]])
    let bounds = moments.dropFirst().compactMap { $0[3] as? Int }
    let peaks = [3864, 3888, 7752, 7960, 7984, 7984, 7984, 7984]
    #expect(bounds == (try peaks.map { try proved($0) * 4096 }))
    #expect(try bound(output)["pages"] as? Int == bounds.last.map { $0 / 4096 })
    let picture = try run("view", Traces.pinned, ["--svg", "time"]).output
    #expect(picture.contains("bound-line") && picture.contains("most that any trace"))
    let text = try run("view", Traces.pinned, ["--text"])
    #expect(text.output.contains("held/in use     most\n"))
    #expect(text.output.contains("\nmetrics at the end\n"))
    #expect(text.lines.contains("  proved_bound_pages \(try proved(7984))"))
  }

  @Test func withoutABoundThereIsNoCurve() throws {
    let output = try run("view", Self.tails, ["--json"]).output
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
    let moments = try #require(object?["over_time"] as? [[Any]])
    #expect(moments.dropFirst().allSatisfy { $0[3] is NSNull })
    #expect(try run("view", Self.tails, ["--text"]).output.contains("no bound is proved: "))
    #expect(try !run("view", Self.tails, ["--svg", "time"]).output.contains("bound-line\" d"))
  }

  @Test func thePageHasTheMetrics() throws {
    let page = try run("view", Traces.pinned, []).output
    #expect(page.contains("[\"gap_bytes\",\"8144\"]"))
    #expect(page.contains("\"boundNote\":\"proved bound of nonpaged: last-closing at 7984 bytes\""))
    #expect(!page.contains("\"bound\":null"))
  }

  /// A page that counts twice is more than one block of 16 bytes can hold: without a verdict the
  /// share says so.
  @Test func moreThanIsProvedIsShown() throws {
    let trace = "config profile=windows-2003-x86 lookaside=0\nalloc a NonPaged 8 Abcd\n"
    let off = ["--check", "off", "--metrics"]
    #expect(try run("replay", trace, off).output.contains("share_of_bound 1.0000\n"))
    let mutant = try run("replay", trace, off + ["--mutant", "pages-counted-twice"])
    #expect(mutant.code == 0)
    #expect(mutant.output.contains("share_of_bound 2.0000\n"))
  }
}
