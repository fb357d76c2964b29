import struct KernelPool.PoolView
import struct PoolWalk.ChainWalk
import struct PoolWalk.KeptList

// Lists of freed pages that wait for the next request (ReactOS MiFreePoolPages; Vista has them for
// runs of two and three pages too, per Mandt 2011). Their pages keep all marks of allocations.

extension PoolAudit {
  /// Walks the lists and claims their pages.
  mutating func claimSinglePageLists(_ view: PoolView) {
    for number in 0..<KeptList.count { claim(view, KeptList(view, number)) }
  }

  private mutating func claim(_ view: PoolView, _ kept: KeptList) {
    let list = kept.list
    let pages = UInt64(kept.pages)
    if list.count > list.maximumCount {
      findings.report(
        .singlePageCount, at: list.top, expected: UInt64(list.maximumCount),
        found: UInt64(list.count), "freed pages that wait, at most")
    }
    var chain = ChainWalk(view, top: list.top)
    while chain.count <= Int(list.count), let entry = chain.next() {
      let run = entry.address
      guard facts.isPageAligned(run), spaces.space(of: run)?.kind == kept.kind,
        let next = entry.next
      else {
        findings.report(
          .singlePageLinks, at: run, expected: UInt64(kept.kind.rawValue), found: run,
          "a link to something that is no page of the pool")
        return
      }
      if let page = spaces.page(of: run), owners[page] == .singlePageList {
        findings.report(
          .singlePageLinks, at: run, expected: 0, found: next, "a page that is on a list twice")
        return
      }
      if !claimAllocation(view, run, pages: pages, .singlePageList) {
        findings.report(
          .singlePageLinks, at: run, expected: pages, found: 0, "pages within the pool")
        return
      }
    }
    findings.require(
      .singlePageCount, at: list.top, expected: UInt64(chain.count), found: UInt64(list.count),
      "freed runs of \(pages) pages that wait")
  }
}
