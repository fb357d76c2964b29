import struct KernelPool.PageMarks
import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct PoolWalk.BigPageEntry

// The cheap level: only what an operation touched. It reads the page of the block, the links of
// that page's free blocks, the top of the lists that a freed block may have gone to, the marks and
// bits of the pages concerned, the big-page entry and the tag row. What an operation breaks far
// away is left to the full audit.

extension PoolAudit {
  /// Checks what one operation touched. Its time does not depend on the size of the pool.
  public mutating func cheap(
    _ view: PoolView, _ live: LiveAllocations, _ touched: TouchedByOperation
  ) -> [Violation] {
    if !findings.violations.isEmpty { findings = Findings() }
    if facts.profile.deferredFrees, facts.profile.deferredFreeType == .free {
      // Free blocks and waiting ones look alike then.
      held.removeAll()
      collectDeferred(view)
    }
    switch touched {
    case .nothing: break
    case .allocation(let address, let allocation):
      auditAllocated(view, live, address, allocation)
    case .release(let address, let allocation):
      auditReleased(view, live, address, allocation)
    case .store(let address, let byteCount):
      auditStored(view, live, address, byteCount)
    }
    if !areRunHeadsSound(view) { auditRunHeads(view) }
    return findings.violations
  }

  // MARK: Allocations

  private mutating func auditAllocated(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ allocation: LiveAllocation
  ) {
    guard spaces.page(of: address) != nil else {
      if !allocation.isContiguous { reportElsewhere(address, allocation) }
      return
    }
    if !isTagRowSound(view, allocation) { auditTagRow(view, allocation) }
    guard facts.isPageAligned(address) else {
      let summary = auditPageOfBlock(view, live, address, .allocated)
      if let summary, !summary.hasSought { reportUnseen(view, address, allocation) }
      return
    }
    auditNewPages(view, address, allocation)
  }

  private mutating func reportElsewhere(_ address: Address, _ allocation: LiveAllocation) {
    findings.report(
      .livePool, at: address, expected: UInt64(facts.kind(allocation.type).rawValue), found: 0xFF,
      "pool of an allocation")
  }

  private mutating func auditNewPages(
    _ view: PoolView, _ address: Address, _ allocation: LiveAllocation
  ) {
    let bytes = facts.effectiveBytes(allocation)
    let pages = facts.largePages(bytes)
    auditOpenExtent(view, address, pages: pages)
    guard !books.isUntracked(address) else { return }
    guard let place = bigPlace(view, of: address), let entry = BigPageEntry(view, at: place)
    else {
      findings.report(
        .bigTableMissing, at: address, expected: 1, found: 0, "entries of the big-page table")
      return
    }
    findings.require(
      .bigTableTag, at: place, expected: UInt64(allocation.tag.word),
      found: UInt64(entry.tag.word), "tag of an entry of the big-page table")
    findings.require(
      .bigTableSize, at: place, expected: pages, found: facts.pages(entry),
      "pages of a large allocation")
  }

  /// The marks or bits of pages that were just allocated: both ends, and the page behind.
  private mutating func auditOpenExtent(_ view: PoolView, _ address: Address, pages: UInt64) {
    guard let space = spaces.space(of: address), pages > 0 else { return }
    let last = address &+ (pages &- 1) &<< facts.pageShift
    if space.kind == .nonPaged {
      let first = view.marks(ofPageAt: address) ?? []
      let end = view.marks(ofPageAt: last) ?? []
      findings.require(
        .marksStart, at: address, expected: 1, found: first.contains(.start) ? 1 : 0,
        "whether a page is marked as an allocation's start")
      findings.require(
        .marksEnd, at: last, expected: 1, found: end.contains(.end) ? 1 : 0,
        "whether a page is marked as an allocation's end")
    }
    guard let bitmap = bitmap(view, space.kind) else { return }
    for page in [address, last] {
      let index = (page &- space.base) &>> facts.pageShift
      let isSet = bit(view, bitmap.allocationMap, index) ?? false
      findings.require(
        .bitmapAllocated, at: page, expected: 1, found: isSet ? 1 : 0,
        "the allocation map's bit of a page")
    }
    guard space.kind != .nonPaged else { return }
    let isEnd = bit(view, bitmap.endMap, (last &- space.base) &>> facts.pageShift) ?? false
    findings.require(
      .bitmapEnd, at: last, expected: 1, found: isEnd ? 1 : 0, "the end map's bit")
  }

