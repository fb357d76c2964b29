import Testing

@testable import FragmentationSearch

struct ExactOptimumTests {
  @Test(arguments: [(6, 2, 13, 5, 17), (8, 2, 12, 4, 20)])
  func small(page: Int, smallest: Int, cap: Int, pages: Int, operations: Int) throws {
    let geometry = try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest)
    let result = try ExactOptimum(
      geometry: geometry, rules: .lastInFirstOut, peakLiveUnits: cap
    ).solve()
    print(result)
    #expect(result.optimumPages == pages)
    #expect(result.minimalOperations == operations)
  }
}
