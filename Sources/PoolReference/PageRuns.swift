// Free pages as runs: on four lists in the order in which they are served, or sorted by address as a
// bitmap shows them. Pages are counted from the start of their pool.

/// Adjacent pages.
struct Run: Equatable, Sendable {
  var first: UInt64
  var pages: UInt64
  var end: UInt64 { first &+ pages }
}

/// Free nonpaged pages on four lists: runs of one, two, three, four and more pages (ReactOS
/// MiAllocatePoolPages, MiFreePoolPages).
struct RunLists: Sendable {
  private var lists: [[Run]] = [[], [], [], []]
  /// Pages of the initial pool: no run reaches across its end.
  private let initialPages: UInt64
  private let fault: ReferenceFault

  init(initialPages: UInt64, fault: ReferenceFault) {
    self.initialPages = initialPages
    self.fault = fault
    append(Run(first: 0, pages: initialPages))
  }

  /// Takes pages from the end of the first run that suffices; nil when none does. Says how many are
  /// left in front of them.
  mutating func take(_ pages: UInt64) -> (first: UInt64, left: UInt64)? {
    for list in Int(min(pages, 4)) - 1...3 {
      guard let place = lists[list].firstIndex(where: { $0.pages >= pages }) else { continue }
      var run = lists[list].remove(at: place)
      run.pages -= pages
      var first = run.end
      if fault == .runTakenFromFront {
        first = run.first
        run.first += pages
      }
      if run.pages > 0 {
        if fault == .runToHead {
          lists[Int(min(run.pages, 4)) - 1].insert(run, at: 0)
        } else {
          append(run)
        }
      }
      return (first, run.pages)
    }
    return nil
  }

  /// Gives pages back: a free run behind them is taken in. A free run of four pages and more before
  /// them grows where it is; a shorter one goes to the tail of its new list.
  mutating func give(_ first: UInt64, _ pages: UInt64) {
    var freed = Run(first: first, pages: pages)
    if freed.end != initialPages, let place = place(where: { $0.first == freed.end }) {
      freed.pages += lists[place.list].remove(at: place.index).pages
    }
    guard first != initialPages, let place = place(where: { $0.end == first }) else {
      return append(freed)
    }
    let staysFrom: UInt64 = fault == .runGrowthMoves ? 5 : 4
    if lists[place.list][place.index].pages < staysFrom {
      var run = lists[place.list].remove(at: place.index)
      run.pages += freed.pages
      append(run)
    } else {
      lists[place.list][place.index].pages += freed.pages
    }
  }

  private mutating func append(_ run: Run) { lists[Int(min(run.pages, 4)) - 1].append(run) }

  private func place(where isWanted: (Run) -> Bool) -> (list: Int, index: Int)? {
    for list in lists.indices {
      if let index = lists[list].firstIndex(where: isWanted) { return (list, index) }
    }
    return nil
  }
}

/// Free pages of a pool that keeps a bitmap, as sorted runs (ReactOS RtlFindClearBits; Mandt 2011).
struct FreePageRuns: Sendable {
  /// Pages of the pool, those without page tables included.
  let pages: UInt64
  /// Pages that have page tables.
  private(set) var openPages: UInt64
  private var free: [Run]
  private var hint: UInt64 = 0
  /// The step in which the pool grows; 0 where it does not.
  private let step: UInt64
  private let findsLastRun: Bool

  init(pages: UInt64, openPages: UInt64, step: UInt64, findsLastRun: Bool) {
    self.pages = pages
    self.openPages = openPages
    self.step = step
    self.findsLastRun = findsLastRun
    free = openPages > 0 ? [Run(first: 0, pages: openPages)] : []
  }

  /// The lowest free run at or after the hint, then before it.
  func find(_ count: UInt64, fromStart: Bool = false) -> UInt64? {
    guard count <= pages else { return nil }
    let start = fromStart || hint >= pages ? 0 : hint
    return search(count, from: start, limit: pages)
      ?? (start == 0 ? nil : search(count, from: 0, limit: min(start &+ count, pages)))
  }

  /// The version decides whether a run that would end exactly at the limit is looked for; one that
  /// is found may reach beyond it.
  private func search(_ count: UInt64, from start: UInt64, limit: UInt64) -> UInt64? {
    var position = start
    var index = place(of: start)
    while position &+ count < limit || (findsLastRun && position &+ count == limit) {
      guard index < free.count else { return nil }
      position = max(free[index].first, position)
      if free[index].end &- position >= count { return position }
      position = free[index].end
      index += 1
    }
    return nil
  }

