import Testing

@testable import AllocatorTargets

/// A leak is told from what fills a cache by readings after 1, 2, 4, ... rounds.
@Suite struct RoundReadingsTests {
  /// Resident bytes of healthy allocators, from the first mark on that they rise again.
  private static let healthy: [(name: String, start: UInt64, flat: Int, rest: [UInt64])] = [
    // A trace of 11 operations on tcmalloc that was filed as a leak after 2,048 rounds.
    (
      "tcmalloc, alarm", 5_672_960, 8, [5_738_496, 5_918_720, 6_447_104, 6_979_584]
    ),
    // What one thread allocates and another frees: a straight line up to 2,048 rounds and 4,096.
    (
      "tcmalloc, straight", 4_096_000, 6,
      [4_104_192, 4_112_384, 4_128_768, 4_161_536, 4_227_072, 4_358_144, 4_358_144]
    ),
    (
      "tcmalloc, threads", 4_104_192, 4,
      [
        4_112_384, 4_112_384, 4_120_576, 4_120_576, 4_210_688, 4_382_720, 4_993_024, 5_988_352,
        6_238_208, 6_238_208,
      ]
    ),
    (
      "tcmalloc, one thread", 6_934_528, 1,
      [7_012_352] + Array(repeating: 7_012_352, count: 8)
        + [7_827_456, 7_491_584, 7_598_080, 8_073_216, 8_097_792, 7_827_456]
    ),
    (
      "glibc, threads", 114_688, 3,
      [
        118_784, 118_784, 126_976, 135_168, 135_168, 139_264, 139_264, 143_360, 151_552, 155_648,
        167_936, 180_224, 245_760, 245_760,
      ]
    ),
  ]

  @Test func cachesThatFillAreNoLeaksHoweverLongTheyTake() {
    for (name, start, flat, rest) in Self.healthy {
      let readings = Array(repeating: start, count: flat) + rest
      for count in 1...readings.count {
        let part = Array(readings.prefix(count))
        for kind in [RoundReadings.Kind.resident, .addressSpace, .declared] {
          #expect(RoundReadings.verdict(kind, part) != .leaks, "\(name) after \(count) readings")
        }
      }
    }
    #expect(RoundReadings.verdict(.resident, []) == .settles)
    #expect(RoundReadings.verdict(.resident, [0, 0]) == .settles)
    #expect(RoundReadings.verdict(.resident, [4096, 4096]) == .settles)
    #expect(RoundReadings.verdict(.resident, [4096, 8192]) == .rises)
  }

  /// A list that takes a block each round and ends at some thousand of them is straight until then.
  @Test(arguments: [100, 1_000, 8_192, 20_000, 32_768] as [UInt64])
  func aQuarantineEnds(_ blocks: UInt64) {
    let readings = (0..<SharedArea.roundMarks).map { mark in
      (1 << 21) + min(blocks, 1 << UInt64(mark)) * 64 / 4096 * 4096
    }
    for count in 1...readings.count {
      #expect(RoundReadings.verdict(.resident, Array(readings.prefix(count))) != .leaks)
    }
  }

  /// So many bytes lost each round, held in steps of so many.
  private static func lost(_ bytes: UInt64, step: UInt64) -> [UInt64] {
    (0..<SharedArea.roundMarks).map { mark in
      (1 << 21) + ((bytes << UInt64(mark)) + step - 1) / step * step
    }
  }

  @Test func leaksAreSeenInStepsOfPagesAndRegions() {
    for bytes in [8, 24, 40, 100, 1_000, 4_000] as [UInt64] {
      let resident = Self.lost(bytes, step: 4096)
      #expect(RoundReadings.verdict(.resident, resident) == .leaks, "\(bytes) bytes a round")
      let declared = Self.lost(bytes, step: 1)
      #expect(RoundReadings.verdict(.declared, Array(declared.prefix(12))) == .leaks)
      #expect(RoundReadings.verdict(.declared, Array(declared.prefix(11))) == .rises)
    }
    for bytes in [40, 200, 1_000] as [UInt64] {
      let regions = Self.lost(bytes, step: 1 << 16)
      #expect(RoundReadings.verdict(.declared, regions) == .leaks)
      #expect(RoundReadings.verdict(.addressSpace, regions) == .leaks)
      #expect(RoundReadings.verdict(.declared, Array(regions.prefix(16))) == .rises)
    }
    // What lost memory without end need not be looked at for as long.
    let wide = Self.lost(1 << 20, step: 1 << 20)
    #expect(RoundReadings.verdict(.addressSpace, Array(wide.prefix(12))) == .leaks)
    #expect(RoundReadings.verdict(.resident, Array(wide.prefix(8))) == .leaks)
  }

  /// jemalloc 5.3.0 keeps pages that it does not use again for ten seconds: 4,480 bytes a round on a line.
  @Test func whatIsGivenBackByTheClockIsNoLeak() {
    let readings: [UInt64] = [
      417_792, 421_888, 434_176, 450_560, 483_328, 507_904, 507_904, 765_952, 1_335_296, 2_486_272,
      4_780_032, 9_375_744, 18_550_784, 36_900_864, 73_605_120, 147_005_440, 293_818_368,
    ]
    #expect(RoundReadings.verdict(.resident, readings) == .leaks)
    #expect(RoundReadings.isGivenBack(readings, rested: 9_117_696))
    #expect(!RoundReadings.isGivenBack(readings, rested: 0))
    #expect(!RoundReadings.isGivenBack(readings, rested: 298_000_000))
    #expect(!RoundReadings.isGivenBack([], rested: 1))
  }

  /// Bytes that a bump allocator in regions of 64 KiB lost, as read, at 8 bytes a call.
  @Test func aLeakThatWasMeasuredIsOne() {
    let readings: [UInt64] =
      Array(repeating: 16_842_752, count: 11)
      + [16_908_288, 17_039_360, 17_301_504, 17_760_256, 18_677_760, 20_512_768]
    #expect(RoundReadings.verdict(.declared, readings) == .leaks)
    #expect(RoundReadings.verdict(.declared, Array(readings.prefix(16))) == .rises)
    #expect(
      RoundReadings.verdict(
        .declared, Array(readings.prefix(16)), certainMark: RoundReadings.candidateMark) == .rises)
    let pages = Self.lost(1_000, step: 4096)
    #expect(RoundReadings.verdict(.resident, Array(pages.prefix(12))) == .rises)
    #expect(
      RoundReadings.verdict(
        .resident, Array(pages.prefix(12)), certainMark: RoundReadings.candidateMark) == .leaks)
  }

  /// The allocator can write over what the worker keeps.
  @Test func numbersOutOfThisWorldAreJudgedToo() {
    let wild: [UInt64] = [1, 2, 3, .max / 3, .max / 2, .max - 1, .max]
    #expect(RoundReadings.verdict(.resident, wild) == .rises)
  }
}
