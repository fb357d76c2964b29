import typealias KernelPool.Address
import struct KernelPool.PageBitmap
import struct KernelPool.PageMarks
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import enum PoolWalk.KernelTable

// Who holds which page. Everything that can hold pages claims them here, with the first and the
// last of each range; then every page must have been claimed once, or be free by its pool's books
// (ReactOS MiAllocatePoolPages, MiFreePoolPages).

extension PoolAudit {
  /// Collects all claims, then looks at the pages that nobody claimed.
  mutating func claimPages(_ view: PoolView, _ live: LiveAllocations) {
    if facts.profile.nonPagedPages == .runLists { claimFreeRuns(view) }
    claimSinglePageLists(view)
    claimTables(view)
    claimSmallPages(view)
    auditBigTable(view, live)
    claimUntracked(view, live)
    auditUnclaimed(view)
    auditBitmapVariables(view)
    auditExpansion(view)
  }

  /// Claims a range of pages; false where one has an owner already.
  @discardableResult
  mutating func claim(_ first: Int, _ count: Int, _ owner: PageOwner) -> Bool {
    guard count > 0, first >= 0, count <= owners.count &- first else { return false }
    var isFirst = true
    for page in first..<(first &+ count) {
      guard owners[page] == .nobody else {
        if isFirst {
          findings.report(
            .pageOwner, at: spaces.address(of: page), expected: UInt64(owner.rawValue),
            found: UInt64(owners[page].rawValue),
            "owner of a page that \(owner.words) claims and \(owners[page].words) has")
        }
        isFirst = false
        continue
      }
      owners[page] = owner
    }
    return isFirst
  }

  /// Claims the pages of one allocation and checks that their marks and bits say where it begins
  /// and ends. The pages must lie in one space.
  mutating func claimAllocation(
    _ view: PoolView, _ address: Address, pages: UInt64, _ owner: PageOwner
  ) -> Bool {
    guard let space = spaces.space(of: address), facts.isPageAligned(address) else { return false }
    let offset = (address &- space.base) &>> facts.pageShift
    guard pages > 0, pages <= UInt64(space.pageCount) &- offset else { return false }
    let first = space.firstPage &+ Int(offset)
    guard claim(first, Int(pages), owner) else { return true }
    if space.kind == .nonPaged {
      auditMarks(view, first, Int(pages))
    }
    if let bitmap = bitmap(view, space.kind) {
      auditBits(view, bitmap, space, firstBit: first &- space.firstPage, Int(pages))
    }
    return true
  }

  /// The map that hands out a pool's pages; nil where runs do.
  func bitmap(_ view: PoolView, _ kind: PoolKind) -> PageBitmap? {
    switch kind {
    case .paged: view.variables.pagedBitmap
    case .session: view.variables.sessionBitmap
    case .nonPaged, .nonPagedNoExecute:
      facts.profile.nonPagedPages == .bitmap ? view.variables.nonPagedBitmap : nil
    }
  }

  /// A nonpaged allocation is marked at both ends and nowhere between.
  private mutating func auditMarks(_ view: PoolView, _ first: Int, _ count: Int) {
    for page in first..<(first &+ count) {
      let address = spaces.address(of: page)
      let marks = view.marks(ofPageAt: address) ?? []
      requireMark(.marksStart, marks.contains(.start), page == first, address)
      requireMark(.marksEnd, marks.contains(.end), page == first &+ count &- 1, address)
      if page >= spaces.initialCount, !marks.contains(.mapped) {
        findings.report(
          .marksMapped, at: address, expected: 1, found: 0, "whether a page in use is mapped")
      }
    }
  }

  private mutating func requireMark(
    _ invariant: Invariant, _ found: Bool, _ expected: Bool, _ address: Address
  ) {
    findings.require(
      invariant, at: address, expected: expected ? 1 : 0, found: found ? 1 : 0,
      invariant == .marksStart
        ? "whether a page is marked as an allocation's start"
        : "whether a page is marked as an allocation's end")
  }

  /// Pages carved into small blocks are allocations of one page each.
  private mutating func claimSmallPages(_ view: PoolView) {
    for address in spaces.smallBlockPages(view) {
      _ = claimAllocation(view, address, pages: 1, .smallBlocks)
    }
  }