  /// The first run that ends behind a page.
  private func place(of page: UInt64) -> Int { free.place { $0.end > page } }

  /// Takes free pages that `find` found.
  mutating func take(_ first: UInt64, _ count: UInt64) {
    let index = place(of: first)
    let run = free[index]
    let before = Run(first: run.first, pages: first &- run.first)
    let behind = Run(first: first &+ count, pages: run.end &- first &- count)
    switch (before.pages > 0, behind.pages > 0) {
    case (false, false): free.remove(at: index)
    case (true, false): free[index] = before
    case (false, true): free[index] = behind
    case (true, true):
      free[index] = behind
      free.insert(before, at: index)
    }
  }

  /// Gives pages back.
  mutating func give(_ first: UInt64, _ count: UInt64) {
    let index = place(of: first)
    let joinsNext = index < free.count && free[index].first == first &+ count
    let joinsPrevious = index > 0 && free[index - 1].end == first
    switch (joinsPrevious, joinsNext) {
    case (true, true): free[index - 1].pages &+= count &+ free.remove(at: index).pages
    case (true, false): free[index - 1].pages &+= count
    case (false, true): free[index] = Run(first: first, pages: count &+ free[index].pages)
    case (false, false): free.insert(Run(first: first, pages: count), at: index)
    }
  }

  /// Opens as many page tables as the request could need, or what is left of them; false where
  /// nothing is left.
  mutating func open(_ count: UInt64) -> Bool {
    guard step != 0, openPages < pages else { return false }
    let (wanted, overflow) = ((count &- 1) / step &+ 1).multipliedReportingOverflow(by: step)
    let left = pages &- openPages
    let opened = overflow ? left : min(wanted, left)
    give(openPages, opened)
    openPages &+= opened
    return true
  }

  /// Only an allocation of one page moves the hint.
  mutating func noteTaken(_ first: UInt64, _ count: UInt64, always: Bool) {
    if count == 1 || always { hint = first &+ 1 }
  }

  /// A free below the hint lowers it.
  mutating func lowerHint(_ first: UInt64) { hint = min(hint, first) }

  /// Whether a page is free or has no page table.
  func isUnused(_ page: UInt64) -> Bool {
    let index = place(of: page)
    return page >= openPages || (index < free.count && free[index].first <= page)
  }
}

/// Free page-table entries of the nonpaged expansion (ReactOS MiReserveSystemPtes).
struct ExpansionEntries: Sendable {
  private var clusters: [Run]
  private let isBySize: Bool

  init(count: UInt64, isBySize: Bool) {
    clusters = count == 0 ? [] : [Run(first: 0, pages: count)]
    self.isBySize = isBySize
  }

  /// The tail of the smallest sufficient cluster, or the lowest entries that fit.
  mutating func reserve(_ count: UInt64) -> UInt64? {
    guard let index = clusters.firstIndex(where: { $0.pages >= count }) else { return nil }
    var cluster = clusters.remove(at: index)
    cluster.pages -= count
    guard isBySize else {
      if cluster.pages > 0 {
        clusters.insert(Run(first: cluster.first + count, pages: cluster.pages), at: index)
      }
      return cluster.first
    }
    if cluster.pages > 0 {
      let place = clusters.firstIndex { $0.pages >= cluster.pages }
      clusters.insert(cluster, at: place ?? clusters.count)
    }
    return cluster.end
  }

  /// Gives entries back: adjacent clusters are taken in; the result goes before the first cluster,
  /// of those behind the last that was taken in, that is as large.
  mutating func release(_ first: UInt64, _ count: UInt64) {
    var freed = Run(first: first, pages: count)
    var from = 0
    while let index = clusters.indices.dropFirst(from).first(where: { index in
      clusters[index].end == freed.first || freed.end == clusters[index].first
    }) {
      let absorbed = clusters.remove(at: index)
      freed = Run(first: min(absorbed.first, freed.first), pages: absorbed.pages + freed.pages)
      from = index
    }
    let place =
      isBySize
      ? clusters.indices.dropFirst(from).first { clusters[$0].pages >= freed.pages }
      : clusters.firstIndex { $0.first > freed.first }
    clusters.insert(freed, at: place ?? clusters.count)
  }
}
