import Glibc
import PoolBounds
import PoolTestSupport
import Testing

@testable import FragmentationSearch

struct ExactOptimumTests {
  /// The largest caps whose states are few enough for a debug build, by page and smallest block.
  private static let quickCaps = [[3, 1]: 7, [4, 1]: 6, [6, 2]: 13, [8, 2]: 10, [16, 2]: 5]

  private static var runsAllCells: Bool { getenv("POOLFUZZ_EXACT_CELLS") != nil }

  static var cells: [ExactOptimaTable.Cell] {
    ExactOptimaTable.cells.filter {
      runsAllCells || $0.peakLiveUnits <= (quickCaps[[$0.pageUnits, $0.smallestUnits]] ?? 0)
    }
  }

  private static func solve(
    _ page: Int, _ smallest: Int, _ cap: Int, _ rules: PlacementRules,
    _ extent: ExactOptimum.Extent = .allStates
  ) throws -> ExactOptimum.Result {
    let geometry = try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest)
    return try ExactOptimum(geometry: geometry, rules: rules, peakLiveUnits: cap)
      .solve(extent: extent, mostStates: 200_000_000)
  }

  @Test(arguments: cells)
  func reproducesTheTable(cell: ExactOptimaTable.Cell) throws {
    let orders: [(RemainderOrder, Int?)] = [
      (.relaxed, cell.relaxedPages), (.head, cell.headPages), (.tail, cell.tailPages),
    ]
    for (order, expect) in orders {
      guard let expect else { continue }
      let rules = PlacementRules(remainderOrder: order, exactFit: .taken)
      let result = try Self.solve(
        cell.pageUnits, cell.smallestUnits, cell.peakLiveUnits, rules)
      #expect(result.optimumPages == expect, "\(order)")
      if order == .head, let operations = cell.headOperations {
        #expect(result.minimalOperations == operations)
      }
      try Self.checkWitness(result, cell, rules)
    }
  }

  /// The witness keeps the cap, reaches the optimum with its last operation and not before.
  private static func checkWitness(
    _ result: ExactOptimum.Result, _ cell: ExactOptimaTable.Cell, _ rules: PlacementRules
  ) throws {
    let geometry = try PoolGeometry(
      pageUnits: cell.pageUnits, smallestBlockUnits: cell.smallestUnits)
    var pool = AbstractPool(geometry: geometry, rules: rules)
    var handles: [Int: BlockHandle] = [:]
    for operation in result.witness.dropLast() { operation.apply(to: &pool, &handles) }
    let before = pool.footprint
    #expect(before.peakPagesHeld < result.optimumPages)
    result.witness.last?.apply(to: &pool, &handles)
    let after = pool.footprint
    #expect(after.pagesHeld == result.optimumPages)
    #expect(after.peakLiveUnits <= cell.peakLiveUnits)
    #expect(result.witness.count == result.minimalOperations)
  }

  /// Every optimum lies within every bound that covers the rules, skipped exact fits included.
  @Test(arguments: AbstractPoolTests.allRules)
  func optimaRespectTheBounds(rules: PlacementRules) throws {
    for (page, smallest, last) in [(3, 1, 6), (4, 1, 4), (6, 2, 10), (8, 2, 9), (8, 3, 11)] {
      let geometry = try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest)
      for cap in smallest...last {
        let optimum = try Self.solve(page, smallest, cap, rules).optimumPages
        let bounds = FragmentationBounds(geometry: geometry, peakLiveUnits: cap)
        for bound in bounds.all where bound.covers(rules) {
          #expect(optimum <= bound.pages, "\(page),\(smallest),\(cap) \(bound.proof)")
        }
      }
    }
  }

  /// Where exact fits are skipped, the bounds that assume them are really broken: the switch
  /// matters, and the claim of not covering this variant is not mere caution.
  @Test(arguments: [(2, 1, 3, 3), (9, 2, 6, 2)])
  func skippedExactFitsBreakTheBoundsThatNeedThem(
    page: Int, smallest: Int, cap: Int, expect: Int
  ) throws {
    let optimum = try Self.solve(page, smallest, cap, .reactOS).optimumPages
    let bounds = FragmentationBounds(
      geometry: try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest),
      peakLiveUnits: cap)
    #expect(optimum == expect)
    #expect(optimum > bounds.lastRequest.pages)
    #expect(optimum <= bounds.strongest(for: .reactOS).pages)
  }

  /// The solver's steps out of a state against all operations on the abstract pool, on random
  /// walks under every combination of rules.
  @Test(arguments: AbstractPoolTests.allRules)
  func stepsAgreeWithThePool(rules: PlacementRules) throws {
    for (page, smallest, cap) in [(3, 1, 7), (4, 1, 9), (6, 2, 16), (8, 2, 20)] {
      let geometry = try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest)
      let layouts = try PageLayouts(geometry: geometry, peakLiveUnits: cap)
      let format = try PageKeys(
        layouts: layouts.count, runs: layouts.mostListedRuns,
        listed: rules.remainderOrder == .relaxed ? 0 : 2 * cap)
      var states = PageStates(
        layouts: layouts, format: format, rules: rules, peakLiveUnits: cap)
      var generator = SeededGenerator(seed: 3, stream: UInt64(page))
      var walk: [AbstractOperation] = []
      for _ in 0..<8 {
        let before = Self.state(after: walk, geometry, rules, layouts, format)
        for (index, key) in before.enumerated() { states.keys[index] = key }
        states.pages = before.count
        var stepped: Set<[UInt64]> = []
        _ = states.forEachStep { keys, pages in
          stepped.insert(Array(UnsafeBufferPointer(start: keys, count: pages)))
          return true
        }
        let next = Self.operations(after: walk, geometry, cap, rules)
        let expect = Set(
          next.map { Self.state(after: walk + [$0], geometry, rules, layouts, format) })
        #expect(stepped == expect, "page \(page) after \(walk)")
        walk.append(next[generator.below(next.count)])
      }
    }
  }

  private static func state(
    after walk: [AbstractOperation], _ geometry: PoolGeometry, _ rules: PlacementRules,
    _ layouts: PageLayouts, _ format: PageKeys
  ) -> [UInt64] {
    var pool = AbstractPool(geometry: geometry, rules: rules)
    var handles: [Int: BlockHandle] = [:]
    for operation in walk { operation.apply(to: &pool, &handles) }
    return pool.canonicalKeys(layouts, format)
  }

  private static func operations(
    after walk: [AbstractOperation], _ geometry: PoolGeometry, _ cap: Int, _ rules: PlacementRules
  ) -> [AbstractOperation] {
    var live: [Int: Int] = [:]
    for operation in walk {
      switch operation {
      case .allocate(let slot, let units, _): live[slot] = units
      case .free(let slot): live[slot] = nil
      }
    }
    let largest = min(geometry.largestBlockUnits, cap - live.values.reduce(0, +))
    let sizes = Array(geometry.smallestBlockUnits..<max(geometry.smallestBlockUnits, largest + 1))
    let ranks = rules.remainderOrder == .relaxed ? 8 : 1
    return live.keys.sorted().map { .free(slot: $0) }
      + sizes.flatMap { units in
        (0..<ranks).map { .allocate(slot: walk.count, units: units, rank: $0) }
      }
  }

  @Test func stoppingAtTheBoundGivesTheSameOptimum() throws {
    let whole = try Self.solve(8, 2, 11, .windows)
    let quick = try Self.solve(8, 2, 11, .windows, .untilBound)
    #expect(quick.optimumPages == whole.optimumPages)
    #expect(quick.minimalOperations == whole.minimalOperations)
    let nothing = try Self.solve(8, 2, 1, .windows)
    #expect(nothing.optimumPages == 0)
    #expect(nothing.witness == [])
  }

  /// A question about few live units is small however large the page is.
  @Test(arguments: [
    (16, 1, 5, 1), (14, 1, 4, 1), (24, 2, 8, 1), (512, 2, 4, 1), (512, 2, 5, 1), (33, 8, 20, 1),
  ])
  func theQuestionLimitsTheLayouts(page: Int, smallest: Int, cap: Int, expect: Int) throws {
    for rules in [PlacementRules.windows, .reactOS, .lastInFirstOut] {
      #expect(try Self.solve(page, smallest, cap, rules).optimumPages == expect)
      // The rules make no difference to how many layouts there are, which is what takes long.
      if page > 100, !TestScale.isWhole { break }
    }
  }

  /// The limit that was hit is the one that is named.
  @Test func refusesWhatItCannotEnumerate() throws {
    func failure(
      _ page: Int, _ smallest: Int, _ cap: Int, _ rules: PlacementRules = .windows, states: Int = 9
    ) throws -> ExactOptimum.Failure? {
      let geometry = try PoolGeometry(pageUnits: page, smallestBlockUnits: smallest)
      let question = ExactOptimum(geometry: geometry, rules: rules, peakLiveUnits: cap)
      do throws(ExactOptimum.Failure) {
        _ = try question.solve(mostStates: states)
        return nil
      } catch { return error }
    }
    #expect(try failure(8, 2, 99) == .tooManyPages(bound: 47))
    let manyLayouts = try PoolGeometry(pageUnits: 65_536, smallestBlockUnits: 30_000)
    #expect(throws: ExactOptimum.Failure.tooManyLayouts) {
      try PageLayouts(geometry: manyLayouts, peakLiveUnits: 90_000, most: 5000)
    }
    if TestScale.isWhole { #expect(try failure(65_536, 30_000, 90_000) == .tooManyLayouts) }
    #expect(throws: ExactOptimum.Failure.tooManyFreeRuns(9)) {
      try PageKeys(layouts: 1000, runs: 9, listed: 80)
    }
    let firstFit = PlacementRules(remainderOrder: .tail, exactFit: .taken, fit: .firstFit)
    #expect(try failure(8, 2, 9, firstFit) == .unsupportedRules)
    #expect(try failure(8, 2, 14, states: 1000)?.description.contains("gave up after 1") == true)
  }
}
