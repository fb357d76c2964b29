import PoolTestSupport
import PoolBounds
import Testing

@testable import FragmentationSearch

struct LateStaircaseTests {
  private static let story = try? PoolGeometry.kernel(
    pageBytes: 4096, unitBytes: 8, headerBytes: 8, smallestRequestBytes: 9)

  /// The cuts of a page, which every cap has alike.
  private static func cuts(_ geometry: PoolGeometry) -> [LateStaircasePlan.Cut] {
    let relaxation = ScheduleRelaxation(
      geometry: geometry, rules: .lastInFirstOut, firstLevel: geometry.pageUnits / 16, pins: .late)
    let walking = WalkingCut(geometry)
    return relaxation.levels.map {
      LateStaircasePlan.Cut(level: $0.level, cut: LateCut($0.tree, geometry, walking))
    }
  }

  private static let x64Cuts = cuts(.x64)

  private static func staircase(
    _ geometry: PoolGeometry, _ cap: Int, _ cuts: [LateStaircasePlan.Cut]
  ) -> LateStaircase {
    LateStaircase(geometry: geometry, rules: .lastInFirstOut, peakLiveUnits: cap, cuts: cuts)
  }

  /// The ledger's arithmetic and the pool agree for small and real pages, at many caps.
  @Test func predictionsComeTrueWithinCapAndBound() throws {
    let geometries = try [
      PoolGeometry(pageUnits: 16, smallestBlockUnits: 2),
      PoolGeometry(pageUnits: 40, smallestBlockUnits: 3, largestBlockUnits: 39),
      PoolGeometry(pageUnits: 64, smallestBlockUnits: 2, largestBlockUnits: 63),
      PoolGeometry(pageUnits: 128, smallestBlockUnits: 2, largestBlockUnits: 127),
    ]
    for geometry in geometries {
      let cuts = Self.cuts(geometry)
      for cap in stride(
        from: 0, to: 30 * geometry.pageUnits,
        by: TestScale.count(9, all: 3) * geometry.pageUnits / 2 + 1)
      {
        let program = Self.staircase(geometry, cap, cuts)
        let outcome = program.outcome()
        let bound = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
          .strongest(for: .lastInFirstOut)
        let place = "page \(geometry.pageUnits), cap \(cap)"
        #expect(outcome.footprint.peakPagesHeld == outcome.predictedPages, "\(place)")
        #expect(outcome.footprint.peakLiveUnits <= cap, "\(place)")
        #expect(outcome.footprint.peakPagesHeld <= bound.pages, "\(place)")
      }
    }
  }

  /// Late pins are made, or the tests above say nothing about them.
  @Test func thePlanHasLatePins() {
    let plan = Self.staircase(.x64, 16_384, Self.x64Cuts).plan
    #expect(plan.steps.contains { $0.late > 0 && $0.early > 0 })
    #expect(plan.pages > Self.plainPages(.x64, 16_384))
  }

  /// What the staircase without them reaches.
  private static func plainPages(_ geometry: PoolGeometry, _ cap: Int) -> Int {
    Staircase.dyadic(
      geometry: geometry, rules: .lastInFirstOut, peakLiveUnits: cap,
      firstLevel: geometry.pageUnits / 8
    ).predictedPages ?? 0
  }

  /// At the last requests everything hangs on where blocks land: in tail order the program fails.
  @Test func tailOrderBreaksIt() {
    let program = Self.staircase(.x64, 2048, Self.x64Cuts)
    var pool = AbstractPool(geometry: .x64, rules: .windows)
    program.run(on: &pool)
    let pages = pool.footprint.peakPagesHeld
    #expect(pages < program.plan.pages)
    #expect(!LateStaircase.covers(.windows))
    #expect(!LateStaircase.covers(.reactOS))
  }
}

struct ScheduleRelaxationTests {
  /// Prices that make no cut worth more than it costs prove that the schedule is optimal; a price
  /// that is a little lower does not.
  @Test(arguments: [PlacementRules.lastInFirstOut, .windows, .reactOS])
  func noCutIsWorthMoreThanItCosts(rules: PlacementRules) throws {
    let geometry = try PoolGeometry(pageUnits: 32, smallestBlockUnits: 2, largestBlockUnits: 31)
    let relaxation = ScheduleRelaxation(geometry: geometry, rules: rules, firstLevel: 5)
    var cheapest = Double.infinity
    for level in 5...30 {
      let trees = PinTree.candidates(stretch: 32, level: level, smallest: 2, limit: 40)
      for tree in trees where tree.isFeasible(geometry, rules) {
        let cost = Self.cost(tree, level, relaxation, rules)
        #expect(cost > 1 - 1e-9, "level \(level)")
        cheapest = min(cheapest, cost)
      }
    }
    #expect(abs(cheapest - 1) < 1e-9, "the best cut costs exactly a page")
    for entry in relaxation.levels {
      #expect(abs(Self.cost(entry.tree, entry.level, relaxation, rules) - 1) < 1e-9)
      #expect(entry.tree.isFeasible(geometry, rules))
    }
  }

  private static func cost(
    _ tree: PinTree, _ level: Int, _ relaxation: ScheduleRelaxation, _ rules: PlacementRules
  ) -> Double {
    let temporary = tree.temporaryUnits(rules.exactFit, block: tree.units)
    var cost = Double(temporary) * relaxation.prices[level]
    tree.forEachPin { stretch, pin in
      for row in level...max(level, stretch) { cost += Double(pin) * relaxation.prices[row] }
      if stretch == tree.units { cost += Double(pin) * relaxation.prices[tree.units + 1] }
    }
    return cost
  }

  /// The limits of the family for large caps, and the proved bound above them.
  @Test func limitsOfTheFamily() {
    let head = ScheduleRelaxation(geometry: .x64, rules: .lastInFirstOut, firstLevel: 16)
    let ratio = head.pagesPerUnit * 256
    #expect(ratio > 106.05 && ratio < 106.06)
    let bound = FragmentationBounds(geometry: .x64, peakLiveUnits: 1).closedPagesLimitRatio
    #expect(ratio < bound)
  }
}
