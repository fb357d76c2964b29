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
    allocating facts: RequestFacts, _ placement: PlacementOracle.Placement, _ view: PoolView
  ) {
    isFree = false
    if facts.isLarge { table = BigTableExpectation(view) }
    guard Self.isNonPaged(facts.kind) else { return }
    switch placement {
    case .block, .open: return
    case .page:
      runs = FreeRunLists(view)
      let kept = view.variables.singlePageLists.nonPaged(facts.pages, view.profile)
      if kept?.count ?? 0 == 0 { runs?.take(facts.pages) }
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
    let kept = view.variables.singlePageLists.nonPaged(facts.pages, view.profile)
    if let kept, kept.count < kept.maximumCount { return }
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
    guard let runs, runs.differ(from: view) else { return nil }
    return .oracle(.placementRuns, "the lists of free runs are not in the published order")
  }
}

extension KernelVariables.SinglePageLists {
  /// The list of freed runs of so many nonpaged pages, where the version has one.
  func nonPaged(_ pages: UInt64, _ profile: Profile) -> SinglePageList? {
    guard pages <= profile.singleListPages else { return nil }
    return switch pages {
    case 1: nonPaged.0
    case 2: nonPaged.1
    case 3: nonPaged.2
    default: nil
    }
  }
}

/// The four lists of free runs of nonpaged pages, in their order, as values that can be worked on
/// (ReactOS MiAllocatePoolPages, MiFreePoolPages).
///
/// Which run is served first follows from the order alone, and every order is a sound pool: only a
/// second working-out of the published steps can tell a wrong one.
struct FreeRunLists {
  /// A free run: its list, from 0 on, the number of its first page, and its pages.
  struct Run: Equatable {
    var list: Int
    var first: UInt64
    var pages: UInt64

    init(list: Int, first: UInt64, pages: UInt64) {
      self.list = list
      self.first = first
      self.pages = pages
    }

    /// A run on the list of its length.
    init(first: UInt64, pages: UInt64) {
      self.init(list: Int(min(pages, 4)) - 1, first: first, pages: pages)
    }
  }

  /// List after list.
  private(set) var runs: [Run] = []

  /// The lists as they are; nil where the version has none, or where they cannot be read.
  init?(_ view: PoolView) {
    guard view.profile.nonPagedPages == .runLists else { return nil }
    runs.reserveCapacity(8)
    guard Self.walk(view, { runs.append($0) }) else { return nil }
  }

  /// True where the lists can be read and are not these.
  func differ(from view: PoolView) -> Bool {
    var place = 0
    var isSame = true
    let isReadable = Self.walk(view) { run in
      isSame = isSame && place < runs.count && runs[place] == run
      place += 1
    }
    return isReadable && !(isSame && place == runs.count)
  }

  /// Calls `body` for every run; false where the lists cannot be read.
  @inline(__always)
  private static func walk(_ view: PoolView, _ body: (Run) -> Void) -> Bool {
    let word = view.profile.wordBytes
    var left = view.variables.maximumPages
    for list in 0..<4 {
      let head = view.variables.freeRunHeads &+ UInt64(list) &* 2 &* word
      guard var place = view.pointer(head) else { return false }
      while place != head {
        guard left > 0, let pages = view.word32(place &+ 2 &* word), pages > 0,
          let page = PageCensus.page(view, place), let next = view.pointer(place)
        else { return false }
        body(Run(list: list, first: page, pages: UInt64(pages)))
        place = next
        left -= 1
      }
    }
    return true
  }

  /// Takes pages from the end of the first sufficient run; what is left of it goes to the tail of
  /// its list. Where nothing suffices the pool grows, and the lists stay as they are.
  mutating func take(_ pages: UInt64) {
    let least = Int(min(pages, 4)) - 1
    guard let index = runs.firstIndex(where: { $0.list >= least && $0.pages >= pages })
    else { return }
    let run = runs.remove(at: index)
    if run.pages > pages { append(Run(first: run.first, pages: run.pages - pages)) }
  }

