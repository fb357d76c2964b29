import typealias KernelPool.Address
import struct KernelPool.PoolView

/// A debugger's way through a pool: what each page is, and which blocks lie on it.
///
/// A walker reads the roots once, when it is made: the lists that park blocks, the big-page table,
/// the single-page lists. Make a new one after every change of the pool. It holds no pages, so a
/// pool of many gigabytes is visited in little memory.
public struct PoolWalker {
  /// What is walked.
  public let view: PoolView
  /// The ranges of pages.
  public let areas: [PoolArea]
  /// Blocks that are freed but on no list.
  public let parked: ParkedBlocks
  /// The large allocations.
  public let bigPages: BigPageTable
  private let kept: [Address: UInt64]

  /// Reads the roots of `view`.
  public init(_ view: PoolView) {
    self.view = view
    areas = PoolArea.all(in: view)
    parked = ParkedBlocks(view)
    bigPages = BigPageTable(view)
    kept = KeptList.pagesByAddress(view)
  }

  /// The blocks of the small-block page at `page`.
  public func blocks(ofPage page: Address) -> PageWalk {
    PageWalk(view, page: page, parked: parked)
  }

  /// The small blocks behind a large allocation in its last page, or nil where there are none.
  public func tail(of allocation: LargeAllocation) -> PageWalk? {
    guard let offset = PageWalk.offset(view, ofTailOf: allocation) else { return nil }
    let lastPage = allocation.address &+ (allocation.pages - 1) &* view.profile.pageBytes
    return PageWalk(view, page: lastPage, from: offset, parked: parked)
  }

  /// What the page that holds `address` is used for, or nil where it is free or no pool's.
  public func use(ofPageAt address: Address) -> PageUse? {
    let page = address & ~(view.profile.pageBytes - 1)
    guard let region = view.region(of: page), region.kind != nil, let marks = region.marks(at: page)
    else { return nil }
    if marks.contains(.smallBlocks) { return .smallBlocks(page: page) }
    if let large = bigPages.allocation(containing: page, pageBytes: view.profile.pageBytes) {
      return .large(large)
    }
    if let table = table(at: page) { return table }
    let pageBytes = view.profile.pageBytes
    let run = kept.filter { page &- $0.key < $0.value &* pageBytes }
      .min { $0.key < $1.key }
    return run.map { .kept(address: $0.key, pages: $0.value) }
  }

  /// Calls `body` for every page or run in use, in address order.
  ///
  /// A run is reported at its first page. Small-block pages are reported wherever they are marked,
  /// even inside of what a corrupted table claims for a run.
  public func visitPages(of area: PoolArea, _ body: (PageUse) -> Void) {
    guard let region = view.region(of: area.base) else { return }
    let pageBytes = view.profile.pageBytes
    let runs = runs(in: area)
    var nextRun = 0
    var page = area.base
    for _ in 0..<Int(area.pages) {
      defer { page &+= pageBytes }
      while nextRun < runs.count, runs[nextRun].address < page { nextRun += 1 }
      if region.marks(at: page)?.contains(.smallBlocks) ?? false {
        body(.smallBlocks(page: page))
      } else if nextRun < runs.count, runs[nextRun].address == page {
        body(runs[nextRun])
      }
    }
  }

  /// Runs of pages that are not small-block pages, in address order.
  private func runs(in area: PoolArea) -> [PageUse] {
    let byteCount = area.pages &* view.profile.pageBytes
    var runs = bigPages.allocations.map(PageUse.large)
    runs += KernelTable.allCases.compactMap(run(of:))
    runs += kept.map { .kept(address: $0, pages: $1) }
    return runs.filter { $0.address &- area.base < byteCount }
      .sorted { ($0.address, $0.pages) < ($1.address, $1.pages) }
  }

  private func table(at page: Address) -> PageUse? {
    KernelTable.allCases.compactMap(run(of:)).first {
      page &- $0.address < $0.pages &* view.profile.pageBytes
    }
  }

  private func run(of table: KernelTable) -> PageUse? {
    let (address, bytes) = table.extent(in: view)
    let pageBytes = view.profile.pageBytes
    guard address != 0, bytes != 0 else { return nil }
    return .table(table, address: address, pages: (bytes + pageBytes - 1) / pageBytes)
  }
}
