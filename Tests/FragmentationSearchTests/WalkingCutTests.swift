import PoolTestSupport
import PoolBounds
import Testing

@testable import FragmentationSearch

/// Pages cut with little more live than their front, and the schedules that need it.
struct WalkingCutTests {
  /// What is predicted is held, within the cap, in both orders, over pages and caps.
  @Test(arguments: [PlacementRules.windows, .lastInFirstOut])
  func predictionsComeTrue(rules: PlacementRules) throws {
    var walked = 0
    for (page, smallest) in [(24, 1), (40, 2), (64, 2), (65, 3), (66, 2), (96, 3)] {
      let geometry = try PoolGeometry(
        pageUnits: page, smallestBlockUnits: smallest, largestBlockUnits: page - page % 2)
      for cap in stride(from: 0, to: 6 * page, by: TestScale.count(51, all: 17)) {
        let schedule = WalkingSchedule(geometry: geometry, rules: rules, peakLiveUnits: cap)
        guard let staircase = schedule?.best(), let predicted = staircase.predictedPages else {
          continue
        }
        if staircase.plan.steps.contains(where: \.walks) { walked += 1 }
        let footprint = staircase.outcome().footprint
        #expect(footprint.peakPagesHeld == predicted, "\(page),\(smallest),\(cap)")
        #expect(footprint.peakLiveUnits <= cap, "\(page),\(smallest),\(cap)")
        let bound = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
          .strongest(for: rules)
        #expect(predicted <= bound.pages)
      }
    }
    #expect(walked > TestScale.count(6, all: 20))
  }

  /// Small caps of the kernel's page, where a cut that needs a whole page finds no room.
  @Test(
    arguments: TestScale.sample(
      [(520, 85), (768, 190), (1024, 302), (1536, 532), (2048, 770)], 2))
  func smallCapsHoldManyPages(cap: Int, least: Int) throws {
    for rules in [PlacementRules.windows, .lastInFirstOut] {
      let schedule = try #require(
        WalkingSchedule(geometry: .x86, rules: rules, peakLiveUnits: cap))
      let staircase = try #require(schedule.best())
      let footprint = staircase.outcome().footprint
      #expect(footprint.peakPagesHeld >= least)
      #expect(footprint.peakPagesHeld == staircase.predictedPages)
      #expect(footprint.peakLiveUnits <= cap)
    }
  }

  /// Separators leave no run longer than they should: counted by filling.
  @Test func separatorsSuffice() {
    for smallest in 1...4 {
      for hole in smallest...20 {
        for units in 0...100 {
          let count = WalkingCut.separators(units, hole: hole, smallest: smallest)
          #expect(units - count * smallest <= (count + 1) * hole)
          #expect(count == 0 || units - (count - 1) * smallest > count * hole)
        }
      }
    }
  }

  /// A walk that meets a shorter run elsewhere goes astray: the schedule must look for them.
  @Test func aShorterRunElsewhereBreaksTheWalk() {
    let tree = PinTree.divided(
      first: .temporary(units: 300), pin: 2, rest: .free(units: 210))
    for (stray, isWhole) in [(0, true), (100, false)] {
      var pool = AbstractPool(geometry: .x86, rules: .windows)
      if stray > 0 { _ = pool.allocate(units: 512 - stray) }
      let page = WalkingHands(WalkingCut(.x86), .x86).makePage(tree, on: &pool)
      for block in page.temporaries { pool.free(block.handle) }
      let lengths = pool.pages().flatMap(\.runs).filter { $0.handle == nil }.map(\.units)
      #expect((lengths.sorted() == [210, 300]) == isWhole)
    }
  }
}
