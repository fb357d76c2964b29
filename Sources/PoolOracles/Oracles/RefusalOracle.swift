import KernelPool

/// The out-of-memory law: a request may be refused only when a recount shows that nothing fits.
///
/// It claims only what holds for every version: a small request needs no more than one page, a
/// large one no more than its pages, and a free run of that length, on a list or in a map, serves
/// it. It also holds `ExPoolFailures` against the refusals seen.
struct RefusalOracle {
  private var failures: UInt64

  init(_ view: PoolView) { failures = view.variables.failures }

  /// Judges an operation that was refused.
  mutating func refused(
    _ view: PoolView, _ type: PoolType, bytes: UInt64
  ) -> PoolFailure? {
    failures += 1
    guard view.variables.failures == failures else {
      return .oracle(
        .refusalCount, "\(failures) refusals, \(view.variables.failures) counted")
    }
    return Self.room(view, type, bytes: bytes)
  }

  /// What shows that a request which could not be met could have been.
  static func room(_ view: PoolView, _ type: PoolType, bytes: UInt64) -> PoolFailure? {
    let facts = RequestFacts(type, bytes: bytes, view)
    guard facts.pages < 1 << 30 else { return nil }
    if facts.pages <= 1, singlePages(view, facts.kind) > 0 {
      return .oracle(.refusal, "a page was refused while one is on the single-page list")
    }
    let census = PageCensus(view, facts.kind)
    guard max(census.longestRun, census.longestGrowth) < facts.pages else {
      let longest = max(census.longestRun, census.longestGrowth)
      return .oracle(
        .refusal, "\(facts.pages) pages were refused; \(longest) in a row are free")
    }
    return nil
  }

  /// Takes note of refusals that cannot be told from the calls (contiguous memory).
  mutating func resynchronise(_ view: PoolView) { failures = view.variables.failures }

  /// Judges an operation that was not refused: none may have been counted.
  mutating func served(_ view: PoolView) -> PoolFailure? {
    guard view.variables.failures != failures else { return nil }
    defer { failures = view.variables.failures }
    return .oracle(.refusalCount, "a refusal was counted where none was")
  }

  private static func singlePages(_ view: PoolView, _ kind: PoolKind) -> UInt16 {
    let lists = view.variables.singlePageLists
    switch kind {
    case .paged: return lists.paged.count
    case .session: return lists.session.count
    case .nonPaged, .nonPagedNoExecute: return lists.nonPaged.0.count
    }
  }
}

/// A recount of a pool's free pages from the marks of nonpaged pages and the bits of bitmaps.
///
/// Pages on single-page lists keep their marks and count as held, as they do for the pool itself.
struct PageCensus {
  /// Pages that belong to somebody.
  private(set) var held: UInt64 = 0
  /// The longest run of free pages that are mapped or open.
  private(set) var longestRun: UInt64 = 0
  /// The longest run of pages that growth could still add.
  private(set) var longestGrowth: UInt64 = 0

  init(_ view: PoolView, _ kind: PoolKind) {
    switch kind {
    case .paged: countBitmap(view, view.variables.pagedBitmap)
    case .session: countBitmap(view, view.variables.sessionBitmap)
    case .nonPaged, .nonPagedNoExecute:
      if view.profile.nonPagedPages == .bitmap {
        countBitmap(
          view, view.variables.nonPagedBitmap, mappable: view.variables.availablePages)
        let canGrow = view.configuration.nonPagedGrowth > 0
        longestGrowth = canGrow ? min(longestGrowth, view.variables.availablePages) : 0
      } else {
        countRuns(view)
      }
    }
  }

