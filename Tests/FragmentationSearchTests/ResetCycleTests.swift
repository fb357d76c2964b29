import PoolTestSupport
import PoolBounds
import Testing

@testable import FragmentationSearch

/// The worst case where exact fits are never taken: reached, bounded, enumerated.
struct ResetCycleTests {
  private static func rules(_ order: RemainderOrder) -> PlacementRules {
    PlacementRules(remainderOrder: order, exactFit: .never)
  }

  /// Every page of up to 24 units, at every cap of up to five pages and at some above: what is
  /// predicted is held, within the cap, and no bound is exceeded.
  @Test(arguments: [RemainderOrder.head, .tail])
  func predictionsComeTrueEverywhere(order: RemainderOrder) throws {
    var feasible = 0
    for page in TestScale.sample(Array(5...24), 7) {
      for smallest in 1...min(4, page - 1) {
        let geometry = try PoolGeometry(
          pageUnits: page, smallestBlockUnits: smallest, largestBlockUnits: page - page % 2)
        for cap in Array(0...5 * page) + [11 * page + 1, 12 * page] {
          let program = ResetCycle(
            geometry: geometry, rules: Self.rules(order), peakLiveUnits: cap)
          guard let predicted = program.predictedPages else { continue }
          feasible += 1
          let footprint = program.outcome().footprint
          let place = "\(page),\(smallest),\(cap)"
          #expect(footprint.peakPagesHeld == predicted, "\(place)")
          #expect(footprint.peakLiveUnits <= cap, "\(place)")
          let bound = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
            .strongest(for: Self.rules(order))
          #expect(predicted <= bound.pages, "\(place)")
        }
      }
    }
    #expect(feasible > TestScale.count(500, all: 4000))
  }

  /// The figures of the manual's table.
  @Test(arguments: [
    (RemainderOrder.tail, 520, 132, 132), (.tail, 1023, 383, 384), (.tail, 1024, 384, 384),
    (.head, 1023, 384, 384), (.tail, 8192, 3968, 3968), (.tail, 131_072, 65_408, 65_408),
    (.relaxed, 521, 133, 133), (.tail, 521, 132, 133),
  ])
  func theBracketCloses(order: RemainderOrder, cap: Int, pages: Int, bound: Int) {
    let query = FragmentationQuery(
      profile: "x", geometry: .x86, rules: Self.rules(order), peakLiveUnits: cap)
    let report = query.bound()
    #expect(report.pages == pages && report.method == "reset cycle")
    #expect(report.upperBound.pages == bound && report.upperBound.proof == .lastClosing)
    #expect(report.knownOptimum == (pages == bound ? pages : nil))
  }

  /// Every trace of small pools: the optimum is what is predicted where the proof says so, and
  /// the bound with a page less is wrong.
  @Test(
    arguments: TestScale.isWhole
      ? [(9, 2, 14), (10, 2, 14), (12, 2, 13), (6, 1, 7), (7, 1, 7), (14, 3, 17)]
      : [(9, 2, 11), (6, 1, 6), (14, 3, 13)])
  func enumerationAgrees(page: Int, smallest: Int, last: Int) throws {
    let geometry = try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest)
    for order in RemainderOrder.allCases {
      for cap in smallest...last {
        let query = FragmentationQuery(
          profile: "x", geometry: geometry, rules: Self.rules(order), peakLiveUnits: cap)
        let optimum = try query.exact().report.pages
        let report = query.bound()
        let place = "\(page),\(smallest),\(cap) \(order)"
        #expect(optimum <= report.upperBound.pages && optimum >= report.pages, "\(place)")
        if let known = report.knownOptimum { #expect(known == optimum, "\(place)") }
      }
    }
  }

  /// Below the number of pages from which the proof holds, one page more can be reached: the
  /// condition is needed.
  @Test func theConditionOnPagesIsNeeded() throws {
    let geometry = try PoolGeometry(pageUnits: 9, smallestBlockUnits: 2)
    let optimum = try ExactOptimum(
      geometry: geometry, rules: Self.rules(.head), peakLiveUnits: 9
    ).solve().optimumPages
    #expect(optimum == 3)
    #expect((9 - 4) / 2 == 2)
    #expect(FragmentationBounds(geometry: geometry, peakLiveUnits: 9).lastClosing.pages >= 3)
  }

  @Test func otherPoolsGetAStaircase() {
    for rules in [PlacementRules.windows, .lastInFirstOut] {
      let program = ResetCycle(geometry: .x86, rules: rules, peakLiveUnits: 4096)
      #expect(program.predictedPages == nil)
      #expect(program.outcome().footprint.peakPagesHeld > 100)
    }
  }

  /// The two kernels are apart: what one of them can be made to hold is more than the other can.
  @Test func passingOverExactFitsIsWorse() {
    for cap in [4096, 8192, 131_072, 2_097_152] {
      let reached = ResetCycle(geometry: .x86, rules: .reactOS, peakLiveUnits: cap).predictedPages
      let bounds = FragmentationBounds(geometry: .x86, peakLiveUnits: cap)
      #expect(reached ?? 0 > bounds.strongest(for: .windows).pages)
    }
  }
}
