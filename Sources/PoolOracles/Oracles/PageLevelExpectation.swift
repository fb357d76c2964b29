import KernelPool

/// What an operation must leave behind at the page level: the order of the free runs, the hint of a
/// page bitmap, and the big-page table.
struct PageLevelExpectation {
  private var runs: FreeRunLists?
  private var table: BigTableExpectation?
  /// Where the next search of a bitmap must start.
  private var hint: (kind: PoolKind, page: UInt64)?
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
    if facts.isLarge {
      // A tail that is in use keeps its page.
      guard view.profile.largeTail == .wasted else { return }
    } else {
      guard release?.releasesPage ?? false else { return }
    }
    guard Self.isNonPaged(facts.kind) else {
      hint = Self.hint(afterFreeing: address, facts, view)
      return
    }
    guard var lists = FreeRunLists(view) else { return }
    let page = view.profile.pageBytes
    if let list = Self.kept(view, facts.pages), list.count < list.maximumCount { return }
    guard let first = PageCensus.page(view, address & ~(page &- 1)),
      lists.give(view, first: first, pages: facts.pages)
    else { return }
    runs = lists
  }

  /// The hint after pages went back to their bitmap: it is lowered to them where it lay above them
  /// (ReactOS MiFreePoolPages). Nil where a list of single pages takes them.
  private static func hint(
    afterFreeing address: Address, _ facts: RequestFacts, _ view: PoolView
  ) -> (kind: PoolKind, page: UInt64)? {
    let isPaged = facts.kind == .paged
    let lists = view.variables.singlePageLists
    let list = isPaged ? lists.paged : lists.session
    if facts.pages == 1, list.count < list.maximumCount { return nil }
    let bitmap = isPaged ? view.variables.pagedBitmap : view.variables.sessionBitmap
    return (facts.kind, min(bitmap.hint, (address &- bitmap.base) / view.profile.pageBytes))
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
    if let hint {
      let isPaged = hint.kind == .paged
      let bitmap = isPaged ? view.variables.pagedBitmap : view.variables.sessionBitmap
      guard bitmap.hint == hint.page else {
        return .oracle(
          .placementHint, "the next search starts at page \(bitmap.hint), not \(hint.page)")
      }
    }
    guard let runs, let now = FreeRunLists(view), now != runs else { return nil }
    return .oracle(.placementRuns, "the lists of free runs are not in the published order")
  }
}
