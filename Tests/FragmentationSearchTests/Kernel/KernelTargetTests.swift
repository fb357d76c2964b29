import KernelPool
import PoolBounds
import Testing

@testable import FragmentationSearch

struct KernelTargetTests {
  /// The faithful order on the story's system: what the forecast promises, the kernel books.
  @Test func theStaircaseHoldsOnTheKernelWhatItPromises() throws {
    let staircase = Staircase.dyadic(
      geometry: .x86, rules: .windows, peakLiveUnits: 8192, firstLevel: 32)
    let predicted = try #require(staircase.predictedPages)
    #expect(predicted == 3249)
    let contest = try KernelContest(
      profile: .windows2003x86, geometry: .x86, rules: .windows, pages: predicted)
    var kernel = try KernelTarget(contest, geometry: .x86)
    staircase.run(on: &kernel)
    let (footprint, failure) = (kernel.footprint, kernel.failure)
    #expect(failure == nil)
    #expect(footprint.peakPagesHeld == predicted)
    #expect(footprint.pagesHeld == predicted)
    #expect(footprint.peakLiveUnits <= 8192)
    #expect(footprint == staircase.outcome().footprint)
  }

  @Test func exactWitnessesHoldOnTheKernel() throws {
    for (page, smallest, unit, cap) in [(4, 1, 16, 6), (8, 2, 8, 8)] {
      let geometry = try PoolGeometry(
        pageUnits: page, smallestBlockUnits: smallest, unitBytes: unit, headerBytes: 8)
      for rules in [PlacementRules.windows, .reactOS, .lastInFirstOut] {
        let query = FragmentationQuery(
          profile: "small", geometry: geometry, rules: rules, peakLiveUnits: cap)
        let (report, witness) = try query.exact()
        let contest = try KernelContest(
          profile: KernelContest.profile(for: geometry), geometry: geometry, rules: rules,
          pages: 16)
        var replay = try KernelReplay(contest, geometry: geometry)
        for operation in witness { replay.apply(operation) }
        let (footprint, failure) = (replay.target.footprint, replay.target.failure)
        #expect(failure == nil)
        #expect(footprint.peakPagesHeld == report.optimumPages)
        #expect(footprint.peakLiveUnits <= cap)
      }
    }
  }

  @Test func aPoolThatIsTooSmallIsToldAndNotTrapped() throws {
    let contest = try KernelContest(
      profile: .windows2003x86, geometry: .x86, rules: .windows, pages: 16)
    var kernel = try KernelTarget(contest, geometry: .x86)
    let blocks = (0..<20).map { _ in kernel.allocate(units: 500) }
    for block in blocks { kernel.free(block) }
    let (failure, footprint) = (kernel.failure, kernel.footprint)
    #expect(failure == "a request for 500 units came to null")
    #expect(footprint.peakPagesHeld == 16)
    #expect(footprint.pagesHeld == 0)
    #expect(footprint.liveBlocks == 0)
  }

  @Test func poolsThatNoKernelHasAreRefused() throws {
    let six = try PoolGeometry(pageUnits: 6, smallestBlockUnits: 2, headerBytes: 8)
    #expect(throws: KernelContest.Failure.geometry) { try KernelContest.profile(for: six) }
    let refusals: [(PoolGeometry, PlacementRules, KernelContest.Failure)] = [
      (.x86, PlacementRules(remainderOrder: .relaxed, exactFit: .taken), .relaxedOrder),
      (
        .x86, PlacementRules(remainderOrder: .tail, exactFit: .taken, fit: .firstFit), .firstFit
      ),
      (.x64, .windows, .geometry),
    ]
    for (geometry, rules, failure) in refusals {
      #expect(throws: failure) {
        try KernelContest(
          profile: .windows2003x86, geometry: geometry, rules: rules, pages: 16)
      }
    }
  }

  /// Everything that the sizes of the two sources say must be the same.
  @Test func profilesGiveTheKnownGeometries() throws {
    #expect(try PoolGeometry(profile: .windows2003x86) == .x86)
    #expect(try PoolGeometry(profile: .windows7x64) == .x64)
    #expect(PlacementRules(profile: .windows2003x86) == .windows)
    #expect(PlacementRules(profile: .reactosX86) == .reactOS)
    let story = try PoolGeometry(profile: .windows2003x86, requestBytes: 16...2000)
    #expect(story.smallestBlockUnits == 3)
    #expect(story.largestBlockUnits == 251)
    #expect(throws: GeometryError.smallestRequestBytes(4081)) {
      try PoolGeometry(profile: .windows2003x86, requestBytes: 4081...4090)
    }
  }

  /// A pool of as many pages as fit: 32-bit addresses end.
  @Test func pagesAreAsManyAsFit() throws {
    let contest = try KernelContest(
      profile: .windows2003x86, geometry: .x86, rules: .windows, pages: 1_000_000)
    let pages = contest.configuration.pool.nonPagedPages
    #expect((100_000..<1_000_000).contains(pages))
    #expect(contest.configurationText.hasPrefix("format=1 profile=windows-2003-x86 "))
    #expect(contest.configurationText.contains(" lookaside=0 "))
  }
}
