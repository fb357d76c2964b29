import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct KernelPool.SinglePageList

// Lists of freed pages that wait for the next request (ReactOS MiFreePoolPages; Vista has them for
// runs of two and three pages too, per Mandt 2011). Their pages keep all marks of allocations.

extension PoolAudit {
  /// Walks the lists and claims their pages.
  mutating func claimSinglePageLists(_ view: PoolView) {
    let lists = view.variables.singlePageLists
    claimSinglePages(view, lists.nonPaged.0, .nonPaged, pages: 1)
    claimSinglePages(view, lists.nonPaged.1, .nonPaged, pages: 2)
    claimSinglePages(view, lists.nonPaged.2, .nonPaged, pages: 3)
    claimSinglePages(view, lists.paged, .paged, pages: 1)
    claimSinglePages(view, lists.session, .session, pages: 1)
  }

  private mutating func claimSinglePages(
    _ view: PoolView, _ list: SinglePageList, _ kind: PoolKind, pages: UInt64
  ) {
    if list.count > list.maximumCount {
      findings.report(
        .singlePageCount, at: list.top, expected: UInt64(list.maximumCount),
        found: UInt64(list.count), "freed pages that wait, at most")
    }
    var entry = list.top
    var found = 0
    while entry != 0, found <= Int(list.count) {
      found += 1
      guard facts.isPageAligned(entry), spaces.space(of: entry)?.kind == kind,
        let next = view.pointer(entry)
      else {
        findings.report(
          .singlePageLinks, at: entry, expected: UInt64(kind.rawValue), found: entry,
          "a link to something that is no page of the pool")
        return
      }
      if let page = spaces.page(of: entry), owners[page] == .singlePageList {
        findings.report(
          .singlePageLinks, at: entry, expected: 0, found: next, "a page that is on a list twice")
        return
      }
      if !claimAllocation(view, entry, pages: pages, .singlePageList) {
        findings.report(
          .singlePageLinks, at: entry, expected: pages, found: 0, "pages within the pool")
        return
      }
      entry = next
    }
    findings.require(
      .singlePageCount, at: list.top, expected: UInt64(found), found: UInt64(list.count),
      "freed runs of \(pages) pages that wait")
  }
}