  /// Gives pages back: a free run behind them is taken in; a free run before them takes them in,
  /// where it is from four pages on, and at the tail of its new list up to three.
  ///
  /// False where the marks of the neighbours do not agree with the lists.
  mutating func give(_ view: PoolView, first: UInt64, pages: UInt64) -> Bool {
    let variables = view.variablesAddress
    func marks(_ page: UInt64) -> PageMarks {
      var marks = view.marks(ofPageAt: PageCensus.address(view, page)) ?? []
      if page < variables.pointee.initialPages { marks.insert(.mapped) }
      return marks
    }
    var pages = pages
    let initial = variables.pointee.initialPages
    let next = first + pages
    if next != initial, next < variables.pointee.maximumPages, marks(next).contains(.mapped),
      !marks(next).contains(.start)
    {
      guard let index = runs.firstIndex(where: { $0.first == next }) else { return false }
      pages += runs.remove(at: index).pages
    }
    guard first != 0, first != initial, marks(first - 1).contains(.mapped),
      !marks(first - 1).contains(.end)
    else {
      append(Run(first: first, pages: pages))
      return true
    }
    guard let index = runs.firstIndex(where: { $0.first + $0.pages == first }) else {
      return false
    }
    if runs[index].pages < 4 {
      let run = runs.remove(at: index)
      append(Run(first: run.first, pages: run.pages + pages))
    } else {
      runs[index].pages += pages
    }
    return true
  }

  /// Puts a run to the tail of its list.
  private mutating func append(_ run: Run) {
    runs.insert(run, at: runs.firstIndex { $0.list > run.list } ?? runs.count)
  }
}

/// Where the entry of a large allocation must be, and when the big-page table is halved, read off
/// the pool before the operation (ReactOS ExpAddTagForBigPages, ExpReallocateBigPageTable).
///
/// Searches look through the whole table, so an entry in a wrong place is still found, and a table
/// of a wrong size still works.
struct BigTableExpectation {
  private let table: Address
  private let entries: UInt64
  /// The entries after a large free; nil where an allocation is judged or nothing is claimed.
  private var entriesAfterFree: UInt64?

  /// The table before an allocation.
  init(_ view: PoolView) {
    table = view.variables.bigTable
    entries = view.variables.bigTableEntries
  }

  /// The table before the free of a live large allocation.
  init(beforeFree view: PoolView) {
    self.init(view)
    let variables = view.variables
    let isDynamic = view.profile.bigTableResizing == .dynamic
    guard isDynamic, variables.bigTableInUse > 0, variables.bigTableInUse - 1 < entries / 8 else {
      entriesAfterFree = entries
      return
    }
    let rounding = view.profile.bigEntriesPerPage &- 1
    let halved = (entries / 2 &+ rounding) & ~rounding
    let pages =
      (halved &* view.profile.bigEntryBytes &+ view.profile.pageBytes &- 1) / view.profile.pageBytes
    if halved == entries || halved < 2 {
      entriesAfterFree = entries
    } else if PlacementOracle(view).page(.nonPaged, pages) != nil {
      entriesAfterFree = halved
    }
  }

  /// Whether the operation has moved the table, and with it pages that nobody predicted.
  func isMoved(_ view: PoolView) -> Bool { view.variables.bigTable != table }

  /// What is wrong after an allocation of whole pages.
  func failure(afterAllocationAt address: Address, _ view: PoolView) -> PoolFailure? {
    guard !isMoved(view), entries > 0 else { return nil }
    let page = UInt32(truncatingIfNeeded: address / view.profile.pageBytes)
    let folded = (page &>> 24) ^ (page &>> 16) ^ (page &>> 8) ^ page
    var index = UInt64(folded) & (entries &- 1)
    for _ in 0..<entries {
      guard let found = view.pointer(table &+ index &* view.profile.bigEntryBytes) else {
        return nil
      }
      if found == address { return nil }
      if found & 1 != 0 {
        return .oracle(
          .placementEntry, "the entry of 0x\(String(address, radix: 16)) is not where it hashes to")
      }
      index = index &+ 1 == entries ? 0 : index &+ 1
    }
    return nil
  }

  /// What is wrong after a free of whole pages.
  func failureAfterFree(_ view: PoolView) -> PoolFailure? {
    guard let expected = entriesAfterFree, view.variables.bigTableEntries != expected else {
      return nil
    }
    return .oracle(
      .placementTable,
      "the big-page table has \(view.variables.bigTableEntries) entries, expected \(expected)")
  }
}
