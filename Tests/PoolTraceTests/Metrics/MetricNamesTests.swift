import KernelPool
import PoolWalk
import Testing

@testable import PoolTrace

/// Names, text and JSON of metrics.
@Suite struct MetricNamesTests {
  /// The names are a contract with scripts; this list is written from it.
  @Test func namesOfTheContract() {
    let contract = """
      pages_held bytes_held live_blocks live_block_bytes live_requested_bytes peak_pages_held \
      peak_live_block_bytes peak_live_requested_bytes held_over_live held_over_peak free_bytes \
      largest_free_block_bytes external_fragmentation internal_waste_bytes pinned_pages \
      packed_pages big_pages lookaside_bytes deferred_bytes average_held_over_live \
      held_over_live_at_peak_live held_over_live_at_peak_held peak_held_over_peak_live gap_bytes \
      fragmentation_index unusable_free_space pins_per_page parked_pages held_over_live_and_parked
      """
    #expect(MetricName.allCases.map(\.rawValue) == contract.split(separator: " ").map(String.init))
  }

  @Test(arguments: [
    ("pages_held", MetricKey(.all, .pagesHeld)),
    ("nonpaged.free_bytes", MetricKey(.pool(.nonPaged), .freeBytes)),
    ("paged.pinned_pages", MetricKey(.pool(.paged), .pinnedPages)),
    ("session.live_blocks", MetricKey(.pool(.session), .liveBlocks)),
    ("tag.MmCm.live_blocks", MetricKey(.tag(PoolTag("MmCm")), .liveBlocks)),
    ("tag.Io.big_pages", MetricKey(.tag(PoolTag("Io")), .bigPages)),
    ("tag.\\x20\\x20rx.live_blocks", MetricKey(.tag(PoolTag("  rx")), .liveBlocks)),
    ("tag.\\x20.live_blocks", MetricKey(.tag(PoolTag("")), .liveBlocks)),
    ("tag.a\\x2eb\\x00.live_blocks", MetricKey(.tag(PoolTag(word: 0x0062_2E61)), .liveBlocks)),
  ])
  func keysReadBack(_ text: String, _ key: MetricKey) {
    #expect(MetricKey(text) == key)
    #expect(key.text == text)
  }

  @Test(arguments: [
    "", ".", "pages", "Pages_held", "pages_held ", "nonpaged", "nonpaged.", "other.pages_held",
    "tag.pages_held", "tag..pages_held", "tag.MmCmX.live_blocks", "tag.Mm Cm.live_blocks",
    "tag.\\x4.live_blocks", "tag.\\xg0.live_blocks", "tag.\\.live_blocks",
    "tag.\\x+1.live_blocks", "tag.MmCm.free_bytes", "tag.MmCm.peak_pages_held",
    "tag.MmCm.live_blocks.x", "nonpaged.tag.MmCm.live_blocks",
  ])
  func wrongNames(_ text: String) { #expect(MetricKey(text) == nil) }

  @Test func valuesAsText() {
    #expect(MetricValue.count(.max).text == "18446744073709551615")
    #expect(MetricValue.ratio(0).text == "0.0000")
    #expect(MetricValue.ratio(2.0 / 3).text == "0.6667")
    #expect(MetricValue.ratio(0.99999).text == "1.0000")
    #expect(MetricValue.ratio(211.6).text == "211.6000")
    #expect(MetricValue.ratio(0x1p60).text == "1152921504606846976.0000")
    #expect(MetricValue.ratio(-1).text == "-1.0000")
    #expect(MetricValue.ratio(-0.28308).text == "-0.2831")
    #expect(MetricValue.ratio(1e300).text == "9223372036854775808.0000")
  }

  @Test func textAndJson() throws {
    var pool = try MeasuredPool(.reactosX86)
    _ = try pool.allocate(0x10, PoolTag("Io"))
    _ = try pool.allocate(0x10, PoolTag("A.b"))
    let metrics = pool.metrics
    let lines = metrics.text.split(separator: "\n")
    #expect(lines.count == 3 * MetricName.allCases.count + 2 * 14)
    #expect(lines[0] == "pages_held 1")
    #expect(lines[MetricName.allCases.count] == "nonpaged.pages_held 1")
    #expect(lines.contains("tag.A\\x2eb.live_blocks 1"))
    let names = lines.map { $0.split(separator: " ")[0] }
    #expect(Set(names).count == names.count)
    for name in names { #expect(metrics[String(name)] != nil, "\(name)") }
    #expect(metrics.json.hasPrefix("{\"pages_held\":1,\"bytes_held\":4096,\"live_blocks\":2,"))
    #expect(metrics.json.contains(",\"tag.A\\\\x2eb.live_blocks\":1,"))
    #expect(metrics.json.contains("\"held_over_live\":85.3333,"))
    #expect(metrics.json.hasSuffix("}"))
    #expect(metrics["session.pages_held"] == nil)
    #expect(metrics["tag.Nope.pages_held"] == .count(0))
    #expect(metrics["tag.Nope.held_over_live"] == .ratio(0))
  }
}