  // MARK: Frees

  private mutating func auditReleased(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ allocation: LiveAllocation?
  ) {
    if let allocation, !isTagRowSound(view, allocation) { auditTagRow(view, allocation) }
    guard spaces.page(of: address) != nil else { return }
    guard facts.isPageAligned(address) else {
      _ = auditPageOfBlock(view, live, address, .released)
      return
    }
    // A resized table may have taken the freed pages, and a fragment's page may have stayed.
    guard let place = bigPlace(view, of: address), live[address] == nil else { return }
    findings.report(
      .bigTableLive, at: place, expected: 0, found: 1, "entries of a freed large allocation")
  }

  private mutating func auditStored(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ byteCount: UInt64
  ) {
    var page = facts.page(of: address)
    let end = address &+ min(byteCount, facts.pageBytes &* 4)
    while page < end {
      _ = auditPageOfBlock(view, live, page, nil)
      page &+= facts.pageBytes
    }
  }

  /// Looks at the block of an address if small blocks have its page; walks the page where the block
  /// does not look sound, and where it is not known what changed.
  @inline(__always)
  private mutating func auditPageOfBlock(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ change: BlockChange?
  ) -> PageSummary? {
    let page = address & ~factsAddress.pointee.pageMask
    guard let number = spacesAddress.pointee.page(of: page) else { return nil }
    let marks =
      number < spacesAddress.pointee.initialCount
      ? view.marks(ofInitialPage: number) : view.marks(ofPageAt: page) ?? []
    guard marks.contains(.smallBlocks) else { return nil }
    if let change, looksSound(view, live, number, page, address, change) { return nil }
    return walkPageOfBlock(view, live, page, address)
  }

  @inline(never)
  private mutating func walkPageOfBlock(
    _ view: PoolView, _ live: LiveAllocations, _ page: Address, _ address: Address
  ) -> PageSummary? {
    let walk = PageWalk(page: page, firstUnit: 0, depth: .cheap, sought: address)
    return auditBlocks(view, live, walk)
  }

  // MARK: Lists

  /// A free block's neighbours on its list point back at it. Each is a list head or another free
  /// block, so that both links can be read wherever they lead.
  mutating func auditNeighbours(
    _ view: PoolView, _ header: Address, units: UInt64, _ descriptor: Int?
  ) {
    let entry = header &+ facts.headerBytes
    guard let next = facts.link(view, at: entry),
      let back = facts.link(view, at: entry &+ facts.wordBytes)
    else { return }
    let nextBack = facts.link(view, at: next &+ facts.wordBytes)
    findings.require(
      .listLinks, at: entry, expected: entry, found: nextBack ?? 0,
      "the link back from the next entry of a list")
    let backNext = facts.link(view, at: back)
    findings.require(
      .listLinks, at: entry, expected: entry, found: backNext ?? 0,
      "the link forth from the entry before")
    guard let descriptor else { return }
    let heads = view.descriptors[descriptor].listHeads
    let headBytes = facts.wordBytes &* 2
    for neighbour in [next, back] where neighbour &- heads < facts.unitsPerPage &* headBytes {
      findings.require(
        .listSize, at: header, expected: (neighbour &- heads) / headBytes &+ 1, found: units,
        "units of a free block on the list")
    }
  }

  /// The first and last runs of the four lists point back at their heads.
  private mutating func auditRunHeads(_ view: PoolView) {
    for list in 0..<4 {
      let head = view.variables.freeRunHeads &+ UInt64(list) &* facts.wordBytes &* 2
      guard let first = view.pointer(head), let last = view.pointer(head &+ facts.wordBytes) else {
        continue
      }
      findings.require(
        .runsLinks, at: head, expected: head,
        found: view.pointer(first &+ facts.wordBytes) ?? 0, "the link back from a free run")
      findings.require(
        .runsLinks, at: head, expected: head, found: view.pointer(last) ?? 0,
        "the link forth from the last free run")
      guard first != head, let count = view.word32(first &+ facts.wordBytes &* 2) else { continue }
      findings.require(
        .runsList, at: first, expected: UInt64(max(min(count, 4), 1)) &- 1, found: UInt64(list),
        "list of a free run of \(count) pages")
    }
  }
}
