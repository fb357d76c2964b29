@testable import PoolBounds
import Testing

@testable import FragmentationSearch

/// No trace exceeds a bound that claims to cover it; the check is seen to fail on wrong proofs.
struct BreachTests {
  private static func query() throws -> FragmentationQuery {
    FragmentationQuery(
      profile: "abstract", geometry: try PoolGeometry(pageUnits: 32, smallestBlockUnits: 2),
      rules: .windows, peakLiveUnits: 300)
  }

  @Test(arguments: FragmentationQuery.Algorithm.allCases)
  func proofsHold(_ algorithm: FragmentationQuery.Algorithm) async throws {
    for rules in [PlacementRules.windows, .reactOS, .lastInFirstOut] {
      var query = try Self.query()
      query.rules = rules
      let report = try await query.maximize(algorithm, operations: 6000, seed: 3)
      #expect(report.breaches == [])
      #expect(!report.json.text.contains("breaches"))
    }
  }

  @Test func aWrongProofIsExposed() async throws {
    var query = try Self.query()
    let wrong = PageBound(proof: .closedPages, pages: 20, assumptions: .wholePagesReturn)
    query.plantedBounds = [wrong]
    let report = try await query.maximize(.staircase, operations: 0, seed: 1)
    #expect(report.pages > 20)
    #expect(report.breaches == [.pages(held: report.pages, bound: wrong)])
    #expect(report.json.text.contains("\"breaches\":[\"the trace holds \(report.pages) pages"))
    #expect(report.shareOfBound > 1)
  }

  /// A bound says nothing about rules that it does not cover.
  @Test func aBoundForOtherRulesIsNoWitness() async throws {
    var query = try Self.query()
    query.rules = .reactOS
    query.plantedBounds = [PageBound(proof: .lastRequest, pages: 1, assumptions: .exactFitsTaken)]
    let report = try await query.maximize(.staircase, operations: 0, seed: 1)
    #expect(report.pages > 1)
    #expect(report.breaches == [])
  }

  @Test func anExactOptimumIsHeldAgainstTheBoundsToo() throws {
    var query = FragmentationQuery(
      profile: "abstract", geometry: try PoolGeometry(pageUnits: 8, smallestBlockUnits: 2),
      rules: .lastInFirstOut, peakLiveUnits: 12)
    #expect(try query.exact().report.breaches == [])
    let wrong = PageBound(proof: .trivial, pages: 3, assumptions: .wholePagesReturn)
    query.plantedBounds = [wrong]
    #expect(try query.exact().report.breaches == [.pages(held: 4, bound: wrong)])
  }

  @Test func spendingMoreThanTheCapIsABreach() async throws {
    let query = try Self.query()
    var report = try await query.maximize(.staircase, operations: 0, seed: 1)
    report.peakLiveUnits = 10
    report.bounds = []
    #expect(
      report.breaches == [.liveUnits(reached: report.reachedLiveUnits ?? 0, cap: 10)])
    #expect(report.breaches[0].description.contains("the cap is 10"))
  }

  /// A kernel without pages for the trace refuses requests, and then its counters differ.
  @Test func aKernelThatDisagreesIsABreach() async throws {
    let query = FragmentationQuery(
      profile: "windows-2003-x86", geometry: .x86, rules: .windows, peakLiveUnits: 2048)
    let best = try await query.search(.staircase, operations: 0, seed: 1)
    for (room, agrees) in [(2000, true), (16, false)] {
      let contest = try KernelContest(
        profile: .windows2003x86, geometry: .x86, rules: .windows, pages: room)
      var report = query.replay(best)
      let outcome = try query.outcome(of: best, on: contest)
      report.kernel = outcome
      #expect(report.breaches == (agrees ? [] : [.kernel(outcome, pages: report.pages)]))
      #expect(report.json.text.contains("\"kernel_pages\":\(outcome.pages)"))
    }
  }
}
