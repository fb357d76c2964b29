import PoolTestSupport
import PoolBounds
import Testing

@testable import FragmentationSearch

struct SearchTests {
  private static func question(
    _ operations: Int, seed: UInt64 = 1, workers: Int = 1, rules: PlacementRules = .lastInFirstOut
  ) throws -> SearchQuestion {
    SearchQuestion(
      geometry: try PoolGeometry(pageUnits: 32, smallestBlockUnits: 2), rules: rules,
      peakLiveUnits: 160, operations: operations, seed: seed, streams: 3, workers: workers)
  }

  private static let algorithms: [any SearchAlgorithm] = [
    RandomSearch(traceOperations: 300), RawSearch(traceOperations: 300),
    RawSearch(.genetic, traceOperations: 300), MacroSearch(population: 16, runOperations: 3000),
    MacroSearch(.elites, population: 4), BeamSearch(width: 2, programs: 4),
    StateSearch(),
  ]

  /// Traces replay to what was promised, within cap, budget and bound, for any number of workers.
  @Test(arguments: [PlacementRules.lastInFirstOut, .windows, .reactOS])
  func answersAreTrueAndReproducible(rules: PlacementRules) async throws {
    for algorithm in Self.algorithms {
      let budget = TestScale.count(16_000, all: 30_000)
      let question = try Self.question(budget, rules: rules)
      let answer = await algorithm.search(question)
      // How many work on it is no matter of the rules.
      if TestScale.isWhole || rules == .windows {
        let again = await algorithm.search(try Self.question(budget, workers: 3, rules: rules))
        #expect(answer == again, "\(algorithm.name)")
      }
      let metrics = FragmentationMetrics.measuring(
        answer.trace, geometry: question.geometry, rules: rules)
      let bound = FragmentationBounds(
        geometry: question.geometry, peakLiveUnits: question.peakLiveUnits
      ).strongest(for: rules)
      #expect(metrics.footprint.peakPagesHeld == answer.pages)
      #expect(metrics.footprint.peakLiveUnits <= question.peakLiveUnits)
      #expect(answer.pages <= bound.pages)
      // Five pages hold what is live; a search over states is for smaller caps.
      #expect(answer.pages > 5 || algorithm is StateSearch)
      #expect(answer.operationsSpent <= question.operations * 2)
    }
  }

  @Test func seedsMatterAndMacrosBeatTheControls() async throws {
    let budget = TestScale.count(50_000, all: 100_000)
    let one = await MacroSearch(population: 16, runOperations: 3000).search(
      try Self.question(budget))
    let two = await MacroSearch(population: 16, runOperations: 3000).search(
      try Self.question(budget, seed: 2))
    #expect(one.trace != two.trace)
    let control = await RandomSearch(traceOperations: 300).search(try Self.question(budget))
    #expect(one.pages > control.pages)
  }

  @Test func emptyBudgetsEndAtOnce() async throws {
    for algorithm in Self.algorithms {
      let answer = await algorithm.search(try Self.question(0))
      #expect(answer.operationsSpent <= 3, "\(algorithm.name)")
      var nothing = try Self.question(10_000)
      nothing.peakLiveUnits = 0
      #expect(await algorithm.search(nothing).pages == 0, "\(algorithm.name)")
    }
  }

  @Test func schedulesImproveAndKeepTheirForecast() async throws {
    for rules in [PlacementRules.lastInFirstOut, .windows, .reactOS] {
      let dyadic = Staircase.dyadic(
        geometry: .x64, rules: rules, peakLiveUnits: 16_384, firstLevel: 32)
      let search = ScheduleSearch(
        geometry: .x64, rules: rules, peakLiveUnits: 16_384, firstLevel: 32)
      let one = await search.best(
        trials: TestScale.count(120, all: 400), seed: 5, streams: 2, workers: 1)
      // How many work on it is no matter of the rules.
      if TestScale.isWhole || rules == .windows {
        let two = await search.best(
          trials: TestScale.count(120, all: 400), seed: 5, streams: 2, workers: 2)
        #expect(one.plan == two.plan)
      }
      let outcome = one.outcome()
      #expect(outcome.footprint.peakPagesHeld == one.predictedPages)
      #expect(outcome.footprint.peakLiveUnits <= 16_384)
      #expect(outcome.footprint.peakPagesHeld > dyadic.predictedPages ?? .max)
    }
  }

