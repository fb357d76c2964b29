import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct KernelPool.SinglePageList
import typealias KernelPool.Address

/// The lists of freed pages as they were last seen.
struct SinglePageBooks {
  /// A list with its entries, the last one first.
  struct List {
    let kind: PoolKind
    let pages: Int
    var top: Address = 0
    var count: UInt16 = 0
    var entries: [Address] = []
  }

  /// Nonpaged runs of one, two and three pages, then single paged and session pages.
  var lists: [List] = [
    List(kind: .nonPaged, pages: 1), List(kind: .nonPaged, pages: 2),
    List(kind: .nonPaged, pages: 3), List(kind: .paged, pages: 1), List(kind: .session, pages: 1),
  ]

  /// Open pages of the maps: a change moves the border between free and closed pages.
  var openPages: [UInt64] = [0, 0, 0]
}

extension IncrementalAudit {
  /// Follows the lists of freed pages: those whose top or count changed, or all where a page on one
  /// was stored to.
  mutating func followSinglePages(_ view: PoolView) {
    followSinglePages(view, 0, view.variables.singlePageLists.nonPaged.0)
    followSinglePages(view, 1, view.variables.singlePageLists.nonPaged.1)
    followSinglePages(view, 2, view.variables.singlePageLists.nonPaged.2)
    followSinglePages(view, 3, view.variables.singlePageLists.paged)
    followSinglePages(view, 4, view.variables.singlePageLists.session)
  }

  private mutating func followSinglePages(
    _ view: PoolView, _ number: Int, _ list: SinglePageList
  ) {
    if list.count > list.maximumCount { suspect() }
    let hasChanged =
      singles.lists[number].top != list.top || singles.lists[number].count != list.count
    guard hasChanged || touched.hasSinglePages else { return }
    walkSinglePages(view, number, list)
  }

  /// Walks a list; entries that stayed where they were from the end on keep their pages.
  private mutating func walkSinglePages(
    _ view: PoolView, _ number: Int, _ list: SinglePageList
  ) {
    var entries: [Address] = []
    var entry = list.top
    while entry != 0, entries.count <= Int(list.count) {
      guard facts.isPageAligned(entry),
        spaces.space(of: entry)?.kind == singles.lists[number].kind,
        let next = view.pointer(entry)
      else { return suspect() }
      entries.append(entry)
      entry = next
    }
    guard entry == 0, entries.count == Int(list.count) else { return suspect() }
    entries.reverse()
    let old = singles.lists[number].entries
    let pages = singles.lists[number].pages
    var same = 0
    while same < min(old.count, entries.count), old[same] == entries[same] { same += 1 }
    for entry in old[same...] {
      if let page = spaces.page(of: entry) { release(page, pages) }
    }
    for entry in entries[same...] {
      guard let page = self.pages(of: entry, UInt64(pages)) else { return suspect() }
      claim(page, pages, .singlePageList)
    }
    singles.lists[number].entries = entries
    singles.lists[number].top = list.top
    singles.lists[number].count = list.count
  }
}
