import PoolBounds
import PropertyTesting
import Testing

@testable import FragmentationSearch

struct QueryTests {
  private static let story = FragmentationQuery(
    profile: "windows-2003-x86", geometry: .x86, rules: .windows, peakLiveBytes: 65_536)

  @Test func boundReportsProofsAndForecast() {
    let report = Self.story.bound()
    #expect(report.upperBound.pages == 3629)
    #expect(report.pages == 3249)
    #expect(report.operations == nil)
    let text = report.json.text
    #expect(
      text.hasPrefix(
        #"{"profile":"windows-2003-x86","objective":"held-over-peak","peak_live_bytes":65536,"#
          + #""operations":null,"pages":3249,"held_bytes":13307904,"held_over_peak":203.0625,"#
          + #""held_over_final":null,"upper_bound_pages":3629,"share_of_bound":0.895"#))
    #expect(text.contains(#"{"proof":"trivial","pages":4096,"covers":"yes","assumes":["whole"#))
    #expect(!text.contains("optimum_pages"))
  }

  @Test func exactReportsTheOptimum() throws {
    let query = FragmentationQuery(
      profile: "abstract", geometry: try PoolGeometry(pageUnits: 8, smallestBlockUnits: 2),
      rules: .lastInFirstOut, peakLiveUnits: 12)
    let (report, witness) = try query.exact()
    #expect(report.json.text.hasSuffix(#""optimum_pages":4,"minimal_operations":20}"#))
    #expect(witness.count == 20)
    #expect(report.finalPages == 4)
    #expect(report.upperBound.pages >= 4)
  }

  @Test(arguments: FragmentationQuery.Algorithm.allCases)
  func maximizeReplaysWhatItReports(algorithm: FragmentationQuery.Algorithm) async throws {
    let query = FragmentationQuery(
      profile: "abstract", geometry: try PoolGeometry(pageUnits: 32, smallestBlockUnits: 2),
      rules: .windows, peakLiveUnits: 300)
    let log = OperationLog()
    let report = try await query.maximize(algorithm, operations: 40_000, seed: 9) {
      log.operations.append($0)
    }
    let metrics = FragmentationMetrics.measuring(
      log.operations, geometry: query.geometry, rules: query.rules)
    #expect(metrics.footprint.peakPagesHeld == report.pages)
    #expect(metrics.footprint.peakLiveUnits <= 300)
    #expect(log.operations.count == report.operations)
    #expect(report.shareOfBound > 0 && report.shareOfBound <= 1)
    #expect(report.heldOverFinal == metrics.heldOverFinal)
  }

  private final class OperationLog {
    var operations: [AbstractOperation] = []
  }

  @Test func hugeCapsAreRefusedWhereTheyCannotBeSimulated() async {
    let query = FragmentationQuery(
      profile: "x", geometry: .x86, rules: .windows, peakLiveBytes: .max)
    #expect(query.bound().upperBound.pages > 0)
    await #expect(throws: FragmentationQuery.Failure.self) {
      try await query.maximize(.staircase, operations: 1, seed: 1)
    }
  }

  /// A staircase needs a page of slack while it cuts one; a search from scratch does not.
  @Test(arguments: [PlacementRules.windows, .lastInFirstOut])
  func aCapOfOnePageHoldsSeveral(rules: PlacementRules) async throws {
    let query = FragmentationQuery(
      profile: "small pages", geometry: try PoolGeometry(pageUnits: 64, smallestBlockUnits: 2),
      rules: rules, peakLiveBytes: 512)
    let report = try await query.maximize(.schedule, operations: 20_000, seed: 1)
    #expect(report.pages >= 2)
    #expect(report.breaches == [])
  }

  @Test func generatorIsTheOnePublished() {
    // SplitMix64's first outputs for seed 1234567, as published with its reference code.
    var generator = SeededGenerator(seed: 1_234_567)
    #expect(generator.next() == 6_457_827_717_110_365_317)
    #expect(generator.next() == 3_203_168_211_198_807_973)
    var streams = (0..<100).map { SeededGenerator(seed: 1, stream: $0) }
    let firsts = Set(streams.indices.map { streams[$0].next() })
    #expect(firsts.count == 100)
    let draws = (0..<1000).map { _ in generator.within(3...5) }
    #expect(Set(draws) == [3, 4, 5])
  }
}