  @Test func remediesChangeRequests() throws {
    let geometry = PoolGeometry.x86
    #expect(Remedy.halfPageLimit.granted(483, geometry) == 256)
    #expect(Remedy.divisorSizes.granted(65, geometry) == 128)
    #expect(Remedy.divisorSizes.granted(300, geometry) == 512)
    #expect(Remedy.wholePages.granted(257, geometry) == 512)
    #expect(Remedy.wholePages.granted(256, geometry) == 256)
    #expect(Remedy.none.granted(483, geometry) == 483)
    #expect(Remedy.halfPageLimit.geometry(for: geometry).largestBlockUnits == 256)
    #expect(Remedy.wholePages.geometry(for: geometry).largestBlockUnits == 512)
    #expect(Remedy.none.geometry(for: geometry) == geometry)
  }

  @Test func remedyTableHasARowForEachRuleWithinItsBound() async throws {
    let question = try Self.question(TestScale.count(36_000, all: 60_000))
    let table = await RemedyTable.measuring(
      question, by: MacroSearch(population: 16, runOperations: 3000), seeds: 2)
    let names = table.rows.map(\.name)
    #expect(
      names == [
        "none", "half-page-limit", "divisor-sizes", "whole-pages", "lookasides", "freed-to-tail",
        "first-fit",
      ])
    for row in table.rows {
      #expect(row.pages <= row.boundPages, "\(row.name)")
      #expect(row.pagesOfSeeds.count == 2 && row.pages == row.pagesOfSeeds.max())
      #expect(row.medianPages == row.pagesOfSeeds.min())
    }
    #expect(table.rows[2].pages < table.rows[0].pages, "divisors of a page nest")
  }

  @Test func metricsOfAHandMadeTrace() throws {
    // Two pages with a pin each: [a500 | 12 free] stays, [b 400 | c 100 | 12] loses b.
    let trace: [AbstractOperation] = [
      .allocate(slot: 0, units: 500, rank: 0), .allocate(slot: 1, units: 400, rank: 0),
      .allocate(slot: 2, units: 100, rank: 0), .free(slot: 1),
    ]
    let metrics = FragmentationMetrics.measuring(trace, geometry: .x86, rules: .windows)
    #expect(metrics.operations == 4)
    #expect(metrics.heldOverPeak == 1024.0 / 1000)
    #expect(metrics.heldOverFinal == 1024.0 / 600)
    #expect(metrics.heldOverLiveAtPeakLive == 1.024)
    #expect(metrics.heldOverLiveAtPeakPages == 1024.0 / 900)
    let average = (512.0 / 500 + 1024.0 / 900 + 1.024 + 1024.0 / 600) / 4
    #expect(abs(metrics.averageHeldOverLive - average) < 1e-12)
    #expect(metrics.gapBytes == 424 * 8)
    #expect(metrics.pinnedPages == 2)
    #expect(metrics.liveBlocksPerPage == 1)
    #expect(metrics.freeUnits == 424)
    #expect(metrics.largestFreeUnits == 412)
    #expect(metrics.unusableFreeSpaceIndex(units: 100) == 12.0 / 424)
    #expect(metrics.unusableFreeSpaceIndex(units: 413) == 1)
    #expect(metrics.unusableFreeSpaceCurve.count == 514)
    #expect(metrics.fragmentationIndex(units: 412) == -1)
    #expect(metrics.fragmentationIndex(units: 424) == 1 - 2.0 / 2)
  }
}