  /// `mappable` pages of a run at most are not mapped yet and can be.
  private mutating func countBitmap(
    _ view: PoolView, _ bitmap: PageBitmap, mappable: UInt64 = .max
  ) {
    var run: UInt64 = 0
    var unmapped: UInt64 = 0
    var tail: UInt64 = 0
    let map = view.bytes(at: bitmap.allocationMap, count: (bitmap.openPages &+ 7) / 8)
    func isSet(_ page: UInt64) -> Bool {
      guard let map else { return view.bit(page, ofMapAt: bitmap.allocationMap) }
      return map.load(fromByteOffset: Int(page / 8), as: UInt8.self) &>> UInt8(page & 7) & 1 != 0
    }
    var page: UInt64 = 0
    while page < bitmap.openPages {
      defer { page += 1 }
      // Eight pages in use at once.
      if let map, page & 7 == 0, page + 8 <= bitmap.openPages,
        map.load(fromByteOffset: Int(page / 8), as: UInt8.self) == .max
      {
        held += 8
        run = 0
        unmapped = 0
        tail = 0
        page += 7
        continue
      }
      if isSet(page) {
        held += 1
        run = 0
        unmapped = 0
      } else {
        if mappable != .max, !Self.isMapped(view, page) { unmapped += 1 }
        if unmapped <= mappable {
          run += 1
          // A version that never looks at a run ending at the limit may refuse the last one.
          let isAtLimit = view.profile.bitmapSearch == .beforeLimit && page + 1 == bitmap.pages
          longestRun = max(longestRun, isAtLimit ? run - 1 : run)
        }
      }
      tail = run
    }
    let closed = bitmap.pages - bitmap.openPages
    let lost: UInt64 = view.profile.bitmapSearch == .beforeLimit ? 1 : 0
    longestGrowth = closed == 0 ? 0 : max(closed + tail, lost) - lost
  }

  private mutating func countRuns(_ view: PoolView) {
    let variables = view.variables
    var isHeld = false
    var run: UInt64 = 0
    var unmapped: UInt64 = 0
    for index in 0..<Int(variables.maximumPages) {
      let page = UInt64(index)
      if page == variables.initialPages { run = 0 }
      let isInitial = page < variables.initialPages
      let marks =
        isInitial
        ? view.marks(ofInitialPage: Int(page))
        : view.marks(ofPageAt: Self.address(view, page)) ?? []
      let isMapped = isInitial || marks.contains(.mapped)
      let first = variables.expansionFirstPage
      let canGrow = page >= first && page < first &+ variables.expansionPages
      unmapped = !isMapped && canGrow ? unmapped + 1 : 0
      longestGrowth = max(longestGrowth, unmapped)
      guard isMapped else {
        run = 0
        continue
      }
      if marks.contains(.start) { isHeld = true }
      run = isHeld ? 0 : run + 1
      held += isHeld ? 1 : 0
      longestRun = max(longestRun, run)
      if marks.contains(.end) { isHeld = false }
    }
    if longestGrowth > variables.availablePages { longestGrowth = variables.availablePages }
  }

  /// Whether a nonpaged page of a bitmap is backed by memory.
  private static func isMapped(_ view: PoolView, _ page: UInt64) -> Bool {
    page < view.variables.initialPages
      || view.marks(ofPageAt: address(view, page))?.contains(.mapped) ?? false
  }

  /// Whether there is memory left for those of so many nonpaged pages that are not mapped yet.
  static func canMap(_ view: PoolView, at address: Address, _ pages: UInt64) -> Bool {
    guard view.variables.availablePages < pages, let first = page(view, address) else {
      return true
    }
    let unmapped = (first..<(first &+ pages)).count { !isMapped(view, $0) }
    return UInt64(unmapped) <= view.variables.availablePages
  }

  /// The number of the nonpaged page that starts at an address, or nil.
  static func page(_ view: PoolView, _ address: Address) -> UInt64? {
    let variables = view.variables
    let bytes = view.profile.pageBytes
    guard address % bytes == 0 else { return nil }
    if let base = view.profile.expansionBase, address >= base {
      let page = variables.initialPages &+ (address &- base) / bytes
      if page < variables.maximumPages { return page }
    }
    let page = (address &- view.profile.nonPagedBase) / bytes
    let limit =
      view.profile.expansionBase == nil ? variables.maximumPages : variables.initialPages
    return address >= view.profile.nonPagedBase && page < limit ? page : nil
  }

  /// The address of a nonpaged page, the expansion counted behind the initial pool.
  static func address(_ view: PoolView, _ page: UInt64) -> Address {
    let initial = view.variables.initialPages
    if page >= initial, let base = view.profile.expansionBase {
      return base &+ (page &- initial) &* view.profile.pageBytes
    }
    return view.profile.nonPagedBase &+ page &* view.profile.pageBytes
  }
}
