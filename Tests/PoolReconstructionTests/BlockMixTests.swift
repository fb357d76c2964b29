import KernelPool
import PropertyTesting
import Testing

@testable import PoolReconstruction

/// Number and bytes of a mixture come out exactly, or there is none.
@Suite struct BlockMixTests {
  private typealias Blocks = CalibrationTarget.Blocks

  private func expectExact(_ mix: BlockMix, _ total: Blocks, _ sizes: BlockSizes) {
    #expect(mix.parts.reduce(0) { $0 + $1.count } == total.count)
    #expect(mix.parts.reduce(0) { $0 + $1.count * $1.bytes } == total.bytes)
    for part in mix.parts {
      let isPossible =
        part.isLarge
        ? part.bytes > 0 && part.bytes % sizes.pageBytes == 0
        : (sizes.smallest...sizes.largest).contains(part.bytes)
          && part.bytes % sizes.unitBytes == 0
      #expect(isPossible, "\(part)")
    }
  }

  /// Whatever blocks a machine has, their sums have a mixture; only means between the largest small
  /// block and a page may have none.
  @Test func sumsOfRealBlocksHaveAMixture() {
    var random = Xoshiro256(seed: 21)
    var found = 0
    for profile in [Profile.windows2003x86, .windows7x64, .windows2000x86] {
      let sizes = BlockSizes(profile)
      let units = (sizes.largest - sizes.smallest) / sizes.unitBytes + 1
      for _ in 0..<300 {
        var total = Blocks(count: 0, bytes: 0)
        let share = random.draw(below: 5)
        for _ in 0..<(1 + random.draw(below: 40)) {
          total.count += 1
          total.bytes +=
            random.draw(below: 4) < share
            ? (1 + random.draw(below: 50)) * sizes.pageBytes
            : sizes.smallest + random.draw(below: units) * sizes.unitBytes
        }
        let mean = total.bytes / total.count
        if let mix = BlockMix(total, sizes) {
          found += 1
          expectExact(mix, total, sizes)
        } else {
          #expect((sizes.largest...2 * sizes.pageBytes).contains(mean), "\(total)")
        }
      }
    }
    #expect(found > 800)
  }

  @Test func theStorysBuffersAreAsManyAsLeaveWholePages() throws {
    let sizes = BlockSizes(.windows2003x86)
    let total = Blocks(count: 3_187, bytes: 17_452_976)
    let mix = try #require(BlockMix(total, buffer: 0xF18, sizes))
    expectExact(mix, total, sizes)
    #expect(mix.parts.first?.count == 3_090)
    #expect(mix.parts.dropFirst().allSatisfy { $0.isLarge })
    // Where whole pages do not come out, any rest will do.
    let odd = Blocks(count: 10, bytes: 9 * 0xF18 + 48)
    let other = try #require(BlockMix(odd, buffer: 0xF18, sizes))
    expectExact(other, odd, sizes)
    #expect(other.parts.first?.count == 9)
  }

  @Test func whatCannotBeHasNoMixture() {
    let sizes = BlockSizes(.windows2003x86)
    let impossible: [(count: UInt64, bytes: UInt64)] = [
      (1, 4), (1, 8), (2, 24), (0, 8), (1, 4_092), (3, 4_100), (1, 5_000),
    ]
    for (count, bytes) in impossible {
      let mix = BlockMix(Blocks(count: count, bytes: bytes), sizes)
      #expect(mix == nil, "\(count) blocks of \(bytes) bytes")
    }
    let nothing = BlockMix(Blocks(count: 0, bytes: 0), sizes)
    #expect(nothing?.parts.isEmpty == true)
  }
}
