import PoolBounds
import Testing

@testable import FragmentationSearch

/// The search over states against the enumeration, and the digest that it tells states apart by.
struct StateSearchTests {
  /// Cells whose optimum takes few operations of search; `.ci/figures` searches all of them.
  private static let cells = ExactOptimaTable.cells.filter { cell in
    cell.headPages ?? 0 > 1 && cell.pageUnits < 16 && cell.headOperations ?? .max < 13
  }

  private static func pages(
    _ cell: ExactOptimaTable.Cell, _ rules: PlacementRules, operations: Int
  ) async throws -> Int {
    let geometry = try PoolGeometry(
      pageUnits: cell.pageUnits, smallestBlockUnits: cell.smallestUnits)
    let question = SearchQuestion(
      geometry: geometry, rules: rules, peakLiveUnits: cell.peakLiveUnits,
      operations: operations, seed: 1, streams: 1)
    let answer = await StateSearch().search(question)
    let metrics = FragmentationMetrics.measuring(answer.trace, geometry: geometry, rules: rules)
    #expect(metrics.footprint.peakPagesHeld == answer.pages)
    #expect(metrics.footprint.peakLiveUnits <= cell.peakLiveUnits)
    return answer.pages
  }

  @Test(arguments: cells)
  func theOptimumOfASmallPoolIsFound(cell: ExactOptimaTable.Cell) async throws {
    let head = try await Self.pages(cell, .lastInFirstOut, operations: 10_000)
    #expect(head == cell.headPages)
    guard let tailPages = cell.tailPages else { return }
    let tail = try await Self.pages(cell, .windows, operations: 10_000)
    #expect(tail == tailPages)
  }

  /// Where exact fits are never taken, levels that only rise lead to eight pages of the twelve that a
  /// cycle of closing and restoring reaches, which is proved to be the most; moves that are learnt lead there.
  @Test func whatComesBackGoesFurther() async throws {
    let question = SearchQuestion(
      geometry: try PoolGeometry(pageUnits: 12, smallestBlockUnits: 2), rules: .reactOS,
      peakLiveUnits: 30, operations: 60_000, seed: 4, streams: 1)
    let answer = await StateSearch().search(question)
    #expect(answer.pages == 12)
    let replayed = FragmentationMetrics.measuring(
      answer.trace, geometry: question.geometry, rules: question.rules)
    #expect(replayed.footprint.peakPagesHeld == answer.pages)
    #expect(replayed.footprint.peakLiveUnits <= 30)
    // Pages are given up on the way: the most are held again and again by fewer live units.
    #expect(answer.trace.count > 60)
  }

  /// A move is made again in other blocks, and refused where the cap or the page does not allow it.
  @Test func movesKeepTheirMeaning() throws {
    var pool = AbstractPool(
      geometry: try PoolGeometry(pageUnits: 12, smallestBlockUnits: 2), rules: .reactOS)
    let pin = pool.allocate(units: 2)
    var live = [RestingPool<AbstractPool>.Block(handle: pin, units: 2, page: pool.page(of: pin))]
    // Close the page for a request of five: the pin goes to the middle.
    let steps: [PageMove.Step] = [
      .request(units: 6), .request(units: 2), .releaseOwn(0), .request(units: 5), .releaseOwn(1),
      .request(units: 2), .releaseOwn(2), .releaseOther(3),
    ]
    var blocks = MoveBlocks()
    for step in steps {
      let operation = blocks.perform(
        step, &pool, &live, slackUnits: 30 - pool.footprint.liveUnits)
      #expect(operation != nil)
    }
    #expect(live.count == 1 && pool.footprint.liveUnits == 2 && pool.largestFreeUnits == 5)
    var refused = MoveBlocks()
    for step: PageMove.Step in [.request(units: 6), .releaseOwn(0), .releaseOther(0)] {
      let operation = refused.perform(step, &pool, &live, slackUnits: 5)
      #expect(operation == nil)
    }
    #expect(live.count == 1 && pool.footprint.liveUnits == 2)
  }

  /// Where pages and blocks have other names but are cut and listed alike, the digest is the same;
  /// any difference in sizes, in what is live, or in the order of a list changes it.
  @Test func digestsTellStatesApartAndNamesNot() throws {
    let geometry = try PoolGeometry(pageUnits: 8, smallestBlockUnits: 1)
    func digest(_ steps: [Int]) -> UInt64? {
      var pool = AbstractPool(geometry: geometry, rules: .lastInFirstOut)
      var handles: [BlockHandle] = []
      for step in steps {
        if step > 0 {
          handles.append(pool.allocate(units: step))
        } else {
          pool.free(handles[-step])
        }
      }
      return pool.stateDigest
    }
    // Two pages, made in either order.
    #expect(digest([6, 7]) == digest([7, 6]))
    // The same page again behind one that came and went: other records, the same state.
    #expect(digest([6]) == digest([8, 6, 0]))
    let different = [
      digest([]), digest([6]), digest([7]), digest([6, 7]), digest([6, 6]), digest([5, 1]),
      digest([2, 2, 2, 2, 0, -2]), digest([2, 2, 2, 2, -2, 0]),
    ]
    #expect(Set(different.map { $0 ?? 0 }).count == different.count)
  }
}