  /// The tag table and the big-page table, where they lie in the pool.
  private mutating func claimTables(_ view: PoolView) {
    for table in KernelTable.allCases {
      let (address, bytes) = table.extent(in: view)
      let owner = PageOwner(table)
      guard spaces.page(of: address) != nil else { continue }
      if !claimAllocation(view, address, pages: facts.pages(bytes), owner) {
        findings.report(
          .pageOwner, at: address, expected: facts.pages(bytes), found: 0,
          "pages of \(owner.words) within a pool")
      }
    }
  }

  /// Pages that nobody claimed must be free by their pool's own books.
  private mutating func auditUnclaimed(_ view: PoolView) {
    for space in spaces.spaces {
      let bitmap = bitmap(view, space.kind)
      guard let isSoundFree = Self.freePageTest(view, bitmap, space) else {
        for page in space.pages { auditUnclaimed(view, space, bitmap, page) }
        continue
      }
      for page in space.pages {
        if owners[page] == .nobody, isSoundFree(page &- space.firstPage) { continue }
        auditUnclaimed(view, space, bitmap, page)
      }
    }
  }

  @inline(__always)
  private mutating func auditUnclaimed(
    _ view: PoolView, _ space: PageSpaces.Space, _ bitmap: PageBitmap?, _ page: Int
  ) {
    let address = space.base &+ UInt64(page &- space.firstPage) &<< facts.pageShift
    switch owners[page] {
    case .freeRunStart, .freeRun: auditFreePage(view, page, address)
    case .nobody:
      if let bitmap {
        auditFreeBit(view, bitmap, space, bit: UInt64(page &- space.firstPage), address)
      }
      if space.kind == .nonPaged { auditNobodys(view, page, address, hasBitmap: bitmap != nil) }
    default: break
    }
  }

  /// A page of a free run has no marks, and no free run of its own may follow another.
  private mutating func auditFreePage(_ view: PoolView, _ page: Int, _ address: Address) {
    let marks = view.marks(ofPageAt: address) ?? []
    requireMark(.marksStart, marks.contains(.start), false, address)
    requireMark(.marksEnd, marks.contains(.end), false, address)
    guard owners[page] == .freeRunStart, page > 0, page != spaces.initialCount else { return }
    if owners[page &- 1] == .freeRun || owners[page &- 1] == .freeRunStart {
      findings.report(
        .runsAdjacent, at: address, expected: 0, found: 1, "free runs right behind a free run")
    }
  }

  /// A nonpaged page without owner is an unmapped one of the expansion, or a free one of a map.
  private mutating func auditNobodys(
    _ view: PoolView, _ page: Int, _ address: Address, hasBitmap: Bool
  ) {
    let marks = view.marks(ofPageAt: address) ?? []
    if hasBitmap {
      requireMark(.marksStart, marks.contains(.start), false, address)
      requireMark(.marksEnd, marks.contains(.end), false, address)
      return
    }
    let isMapped = page < spaces.initialCount || marks.contains(.mapped)
    if isMapped {
      findings.report(
        .pageOwner, at: address, expected: 1, found: 0, "owners of a mapped page")
    }
  }

  private mutating func auditExpansion(_ view: PoolView) {
    var mapped: UInt64 = 0
    if spaces.initialCount < spaces.nonPagedCount {
      for page in spaces.initialCount..<spaces.nonPagedCount {
        let marks = view.marks(ofPageAt: spaces.address(of: page)) ?? []
        if marks.contains(.mapped) { mapped &+= 1 }
      }
    }
    findings.require(
      .expansionUsed, at: 0, expected: mapped, found: view.variables.expansionUsed,
      "mapped pages of the expansion")
  }
}

// Pools whose pages come from a bitmap: paged and session pool, and nonpaged pool from Vista on
// (ReactOS MiAllocatePoolPages; Mandt 2011).

