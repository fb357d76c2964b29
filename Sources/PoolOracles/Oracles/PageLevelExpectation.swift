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
      if Self.kept(view, facts.pages)?.count ?? 0 == 0 { runs?.take(facts.pages) }
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
    if let list = Self.kept(view, facts.pages), list.count < list.maximumCount { return }
    guard let first = PageCensus.page(view, address & ~(page &- 1)),
      lists.give(view, first: first, pages: facts.pages)
    else { return }
    runs = lists
  }

  private static func isNonPaged(_ kind: PoolKind) -> Bool {
    kind == .nonPaged || kind == .nonPagedNoExecute
  }

  /// The list of freed runs of so many nonpaged pages, where the version has one.
  private static func kept(_ view: PoolView, _ pages: UInt64) -> SinglePageList? {
    let lists = view.variables.singlePageLists.nonPaged
    guard pages <= view.profile.singleListPages else { return nil }
    return switch pages {
    case 1: lists.0
    case 2: lists.1
    case 3: lists.2
    default: nil
    }
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
