import Testing

@testable import FragmentationSearch
@testable import PoolBounds

/// The bounds against figures worked out independently, and their parts against plain searches.
struct BoundsTests {
  private static func abstract(_ pageUnits: Int, _ smallest: Int) throws -> PoolGeometry {
    try PoolGeometry(pageUnits: pageUnits, smallestBlockUnits: smallest)
  }

  @Test(arguments: [
    (512, 2, 8192, 3629), (512, 2, 131_072, 56_900), (512, 2, 2_097_152, 909_158),
    (512, 3, 8192, 2611), (512, 3, 131_072, 40_983), (512, 3, 2_097_152, 654_787),
    (256, 2, 4096, 1816), (256, 2, 65_536, 28_481),
  ])
  func closedPagesRecursion(page: Int, smallest: Int, cap: Int, expect: Int) throws {
    let bounds = FragmentationBounds(
      geometry: try Self.abstract(page, smallest), peakLiveUnits: cap)
    #expect(bounds.closedPages.pages == expect)
    #expect(bounds.strongest(for: .windows) == bounds.closedPages)
  }

  @Test(arguments: [(512, 2, 221.94), (512, 3, 159.85), (256, 2, 111.11)])
  func limitOfTheRecursion(page: Int, smallest: Int, expect: Double) throws {
    let bounds = FragmentationBounds(
      geometry: try Self.abstract(page, smallest), peakLiveUnits: 1)
    #expect(abs(bounds.closedPagesLimitRatio - expect) < 0.006)
  }

  @Test func simpleBoundsOnX86() {
    let bounds = FragmentationBounds(geometry: .x86, peakLiveUnits: 8192)
    #expect(bounds.trivial.pages == 4096)
    #expect(bounds.lastRequest.pages == 3969)
    // One unit less need be requested: 255 instead of 256, which buys nothing here.
    #expect(bounds.lastRequestSkippingExact.pages == 3969)
    #expect(RobsonBound(geometry: .x86, peakLiveUnits: 8192).words == 4096 * 5 - 255)
    #expect(RobsonBound(geometry: .x86, peakLiveUnits: 8192).pages == 80)
  }

  @Test func kernelNumbersGiveTheKernelGeometries() throws {
    let x86 = try PoolGeometry.kernel(pageBytes: 4096, unitBytes: 8, headerBytes: 8)
    let x64 = try PoolGeometry.kernel(pageBytes: 4096, unitBytes: 16, headerBytes: 16)
    #expect(x86 == .x86)
    #expect(x64 == .x64)
    let story = try PoolGeometry.kernel(
      pageBytes: 4096, unitBytes: 8, headerBytes: 8, smallestRequestBytes: 9)
    #expect(story.smallestBlockUnits == 3)
    #expect(story.smallestListedUnits == 2)
    #expect(x86.payloadBytes(units: 511) == 4080)
  }

  @Test func impossibleGeometriesAreRefused() {
    #expect(throws: GeometryError.pageUnits(1)) { try Self.abstract(1, 1) }
    #expect(throws: GeometryError.smallestBlockUnits(8, pageUnits: 8)) { try Self.abstract(8, 8) }
    #expect(throws: GeometryError.smallestBlockUnits(0, pageUnits: 8)) { try Self.abstract(8, 0) }
    #expect(throws: GeometryError.largestBlockUnits(9)) {
      try PoolGeometry(pageUnits: 8, smallestBlockUnits: 2, largestBlockUnits: 9)
    }
    #expect(throws: GeometryError.pageBytes(4095, unitBytes: 8)) {
      try PoolGeometry.kernel(pageBytes: 4095, unitBytes: 8, headerBytes: 8)
    }
    #expect(throws: GeometryError.smallestRequestBytes(4081)) {
      try PoolGeometry.kernel(
        pageBytes: 4096, unitBytes: 8, headerBytes: 8, smallestRequestBytes: 4081)
    }
    #expect(throws: GeometryError.headerBytes(16)) {
      try PoolGeometry(pageUnits: 8, smallestBlockUnits: 2, unitBytes: 8, headerBytes: 16)
    }
  }

  /// The costs are found at a crossing; here they are found by trying every number of blocks.
  @Test func costsEqualAPlainSearch() {
    for page in 2...40 {
      for smallest in 1..<page {
        let costs = ClosedPageCosts(pageUnits: page, smallestBlockUnits: smallest)
        for x in 0...page {
          let closed = (1...page + 1).map { max($0 * smallest, page - ($0 + 1) * x) }.min()
          let large = (0...page).map { max(x + 1 + $0 * smallest, page - ($0 + 2) * x) }.min()
          #expect(costs.closed(x) == closed, "page \(page), smallest \(smallest), x \(x)")
          #expect(costs.closedWithLargeBlock(x) == large, "page \(page), x \(x)")
        }
      }
    }
  }

  /// The greedy q of the recursion against every q.
  @Test func recursionEqualsItsDefinition() throws {
    for (page, smallest) in [(3, 1), (4, 1), (6, 2), (8, 2), (8, 3), (16, 2)] {
      let costs = ClosedPageCosts(pageUnits: page, smallestBlockUnits: smallest)
      for cap in smallest...60 {
        var pages = cap / costs.closed(smallest - 1)
        for x in smallest...page - smallest {
          let candidates = (0...pages + 1).filter { $0 * costs.closed(x) <= cap }
          let totals = candidates.map {
            $0 + (cap - $0 * costs.closed(x)) / costs.closedWithLargeBlock(x)
          }
          pages = totals.max() ?? 0
        }
        let geometry = try Self.abstract(page, smallest)
        let actual = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
        #expect(actual.closedPages(upTo: page) == pages, "page \(page), cap \(cap)")
      }
    }
  }

  @Test func boundsCoverExactlyTheRulesTheyAreProvedFor() {
    let bounds = FragmentationBounds(geometry: .x86, peakLiveUnits: 131_072)
    let firstFit = PlacementRules(remainderOrder: .tail, exactFit: .taken, fit: .firstFit)
    let taken: Set<PageBound.Proof> = [.lastRequest, .closedPages]
    let table: [(PlacementRules, Set<PageBound.Proof>)] = [
      (.windows, Set(PageBound.Proof.allCases)),
      (.lastInFirstOut, Set(PageBound.Proof.allCases)),
      (.reactOS, Set(PageBound.Proof.allCases).subtracting(taken)),
      (firstFit, [.trivial, .lastRequest, .lastRequestSkippingExact]),
    ]
    for (rules, expect) in table {
      #expect(Set(bounds.all.filter { $0.covers(rules) }.map(\.proof)) == expect)
    }
    #expect(bounds.strongest(for: .reactOS).proof == .lastClosing)
    #expect(bounds.trivial.assumptions.names == ["whole-pages-return"])
    #expect(bounds.closedPages.assumptions.names.count == 4)
  }

  @Test func extremeCapsNeitherTrapNorOverflow() throws {
    for cap in [Int.min, -1, 0, 1, 2, Int.max] {
      for geometry in [PoolGeometry.x86, .x64, try Self.abstract(65_536, 1)] {
        let bounds = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
        for bound in bounds.all { #expect(bound.pages >= 0 && bound.pages <= bounds.trivial.pages) }
        #expect(RobsonBound(geometry: geometry, peakLiveUnits: cap).pages >= 0)
      }
    }
  }
}