extension PoolAudit {
  /// What tells of a page of a space, counted from its first, whether its bits and marks are those of
  /// a free one; nil where runs hand out the space's pages, or its maps are not mapped. It reads these
  /// where they lie: most pages of a pool are free, and asking the view for each bit was half of an
  /// audit of a small pool.
  private static func freePageTest(
    _ view: PoolView, _ bitmap: PageBitmap?, _ space: PageSpaces.Space
  ) -> ((Int) -> Bool)? {
    let bytes = UInt64(space.pageCount &+ 7) &>> 3
    guard let bitmap, let region = view.region(of: space.base), region.hasFrames,
      let allocationMap = view.bytes(at: bitmap.allocationMap, count: bytes)
    else { return nil }
    let isNonPaged = space.kind == .nonPaged
    let endMap = isNonPaged ? nil : view.bytes(at: bitmap.endMap, count: bytes)
    guard isNonPaged || endMap != nil else { return nil }
    let forbidden: PageMarks = isNonPaged ? [.start, .end] : .mapped
    let shift = UInt64(view.profile.pageBytes.trailingZeroBitCount)
    func isSet(_ map: UnsafeRawPointer, _ index: Int) -> Bool {
      map.load(fromByteOffset: index &>> 3, as: UInt8.self) &>> UInt8(index & 7) & 1 != 0
    }
    return { index in
      guard isSet(allocationMap, index) == (UInt64(index) >= bitmap.openPages) else { return false }
      if let endMap, isSet(endMap, index) { return false }
      let marks = region.marks(at: space.base &+ UInt64(index) &<< shift)
      return marks?.isDisjoint(with: forbidden) ?? false
    }
  }

  /// One bit of a map; nil where the map is not mapped.
  func bit(_ view: PoolView, _ map: Address, _ index: UInt64) -> Bool? {
    view.byte(map &+ index &>> 3).map { $0 &>> UInt8(index & 7) & 1 != 0 }
  }

  /// The bits of one allocation: all ones in the allocation map, and in the end map, where there
  /// is one, a one for its last page only.
  mutating func auditBits(
    _ view: PoolView, _ bitmap: PageBitmap, _ space: PageSpaces.Space, firstBit: Int, _ count: Int
  ) {
    for index in firstBit..<(firstBit &+ count) {
      let address = space.base &+ UInt64(index) &<< facts.pageShift
      requireBit(
        .bitmapAllocated, bit(view, bitmap.allocationMap, UInt64(index)), true, address)
      guard space.kind != .nonPaged else { continue }
      requireBit(
        .bitmapEnd, bit(view, bitmap.endMap, UInt64(index)), index == firstBit &+ count &- 1,
        address)
      requireMapped(view, address, true)
    }
  }

  /// A page that nobody claimed: its bit is clear if its page table is open, else set; it ends no
  /// allocation, and a paged one is not mapped.
  mutating func auditFreeBit(
    _ view: PoolView, _ bitmap: PageBitmap, _ space: PageSpaces.Space, bit index: UInt64,
    _ address: Address
  ) {
    requireBit(
      .bitmapAllocated, bit(view, bitmap.allocationMap, index), index >= bitmap.openPages, address)
    guard space.kind != .nonPaged else { return }
    requireBit(.bitmapEnd, bit(view, bitmap.endMap, index), false, address)
    requireMapped(view, address, false)
  }

  private mutating func requireBit(
    _ invariant: Invariant, _ found: Bool?, _ expected: Bool, _ address: Address
  ) {
    findings.require(
      invariant, at: address, expected: expected ? 1 : 0, found: found.map { $0 ? 1 : 0 } ?? .max,
      invariant == .bitmapAllocated ? "the allocation map's bit of a page" : "the end map's bit")
  }

  private mutating func requireMapped(_ view: PoolView, _ address: Address, _ expected: Bool) {
    let isMapped = view.marks(ofPageAt: address)?.contains(.mapped) ?? false
    findings.require(
      .marksMapped, at: address, expected: expected ? 1 : 0, found: isMapped ? 1 : 0,
      "whether a page is mapped")
  }

  /// Hints and growth stay within the maps.
  mutating func auditBitmapVariables(_ view: PoolView) {
    let variables = view.variables
    for bitmap in [variables.pagedBitmap, variables.sessionBitmap, variables.nonPagedBitmap] {
      if bitmap.openPages > bitmap.pages {
        findings.report(
          .bitmapHint, at: bitmap.base, expected: bitmap.pages, found: bitmap.openPages,
          "open pages, at most")
      }
      if bitmap.hint > bitmap.pages {
        findings.report(
          .bitmapHint, at: bitmap.base, expected: bitmap.pages, found: bitmap.hint,
          "bit at which a search starts, at most")
      }
    }
  }
}
