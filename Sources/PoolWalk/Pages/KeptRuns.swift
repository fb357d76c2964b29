import KernelPool

/// The freed runs that wait on single-page lists, by address.
///
/// Followed like every chain: a bounded number of steps, and no run twice.
struct KeptRuns {
  private(set) var pagesByAddress: [Address: UInt64] = [:]

  init(_ view: PoolView) {
    let lists = view.variables.singlePageLists
    for (list, pages) in [
      (lists.nonPaged.0, 1), (lists.nonPaged.1, 2), (lists.nonPaged.2, 3),
      (lists.paged, 1), (lists.session, 1),
    ] as [(SinglePageList, UInt64)] {
      follow(view, list.top, pages)
    }
  }

  private mutating func follow(_ view: PoolView, _ first: Address, _ pages: UInt64) {
    var run = first
    for _ in 0..<ParkedBlocks.chainLimit {
      guard run != 0, let next = view.pointer(run),
        pagesByAddress.updateValue(pages, forKey: run) == nil
      else { return }
      run = next
    }
  }
}
