import PoolBounds
import Testing

@testable import FragmentationSearch

/// Every geometry that there is up to a dozen units, with every limit on requests: no program may
/// stumble over a corner of it.
struct SmallGeometryTests {
  @Test(arguments: AbstractPoolTests.allRules)
  func programsRunEverywhere(rules: PlacementRules) throws {
    for page in [2, 3, 5, 8, 11, 14] {
      for smallest in 1..<page {
        for largest in smallest...page where largest >= page - 1 || largest % 3 == 0 {
          let geometry = try PoolGeometry(
            pageUnits: page, smallestBlockUnits: smallest, largestBlockUnits: largest)
          for cap in [0, 5, 44] { Self.check(geometry, rules, cap) }
        }
      }
    }
  }

  private static func check(_ geometry: PoolGeometry, _ rules: PlacementRules, _ cap: Int) {
    let bound = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
      .strongest(for: rules).pages
    let programs: [any Adversary] = [
      ResetCycle(geometry: geometry, rules: rules, peakLiveUnits: cap),
      Filling(geometry: geometry, rules: rules, peakLiveUnits: cap),
      Comb(geometry: geometry, rules: rules, peakLiveUnits: cap, finish: .refill),
      RobsonProgram(geometry: geometry, rules: rules, peakLiveUnits: cap),
      ContiguousChurn(geometry: geometry, rules: rules, peakLiveUnits: cap),
      Staircase.dyadic(geometry: geometry, rules: rules, peakLiveUnits: cap, firstLevel: 1),
      Staircase.dyadic(
        geometry: geometry, rules: rules, peakLiveUnits: cap,
        firstLevel: 2 * geometry.smallestBlockUnits + 1),
    ]
    for program in programs {
      let outcome = program.outcome()
      let place = "\(program.name) \(geometry) cap \(cap)"
      #expect(outcome.footprint.peakLiveUnits <= cap, "\(place)")
      #expect(outcome.footprint.peakPagesHeld <= bound, "\(place)")
      if let predicted = outcome.predictedPages {
        #expect(outcome.footprint.peakPagesHeld == predicted, "\(place)")
      }
    }
  }
}
