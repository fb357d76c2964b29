import struct KernelPool.PoolView
import typealias KernelPool.Address
import struct PoolWalk.ChainWalk
import struct PoolWalk.KeptList

/// The lists of freed pages as they were last seen.
struct SinglePageBooks {
  /// A list with its entries, the last one first.
  struct List {
    var top: Address = 0
    var count: UInt16 = 0
    var entries: [Address] = []
  }

  /// By the numbers of ``KeptList``.
  var lists = Array(repeating: List(), count: KeptList.count)

  /// Open pages of the maps: a change moves the border between free and closed pages.
  var openPages: [UInt64] = [0, 0, 0]
}

extension IncrementalAudit {
  /// Follows the lists of freed pages: those whose top or count changed, or all where a page on one
  /// was stored to.
  mutating func followSinglePages(_ view: PoolView) {
    for number in 0..<KeptList.count { followSinglePages(view, number, KeptList(view, number)) }
  }

  private mutating func followSinglePages(_ view: PoolView, _ number: Int, _ kept: KeptList) {
    let list = kept.list
    if list.count > list.maximumCount { suspect() }
    let hasChanged =
      singles.lists[number].top != list.top || singles.lists[number].count != list.count
    guard hasChanged || touched.hasSinglePages else { return }
    walkSinglePages(view, number, kept)
  }

  /// Walks a list; entries that stayed where they were from the end on keep their pages.
  private mutating func walkSinglePages(_ view: PoolView, _ number: Int, _ kept: KeptList) {
    let list = kept.list
    var entries: [Address] = []
    var chain = ChainWalk(view, top: list.top)
    while chain.count <= Int(list.count), let entry = chain.next() {
      guard facts.isPageAligned(entry.address), spaces.space(of: entry.address)?.kind == kept.kind,
        entry.next != nil
      else { return suspect() }
      entries.append(entry.address)
    }
    guard chain.upcoming == 0, entries.count == Int(list.count) else { return suspect() }
    entries.reverse()
    let old = singles.lists[number].entries
    let pages = kept.pages
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
