import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

@testable import PoolTrace

/// Metrics of states whose figures can be worked out by hand.
@Suite struct PoolMetricsTests {
  @Test func nothingLives() throws {
    for initialisation in [Initialisation.none, .kernel] {
      let pool = try MeasuredPool(.windows2003x86, initialisation: initialisation)
      for (key, value) in pool.metrics.values { #expect(value.number == 0, "\(key.text)") }
    }
  }

  /// The story's page: 24 of 4096 bytes in use (Microsoft's NTDebugging blog, 2009).
  @Test func onePinnedPage() throws {
    var pool = try MeasuredPool(.windows2003x86)
    let front = try pool.allocate(0xA18, PoolTag("MFE0"))
    let rest = try pool.allocate(0x5C0, PoolTag("NtFs"))
    _ = try pool.allocate(0xA, PoolTag("ReEv"))
    pool.free(front)
    pool.free(rest)
    let metrics = pool.metrics
    let expected: [(String, UInt64)] = [
      ("pages_held", 1), ("bytes_held", 4096), ("live_blocks", 1), ("live_block_bytes", 24),
      ("live_requested_bytes", 10), ("peak_pages_held", 1), ("peak_live_block_bytes", 4096),
      ("peak_live_requested_bytes", 0xA18 + 0x5C0 + 10), ("free_bytes", 4072),
      ("largest_free_block_bytes", 0xA20), ("internal_waste_bytes", 14), ("pinned_pages", 1),
      ("packed_pages", 1), ("big_pages", 0), ("lookaside_bytes", 0), ("deferred_bytes", 0),
      ("tag.ReEv.pages_held", 1), ("tag.ReEv.live_blocks", 1), ("tag.ReEv.pinned_pages", 1),
      ("tag.ReEv.internal_waste_bytes", 14), ("tag.MFE0.live_blocks", 0),
      ("tag.MFE0.peak_live_block_bytes", 0xA20), ("tag.None.pages_held", 0),
      ("paged.pages_held", 0), ("nonpaged.pages_held", 1), ("nonpaged.peak_pages_held", 1),
    ]
    for (name, value) in expected { #expect(try metrics.count(name) == value, "\(name)") }
    #expect(metrics["held_over_live"]?.text == "170.6667")
    #expect(metrics["held_over_peak"] == .ratio(1))
    #expect(metrics["external_fragmentation"]?.text == "0.3635")
    #expect(metrics["tag.ReEv.held_over_live"]?.text == "170.6667")
  }

  @Test func largeAllocations() throws {
    var pool = try MeasuredPool(.windows2003x86, initialisation: .kernel)
    let big = try pool.allocate(0x2001, PoolTag("Big1"))
    _ = try pool.allocate(0x40, PoolTag("CM31"), .paged)
    _ = try pool.allocate(0x1000, PoolTag("CM31"), .paged)
    var metrics = pool.metrics
    #expect(try metrics.count("pages_held") == 5)
    #expect(try metrics.count("nonpaged.big_pages") == 3)
    #expect(try metrics.count("nonpaged.live_block_bytes") == 0x3000)
    #expect(try metrics.count("nonpaged.internal_waste_bytes") == 0xFFF)
    #expect(try metrics.count("paged.big_pages") == 1)
    #expect(try metrics.count("tag.CM31.pages_held") == 2)
    #expect(try metrics.count("tag.CM31.packed_pages") == 2)
    #expect(try metrics.count("packed_pages") == 5)
    pool.free(big)
    metrics = pool.metrics
    #expect(try metrics.count("pages_held") == 2)
    #expect(try metrics.count("peak_pages_held") == 5)
    #expect(try metrics.count("nonpaged.peak_pages_held") == 3)
    #expect(try metrics.count("nonpaged.pages_held") == 0)
  }

  @Test func parkedBlocksAreNeitherLiveNorFree() throws {
    var pool = try MeasuredPool(.windows2003x86) { $0.lookasideDepth = 4 }
    let parked = try pool.allocate(0x40, PoolTag("Park"))
    pool.free(parked)
    let metrics = pool.metrics
    #expect(try metrics.count("lookaside_bytes") == 0x48)
    #expect(try metrics.count("tag.Park.lookaside_bytes") == 0x48)
    #expect(try metrics.count("live_blocks") == 0)
    #expect(try metrics.count("free_bytes") == 4096 - 0x48)
    #expect(try metrics.count("pages_held") == 1)
    #expect(try metrics.count("pinned_pages") == 1)
    #expect(try metrics.count("parked_pages") == 1)
    #expect(metrics["held_over_live_and_parked"]?.text == "56.8889")
    #expect(try metrics.count("packed_pages") == 0)
    #expect(metrics["held_over_live"] == .ratio(0))

    // A live block beside it, and the page is held by its caller.
    _ = try pool.allocate(0x40, PoolTag("Live"))
    _ = try pool.allocate(0x80, PoolTag("Live"))
    #expect(try pool.metrics.count("parked_pages") == 0)

    var newer = try MeasuredPool(.windows7x64)
    let waiting = try newer.allocate(0x300, PoolTag("Wait"))
    newer.free(waiting)
    #expect(try newer.metrics.count("deferred_bytes") == 0x310)
    #expect(try newer.metrics.count("parked_pages") == 1)
    #expect(try newer.metrics.count("tag.Wait.deferred_bytes") == 0x310)
    #expect(try newer.metrics.count("free_bytes") == 4096 - 0x310)
  }

  /// Blocks behind a large allocation take no page of their own.
  @Test func tailsOfLargeAllocations() throws {
    var pool = try MeasuredPool(.windows7x64)
    _ = try pool.allocate(0x1400, PoolTag("Big1"))
    let small = try pool.allocate(0x100, PoolTag("Tail"))
    #expect(small & ~0xFFF != small)
    let metrics = pool.metrics
    #expect(try metrics.count("pages_held") == 2)
    #expect(try metrics.count("packed_pages") == 2)
    #expect(try metrics.count("live_block_bytes") == 0x1400 + 0x110)
    #expect(try metrics.count("free_bytes") == 0x2000 - 0x1400 - 0x10 - 0x110)
    #expect(try metrics.count("pinned_pages") == 0)
    #expect(try metrics.count("tag.Tail.pages_held") == 0)
  }

  @Test func sizesComeFromTheFirstHeader() throws {
    var pool = try MeasuredPool(.windows8x64)
    _ = try pool.allocate(0x20, PoolTag("Line"), .cacheAligned)
    _ = try pool.allocate(0x20, PoolTag("Line"), .cacheAligned)
    // A cache line more and the header: 0x20 + 0x40 + 0x10 bytes each.
    #expect(try pool.metrics.count("live_block_bytes") == 2 * 0x70)
    var quota = try MeasuredPool(.windows2003x86)
    _ = try quota.allocate(0x20, PoolTag("Quot"), .quota)
    #expect(try quota.metrics.count("live_block_bytes") == 0x30)
  }

  @Test func zeroBytesAndProtectedTags() throws {
    var pool = try MeasuredPool(.windows2003x86)
    _ = try pool.allocate(0, PoolTag(word: PoolTag("Even").word | PoolTag.protectedBit))
    #expect(try pool.metrics.count("tag.Even.live_block_bytes") == 16)
    #expect(try pool.metrics.count("internal_waste_bytes") == 16)
  }

  /// Live figures against a recount of the walk, over a churn on every profile.
  @Test(arguments: Profiles.all.map(\.name))
  func liveBytesAreWhatTheWalkFinds(_ name: String) throws {
    let profile = try #require(Profile.named(name))
    var pool = try MeasuredPool(profile, initialisation: .kernel) { $0.lookasideDepth = 2 }
    var random = SplitMix64(seed: 99)
    var live: [Address] = []
    for _ in 0..<400 {
      if live.count > 30 || (!live.isEmpty && random.next(below: 2) == 0) {
        pool.free(live.remove(at: Int(random.next(below: UInt64(live.count)))))
      } else {
        let type: PoolType = random.next(below: 3) == 0 ? .paged : .nonPaged
        let bytes =
          random.next(below: 8) == 0
          ? 4096 + random.next(below: 8000) : 1 + random.next(below: 2000)
        live.append(try pool.allocate(bytes, PoolTag("Test"), type))
      }
    }
    let metrics = pool.metrics
    for scope in ["nonpaged.", "paged."] {
      let held = try metrics.count(scope + "bytes_held")
      let accounted =
        try metrics.count(scope + "live_block_bytes") + metrics.count(scope + "free_bytes")
        + metrics.count(scope + "lookaside_bytes") + metrics.count(scope + "deferred_bytes")
      // Tails of the kernel's own descriptors and `Frag` blocks are all that may differ.
      if profile.largeTail == .wasted { #expect(held == accounted, "\(scope)") }
      #expect(try metrics.count(scope + "packed_pages") <= metrics.count(scope + "pages_held"))
      #expect(
        try metrics.count(scope + "pages_held") <= metrics.count(scope + "peak_pages_held"))
    }
    #expect(try metrics.count("live_blocks") == UInt64(live.count))
    #expect(try metrics.count("tag.Test.live_blocks") == UInt64(live.count))
  }

  @Test func theCountsOfTagsAreBounded() throws {
    let pool = try MeasuredPool(.windows2003x86)
    var usage = pool.usage
    for word in 0..<UInt32(LiveUsage.tagLimit + 10) {
      let block = LiveBlock(
        family: .nonPaged, tag: PoolTag(word: word), requestedBytes: 1, blockBytes: 16)
      usage.allocated(block)
    }
    #expect(usage.knownTags.count == LiveUsage.tagLimit)
    #expect(usage.all.blocks == UInt64(LiveUsage.tagLimit + 10))
    #expect(usage[.nonPaged].blockBytes == 16 * UInt64(LiveUsage.tagLimit + 10))
  }

  /// Absurd counters give absurd figures, never a trap.
  @Test func overwrittenCounters() throws {
    var pool = try MeasuredPool(.windows2003x86)
    _ = try pool.allocate(0x40)
    let root = pool.pool.view.descriptors[0].address
    let bytes = [UInt8](repeating: 0xFF, count: 0x30)
    #expect(bytes.withUnsafeBytes { pool.pool.write(root, $0) } == .freed)
    #expect(try pool.metrics.count("nonpaged.pages_held") == 2 * 0xFFFF_FFFF)
    #expect(pool.metrics.json.hasPrefix("{\"pages_held\":8589934590,"))
  }
}
