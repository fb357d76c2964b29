import KernelPool

/// What an operation must leave behind at the page level: the order of the free runs and the
/// big-page table.
struct PageLevelExpectation {
  private var runs: FreeRunLists?
  private var table: BigTableExpectation?
  private let isFree: Bool

  /// What must hold after an allocation that is expected to get `placement`.
  init(
    allocating type: PoolType, bytes: UInt64, _ placement: PlacementOracle.Prediction,
    _ view: PoolView
  ) {
    isFree = false
    let facts = RequestFacts(type, bytes: bytes, view.profile)
    if facts.isLarge { table = BigTableExpectation(view) }
    guard Self.isNonPaged(facts.kind) else { return }
    switch placement {
    case .block, .open: return
    case .page:
      runs = FreeRunLists(view)
      if !Self.hasKept(view, facts) { runs?.take(facts.pages) }
    }
  }

  /// What must hold after the free of a live allocation; `release` is where it must then be.
  init(
    freeing address: Address, _ facts: RequestFacts, _ release: ReleaseExpectation?,
    _ view: PoolView
  ) {
    isFree = true
    if facts.isLarge { table = BigTableExpectation(beforeFree: view) }
    guard Self.isNonPaged(facts.kind), var lists = FreeRunLists(view) else { return }
    let page = view.profile.pageBytes
    if facts.isLarge {
      // A tail that is in use keeps its page.
      guard view.profile.largeTail == .wasted else { return }
    } else {
      guard release?.releasesPage ?? false else { return }
    }
    guard facts.pages > 1 || !Self.keepsOne(view) else { return }
    guard let first = PageCensus.page(view, address & ~(page &- 1)),
      lists.give(view, first: first, pages: facts.pages)
    else { return }
    runs = lists
  }

  private static func isNonPaged(_ kind: PoolKind) -> Bool {
    kind == .nonPaged || kind == .nonPagedNoExecute
  }

  private static func hasKept(_ view: PoolView, _ facts: RequestFacts) -> Bool {
    facts.pages == 1 && view.variables.singlePageLists.nonPaged.0.count > 0
  }

  private static func keepsOne(_ view: PoolView) -> Bool {
    let list = view.variables.singlePageLists.nonPaged.0
    return list.count < list.maximumCount
  }

  /// What is wrong after the operation, if anything; `address` is where an allocation lies.
  func failure(_ view: PoolView, allocated address: Address? = nil) -> PoolFailure? {
    if let table {
      if isFree, let failure = table.failureAfterFree(view) { return failure }
      if let address, let failure = table.failure(afterAllocationAt: address, view) {
        return failure
      }
      // The table's own pages came from the runs too, or went to them.
      if table.isMoved(view) { return nil }
    }
    guard let runs, let now = FreeRunLists(view), now != runs else { return nil }
    return .oracle(.placementRuns, "the lists of free runs are not in the published order")
  }
}
