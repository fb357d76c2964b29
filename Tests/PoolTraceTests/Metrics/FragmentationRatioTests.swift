import KernelPool
import Testing

@testable import PoolTrace

/// Ratios over time and indices of free space, against figures worked out by hand.
@Suite struct FragmentationRatioTests {
  /// Four states: 4096/1024, 8192/6000, 8192/3000 and 12288/3000 held over live, and one in which
  /// nothing lives.
  @Test func theFourRatios() {
    var ratios = HeldOverLive()
    #expect(
      [ratios.average, ratios.atPeakLive, ratios.atPeakHeld, ratios.ofPeaks] == [0, 0, 0, 0])
    for (held, live) in [(4096, 1024), (8192, 6000), (8192, 3000), (4096, 0), (12288, 3000)] {
      ratios.note(held: UInt64(held), live: UInt64(live))
    }
    let found = [ratios.average, ratios.atPeakLive, ratios.atPeakHeld, ratios.ofPeaks]
    #expect(found.map { MetricValue.ratio($0).text } == ["3.0480", "1.3653", "4.0960", "2.0480"])
    // The first of several equal peaks counts.
    ratios.note(held: 12288, live: 1000)
    ratios.note(held: 4096, live: 6000)
    #expect(ratios.atPeakHeld == 4.096)
    #expect(MetricValue.ratio(ratios.atPeakLive).text == "1.3653")
  }

  /// Live after each operation: 2592, 4072, 4096, 1504 and 24 bytes, on one page throughout.
  @Test func theStorysPage() throws {
    var pool = try MeasuredPool(.windows2003x86)
    let front = try pool.allocate(0xA18, PoolTag("MFE0"))
    let rest = try pool.allocate(0x5C0, PoolTag("NtFs"))
    _ = try pool.allocate(0xA, PoolTag("ReEv"))
    pool.free(front)
    pool.free(rest)
    let metrics = pool.metrics
    let expected = [
      "average_held_over_live": "35.3952", "held_over_live_at_peak_live": "1.0000",
      "held_over_live_at_peak_held": "1.5802", "peak_held_over_peak_live": "1.0000",
      "gap_bytes": "4072", "pins_per_page": "1.0000",
      // Half a page is 2,048 bytes: the hole of 2,592 takes it, the one of 1,480 does not.
      "fragmentation_index": "-1.0000", "unusable_free_space": "0.3635",
      "nonpaged.average_held_over_live": "35.3952", "paged.average_held_over_live": "0.0000",
      "nonpaged.gap_bytes": "4072", "paged.gap_bytes": "0",
    ]
    for (name, value) in expected { #expect(metrics[name]?.text == value, "\(name)") }
    // One byte more than the larger hole takes: 1 - (1 + 4072 / 2600) / 2.
    let larger = PoolMetrics(pool.pool.view, pool.usage, requestBytes: 0xA19)
    #expect(larger["fragmentation_index"]?.text == "-0.2831")
    #expect(larger["unusable_free_space"] == .ratio(1))
    let fits = PoolMetrics(pool.pool.view, pool.usage, requestBytes: 0xA18)
    #expect(fits["fragmentation_index"] == .ratio(-1))
    #expect(fits["unusable_free_space"]?.text == "0.3635")
  }

  /// Two pools: the whole has the ratios of the sum, each pool those of its own operations.
  @Test func poolsByThemselves() throws {
    var pool = try MeasuredPool(.windows2003x86)
    _ = try pool.allocate(0xA18, PoolTag("Nonp"))
    _ = try pool.allocate(0x1000, PoolTag("Page"), .paged)
    let metrics = pool.metrics
    // 4096 / 2592 = 1.5802, then 8192 / 6688 = 1.2249.
    #expect(metrics["average_held_over_live"]?.text == "1.4026")
    #expect(metrics["nonpaged.average_held_over_live"]?.text == "1.5802")
    #expect(metrics["paged.average_held_over_live"]?.text == "1.0000")
    #expect(metrics["gap_bytes"] == .count(1504))
    #expect(metrics["nonpaged.pins_per_page"] == .ratio(1))
    #expect(metrics["paged.pins_per_page"] == .ratio(0))
  }

  private struct Case: Sendable, CustomStringConvertible {
    let profile: String
    let bytes: UInt64
    let index: Double
    let unusable: Double

    var description: String { "\(profile), \(bytes) bytes" }
  }

  /// Linux's index for 400 free bytes in four blocks.
  private static func shattered(_ size: Double) -> Double { 1 - (1 + 400 / size) / 4 }

  private static let cases: [Case] = [
    // A block of 64 bytes: only 16 are of no use; where exact fits are passed over, 144.
    Case(profile: "windows-2003-x86", bytes: 56, index: -1, unusable: 0.04),
    Case(profile: "reactos-x86", bytes: 56, index: -1, unusable: 0.36),
    // A block of 256: where exact fits are passed over, nothing serves it.
    Case(profile: "windows-2003-x86", bytes: 248, index: -1, unusable: 0.36),
    Case(profile: "reactos-x86", bytes: 248, index: shattered(256), unusable: 1),
    // Blocks of 312 bytes, and two whole pages, which free blocks never give.
    Case(profile: "windows-2003-x86", bytes: 300, index: shattered(312), unusable: 1),
    Case(profile: "windows-2003-x86", bytes: 5000, index: shattered(8192), unusable: 1),
    // Units of 16 bytes and headers as large: 33 bytes take a block of 64.
    Case(profile: "windows-2003-x64", bytes: 33, index: -1, unusable: 0.04),
    Case(profile: "windows-2003-x64", bytes: 49, index: -1, unusable: 0.36),
  ]

  /// Blocks of 16, 64, 64 and 256 bytes: 400 in four.
  @Test(arguments: cases)
  private func indicesOfFreeSpace(_ expected: Case) throws {
    let profile = try #require(Profile.named(expected.profile))
    var space = FreeSpace()
    for size in [16, 64, 64, 256] as [UInt64] { space.add(blockBytes: size) }
    let request = RequestedBlock(profile, bytes: expected.bytes)
    #expect(space.bytes == 400 && space.largestBlockBytes == 256)
    #expect(abs(space.fragmentationIndex(request) - expected.index) < 1e-12)
    #expect(abs(space.unusableIndex(request) - expected.unusable) < 1e-12)
    let empty = FreeSpace()
    #expect(empty.fragmentationIndex(request) == 0 && empty.unusableIndex(request) == 0)
  }

  @Test func halfAPage() {
    #expect(RequestedBlock(halfPageOf: .windows2003x86).blockBytes == 2048)
    #expect(RequestedBlock(halfPageOf: .windows7x64).blockBytes == 2048)
    #expect(RequestedBlock(halfPageOf: .windows2000x86).blockBytes == 2048)
  }

  /// The manual has a row for each metric.
  @Test func everyMetricIsDescribed() throws {
    let path = "../../Sources/PoolTrace/PoolTrace.docc/Metrics.md"
    let lines = String(decoding: try TestFiles.bytes(path), as: UTF8.self).split(separator: "\n")
    let names = lines.compactMap { line -> String? in
      guard line.hasPrefix("| `") else { return nil }
      return line.split(separator: "`")[1].description
    }
    #expect(names == MetricName.allCases.map(\.rawValue))
  }
}
