import PoolBounds
import Testing

@testable import FragmentationSearch

struct AbstractPoolTests {
  static let allRules: [PlacementRules] = RemainderOrder.allCases.flatMap { order in
    ExactFit.allCases.flatMap { exact in
      FreedOrder.allCases.map {
        PlacementRules(remainderOrder: order, exactFit: exact, freedOrder: $0)
      }
    }
  }

  /// Random operations on both pools; every block must lie at the same place of the same page.
  /// Page numbers differ (one pool reuses them), so pages are named by their order of first use.
  @Test(arguments: allRules)
  func agreesWithTheNaivePool(rules: PlacementRules) throws {
    for (page, smallest) in [(3, 1), (4, 1), (6, 2), (8, 2), (8, 3), (16, 2), (33, 3)] {
      let geometry = try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest)
      var generator = SeededGenerator(seed: 7, stream: UInt64(page))
      var pool = AbstractPool(geometry: geometry, rules: rules)
      var naive = NaivePool(geometry: geometry, rules: rules)
      var live: [(handle: BlockHandle, name: Int)] = []
      for step in 0..<120 {
        let growing = live.count < 12 ? 7 : 4
        if live.isEmpty || generator.chance(growing, in: 10) {
          let units = generator.within(smallest...geometry.largestBlockUnits)
          let rank = rules.remainderOrder == .relaxed ? generator.below(3) : 0
          live.append((pool.allocate(units: units, rank: rank), step))
          _ = naive.allocate(units: units, name: step, rank: rank)
        } else {
          let victim = live.remove(at: generator.below(live.count))
          pool.free(victim.handle)
          naive.free(name: victim.name)
        }
        let (findings, footprint) = (pool.invariantViolations(), pool.footprint)
        #expect(findings == [])
        #expect(footprint.pagesHeld == naive.pagesHeld)
        #expect(footprint.liveUnits == naive.liveUnits)
        let names = Dictionary(uniqueKeysWithValues: live.map { ($0.handle, $0.name) })
        let actual = pool.pages().map { map in
          map.runs.map { NaivePool.Run(units: $0.units, name: $0.handle.flatMap { names[$0] }) }
        }
        let expect = naive.pages.filter { !$0.isEmpty }
        #expect(Self.sorted(actual) == Self.sorted(expect), "page \(page), step \(step)")
      }
    }
  }

  private static func sorted(_ pages: [[NaivePool.Run]]) -> [[NaivePool.Run]] {
    // Every held page has a live block and names are unique, so the least name orders pages.
    pages.sorted { ($0.compactMap(\.name).min() ?? 0) < ($1.compactMap(\.name).min() ?? 0) }
  }

  /// A page cut at its front once and at its end ever after; then an exact fit, which Windows
  /// reuses and ReactOS passes over. Offsets worked out by hand from the split rule.
  @Test(arguments: [(PlacementRules.windows, 0xfe8), (.reactOS, 0xa0)])
  func frontThenBackAndExactFits(rules: PlacementRules, reused: Int) {
    var pool = AbstractPool(geometry: .x86, rules: rules)
    let blocks = [3, 3, 3, 0x1e3, 0x1e3, 511].map { pool.allocate(units: $0) }
    let offsets = blocks.map { Self.byteOffset(of: $0, in: pool) }
    #expect(offsets == [0, 0xfe8, 0xfd0, 0xb8, 0, 0])
    pool.free(blocks[1])
    let again = pool.allocate(units: 3)
    let offset = Self.byteOffset(of: again, in: pool)
    #expect(offset == reused)
  }

  private static func byteOffset(of handle: BlockHandle, in pool: borrowing AbstractPool) -> Int? {
    pool.pages().flatMap(\.runs).first { $0.handle == handle }.map { $0.offset * 8 }
  }

  @Test func aLoneUnitIsOnNoListAndIsMergedLater() {
    var pool = AbstractPool(geometry: .x86, rules: .windows)
    let large = pool.allocate(units: 511)
    let (largest, newest) = (pool.largestFreeUnits, pool.newestFreeUnits)
    #expect(largest == 0)
    #expect(newest == 0)
    pool.free(large)
    let (footprint, findings) = (pool.footprint, pool.invariantViolations())
    #expect(footprint.pagesHeld == 0)
    #expect(footprint.peakPagesHeld == 1)
    #expect(findings == [])
  }

  @Test func firstFitTakesTheLowestPlaceAndTheListsTheSmallest() {
    let firstFit = PlacementRules(remainderOrder: .tail, exactFit: .taken, fit: .firstFit)
    for (rules, expect) in [(firstFit, 0), (PlacementRules.windows, 1)] {
      var pool = AbstractPool(geometry: .x86, rules: rules)
      _ = pool.allocate(units: 400)
      _ = pool.allocate(units: 500)
      let served = pool.allocate(units: 5)
      let page = pool.pages().first { $0.runs.contains { $0.handle == served } }?.page
      #expect(page == expect)
    }
  }

  @Test func queriesFollowTheRules() {
    for (rules, twelve, eleven) in [(PlacementRules.windows, 12, 12), (.reactOS, nil, 12)] {
      var pool = AbstractPool(geometry: .x86, rules: rules)
      let block = pool.allocate(units: 500)
      let serving = [11, 12, 13].map { pool.sizeServing(units: $0) }
      #expect(serving == [eleven, twelve, nil])
      let has = [-1, 11, 12, 513].map { pool.hasFreeBlock(units: $0) }
      #expect(has == [false, false, true, false])
      let (largest, count) = (pool.largestFreeUnits, pool.freeBlockCounts()[12])
      #expect(largest == 12)
      #expect(count == 1)
      let units = pool.units(of: block)
      #expect(units == 500)
    }
  }

  /// Every kind of finding of the invariant check, provoked by one planted fault each.
  @Test(arguments: [
    ("block of page", 0), ("block says", 1), ("wrong left neighbour", 2), ("two free", 3),
    ("unused record", 4), ("live block too small", 5), ("blocks end at", 6),
    ("without a live block", 7), ("bit map disagrees", 8), ("holds a block not free", 9),
    ("holds 13 units", 10), ("broken back link", 11), ("wrong tail", 12), ("on lists", 13),
    ("pages counted", 14), ("block on no list", 15), ("empty block", 16),
    ("sliver on a list", 17), ("live block too large", 18),
  ])
  func invariantCheckSeesPlantedFaults(finding: String, fault: Int) {
    var pool = AbstractPool(geometry: .x86, rules: .windows)
    let first = pool.allocate(units: 250)
    let second = pool.allocate(units: 250)
    _ = pool.allocate(units: 500)
    let sound = pool.invariantViolations()
    #expect(sound == [])
    let free = Int(pool.lists.heads[12])
    let (one, two) = (Int(first.index), Int(second.index))
    switch fault {
    case 0: pool.records[one].page = 9
    case 1: pool.records[two].offset = 3
    case 2: pool.records[two].left = -1
    case 3: pool.records[one].state = .sliver
    case 4: pool.records[one].state = .unused
    case 5: pool.records[one].units = 1
    case 6: pool.records[two].units = 200
    case 7:
      pool.records[one].state = .free
      pool.records[two].state = .free
    case 8: pool.lists.nonEmpty[0] = 0
    case 9: pool.records[free].state = .live
    case 10: pool.records[free].units = 13
    case 11: pool.records[free].listPrevious = 5
    case 12: pool.lists.tails[12] = -1
    case 13: pool.lists.heads[12] = -1
    case 14: pool.firstBlocks[1] = -2
    case 15: pool.records[free].state = .sliver
    case 16: pool.records[one].units = 0
    case 17:
      pool.records[free].units = 1
    default: pool.records[one].units = 512
    }
    let findings = pool.invariantViolations()
    #expect(findings.contains { $0.contains(finding) }, "found \(findings)")
  }
}
