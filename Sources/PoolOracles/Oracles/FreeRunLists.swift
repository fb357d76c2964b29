import KernelPool

/// The four lists of free runs of nonpaged pages, in their order, as values that can be worked on
/// (ReactOS MiAllocatePoolPages, MiFreePoolPages).
///
/// Which run is served first follows from the order alone, and every order is a sound pool: only a
/// second working-out of the published steps can tell a wrong one.
struct FreeRunLists: Equatable {
  /// A free run: the number of its first page, and its pages.
  struct Run: Equatable {
    var first: UInt64
    var pages: UInt64
  }

  private(set) var lists: [[Run]] = []

  /// The lists as they are; nil where the version has none, or where they cannot be read.
  init?(_ view: PoolView) {
    guard view.profile.nonPagedPages == .runLists else { return nil }
    let word = view.profile.wordBytes
    var left = view.variables.maximumPages
    for list in 0..<UInt64(4) {
      let head = view.variables.freeRunHeads &+ list &* 2 &* word
      var runs: [Run] = []
      guard var place = view.pointer(head) else { return nil }
      while place != head {
        guard left > 0, let pages = view.word32(place &+ 2 &* word), pages > 0,
          let page = PageCensus.page(view, place), let next = view.pointer(place)
        else { return nil }
        runs.append(Run(first: page, pages: UInt64(pages)))
        place = next
        left -= 1
      }
      lists.append(runs)
    }
  }

  /// Takes pages from the end of the first sufficient run; what is left of it goes to the tail of
  /// its list. Where nothing suffices the pool grows, and the lists stay as they are.
  mutating func take(_ pages: UInt64) {
    for list in lists.indices where list + 1 >= min(pages, 4) {
      guard let index = lists[list].firstIndex(where: { $0.pages >= pages }) else { continue }
      var run = lists[list].remove(at: index)
      run.pages -= pages
      if run.pages > 0 { append(run) }
      return
    }
  }

  /// Gives pages back: a free run behind them is taken in; a free run before them takes them in,
  /// where it is from four pages on, and at the tail of its new list up to three.
  ///
  /// False where the marks of the neighbours do not agree with the lists.
  mutating func give(_ view: PoolView, first: UInt64, pages: UInt64) -> Bool {
    let variables = view.variables
    func marks(_ page: UInt64) -> PageMarks {
      var marks = view.marks(ofPageAt: PageCensus.address(view, page)) ?? []
      if page < variables.initialPages { marks.insert(.mapped) }
      return marks
    }
    var freed = Run(first: first, pages: pages)
    let next = first + pages
    if next != variables.initialPages, next < variables.maximumPages,
      marks(next).contains(.mapped), !marks(next).contains(.start)
    {
      guard let place = place(where: { $0.first == next }) else { return false }
      freed.pages += lists[place.list].remove(at: place.index).pages
    }
    guard first != 0, first != variables.initialPages, marks(first - 1).contains(.mapped),
      !marks(first - 1).contains(.end)
    else {
      append(freed)
      return true
    }
    guard let place = place(where: { $0.first + $0.pages == first }) else { return false }
    lists[place.list][place.index].pages += freed.pages
    if lists[place.list][place.index].pages - freed.pages < 4 {
      append(lists[place.list].remove(at: place.index))
    }
    return true
  }

  private mutating func append(_ run: Run) { lists[Int(min(run.pages, 4)) - 1].append(run) }

  private func place(where isWanted: (Run) -> Bool) -> (list: Int, index: Int)? {
    for list in lists.indices {
      if let index = lists[list].firstIndex(where: isWanted) { return (list, index) }
    }
    return nil
  }
}
