import PoolBounds
import Testing

@testable import FragmentationSearch

/// What is proved where exact fits are never taken, against the truth and against the pool.
struct SkippedFitsTests {
  /// The bound is one page above the optimum: nothing better holds for every geometry.
  @Test(arguments: [(8, 3, 2, 2), (10, 4, 3, 3), (12, 5, 4, 4), (14, 6, 5, 4)])
  func theBoundIsOnePageAboveTheTruth(
    _ cap: Int, _ bound: Int, _ skipping: Int, _ taking: Int
  ) throws {
    let geometry = try PoolGeometry(pageUnits: 8, smallestBlockUnits: 2)
    let bounds = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
    #expect(bounds.lastRequestSkippingExact.pages == bound)
    for (rules, optimum) in [(PlacementRules.reactOS, skipping), (.windows, taking)] {
      let result = try ExactOptimum(geometry: geometry, rules: rules, peakLiveUnits: cap).solve()
      #expect(result.optimumPages == optimum)
    }
  }

  /// The lemma on random traces: behind a block at the start of a page lies free space as long as
  /// it is live. Where exact fits are taken it does not hold, so the check can fail.
  @Test(arguments: [(PlacementRules.reactOS, true), (.windows, false)])
  func behindTheFirstBlockSomethingIsFree(_ rules: PlacementRules, _ holds: Bool) throws {
    let geometry = try PoolGeometry(pageUnits: 16, smallestBlockUnits: 2, largestBlockUnits: 15)
    var pool = AbstractPool(geometry: geometry, rules: rules)
    var random = SeededGenerator(seed: 3)
    var live: [BlockHandle] = []
    var touching = 0
    for _ in 0..<4000 {
      if live.count > 12 || (!live.isEmpty && random.below(2) == 0) {
        pool.free(live.remove(at: random.below(live.count)))
      } else {
        live.append(pool.allocate(units: random.within(2...9)))
      }
      for map in pool.pages() where map.runs[0].handle != nil && map.runs.count > 1 {
        if map.runs[1].handle != nil { touching += 1 }
      }
    }
    #expect((touching == 0) == holds)
  }
}
