import KernelPool
import PoolBounds
import Testing

@testable import FragmentationSearch

/// The abstract pool against the kernel model, operation by operation.
///
/// Where they can differ at all: the kernel reuses the pages that it was given back in an order of
/// its own, so pages are compared up to renaming. Requests above the largest small block are the
/// page allocator's business and are not made; blocks on lookaside lists, waiting frees, kept pages
/// and used tails of large allocations have no counterpart and are off.
struct KernelAgreementTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let profile: Profile
    let rules: PlacementRules
    var testDescription: String {
      "\(profile.name), pages of \(profile.pageBytes), units of \(profile.unitBytes), "
        + "\(rules.remainderOrder), exact fits \(rules.exactFit)"
    }
  }

  static let cases: [Case] = [Profile.windows2003x86, .windows2003x64, .reactosX86].flatMap {
    profile in
    [64, 128, 512, 4096].flatMap { (page: UInt64) in
      [8, 16].compactMap { (unit: UInt64) -> Case? in
        // The header of an x64 block fills a unit of 16 bytes; there are none of 8.
        guard profile.wordBytes == 4 || unit == 16 else { return nil }
        var profile = profile
        profile.pageBytes = page
        profile.unitBytes = unit
        return Case(profile: profile, rules: PlacementRules(profile: profile))
      }
    }
  }

  /// The kernel's other order of remainders and of freed blocks, and its other first list.
  static let otherRules: [Case] = [
    PlacementRules.lastInFirstOut, PlacementRules(remainderOrder: .head, exactFit: .never),
    PlacementRules(remainderOrder: .tail, exactFit: .taken, freedOrder: .tail),
  ].map { Case(profile: .windows2003x86, rules: $0) }

  @Test(arguments: cases + otherRules)
  func samePlaceForEveryBlock(_ sample: Case) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var pair = try Pair.make(sample.profile, sample.rules)
      var generator = SeededGenerator(seed: seed)
      for step in 0..<600 {
        let difference = pair.step(&generator)
        try #require(difference == nil, "seed \(seed), operation \(step)")
      }
      let (held, broken) = (pair.kernel.footprint, pair.abstract.invariantViolations())
      #expect(held == pair.abstract.footprint)
      #expect(broken == [])
    }
  }

  /// The comparison sees what it is for: one switch set otherwise on one side only.
  @Test(arguments: [
    PlacementRules.reactOS, .lastInFirstOut,
    PlacementRules(remainderOrder: .tail, exactFit: .taken, freedOrder: .tail),
  ])
  func otherRulesAreFound(_ rules: PlacementRules) throws {
    var pair = try Pair.make(.windows2003x86, rules, kernelRules: .windows)
    var generator = SeededGenerator(seed: 1)
    var found = false
    for _ in 0..<2000 where !found { found = pair.step(&generator) != nil }
    #expect(found)
  }

  /// An abstract pool and a kernel that are asked the same.
  private struct Pair: ~Copyable {
    var abstract: AbstractPool
    var kernel: KernelTarget
    private var live: [(abstract: BlockHandle, kernel: BlockHandle)] = []
    /// The page of the kernel by the page of the abstract pool, while it is held.
    private var pages: [Int32: (address: Address, blocks: Int)] = [:]

    init(abstract: consuming AbstractPool, kernel: consuming KernelTarget) {
      self.abstract = abstract
      self.kernel = kernel
    }

    static func make(
      _ profile: Profile, _ rules: PlacementRules, kernelRules: PlacementRules? = nil
    ) throws -> Pair {
      let geometry = try PoolGeometry(profile: profile)
      let contest = try KernelContest(
        profile: profile, geometry: geometry, rules: kernelRules ?? rules, pages: 2000)
      return Pair(
        abstract: AbstractPool(geometry: geometry, rules: rules),
        kernel: try KernelTarget(contest, geometry: geometry))
    }

    /// Asks both; says what they disagree about.
    mutating func step(_ generator: inout SeededGenerator) -> String? {
      // Growth and shrinkage take turns, so that pages come, fragment and go.
      let growing = kernel.footprint.liveBlocks < 60 ? 7 : 4
      if live.isEmpty || generator.chance(growing, in: 10) {
        if let difference = allocate(&generator) { return difference }
      } else {
        release(at: generator.below(live.count))
      }
      if let failure = kernel.failure { return failure }
      if abstract.footprint != kernel.footprint { return "footprints differ" }
      if abstract.largestFreeUnits != kernel.largestFreeUnits { return "largest free differs" }
      let size = generator.within(1...abstract.geometry.pageUnits)
      return abstract.hasFreeBlock(units: size) == kernel.hasFreeBlock(units: size)
        ? nil : "a free block of \(size) units on one side only"
    }

    private mutating func allocate(_ generator: inout SeededGenerator) -> String? {
      let geometry = abstract.geometry
      let most = generator.chance(1, in: 2) ? geometry.pageUnits / 4 : geometry.largestBlockUnits
      let least = geometry.smallestBlockUnits
      let units = generator.within(least...max(least, most))
      let pair = (abstract: abstract.allocate(units: units), kernel: kernel.allocate(units: units))
      live.append(pair)
      if abstract.offset(of: pair.abstract) != kernel.offset(of: pair.kernel) {
        return "offsets differ"
      }
      let page = abstract.records[Int(pair.abstract.index)].page
      let address = kernel.page(of: pair.kernel)
      guard let known = pages[page] else {
        if pages.values.contains(where: { $0.address == address }) { return "not a fresh page" }
        pages[page] = (address, 1)
        return nil
      }
      pages[page] = (known.address, known.blocks + 1)
      return known.address == address ? nil : "pages differ"
    }

    private mutating func release(at index: Int) {
      let pair = live.remove(at: index)
      let page = abstract.records[Int(pair.abstract.index)].page
      abstract.free(pair.abstract)
      kernel.free(pair.kernel)
      guard let known = pages[page] else { return }
      pages[page] = known.blocks == 1 ? nil : (known.address, known.blocks - 1)
    }
  }
}
