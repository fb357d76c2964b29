// The page level's two doors (ReactOS MiAllocatePoolPages, MiFreePoolPages). Single freed pages go
// to a small list first and keep their marks, so that neighbours see them as allocated.

extension PoolState {
  /// Pages of a request, as wide as the version counts them; 0 is a request that must fail.
  mutating func pageCount(_ bytes: UInt64) -> UInt64 {
    let pages = geometry.pages(holding: bytes)
    return profile.pageCountWidth == .bits32 ? pages & 0xFFFF_FFFF : pages
  }

  /// Allocates whole pages; nil when there are none.
  mutating func allocatePages(_ kind: PoolKind, bytes: UInt64) throws(Halt) -> Address? {
    let pages = pageCount(bytes)
    guard pages != 0 else { return nil }
    if let list = singlePageList(kind, pages), let address = try pop(list) {
      return address
    }
    let address: Address?
    switch kind {
    case .paged: address = try allocateFromBitmap(pagedBitmap, pages: pages)
    case .session: address = try allocateFromBitmap(sessionBitmap, pages: pages)
    case .nonPaged, .nonPagedNoExecute:
      address =
        profile.nonPagedPages == .bitmap
        ? try allocateNonPagedFromBitmap(pages: pages)
        : try allocateRun(pages: pages)
    }
    if address != nil { countHandedOut(kind, pages) }
    return address
  }

  /// Books pages that left the page level, or with a wrapped negative number came back to it.
  mutating func countHandedOut(_ kind: PoolKind, _ pages: UInt64) {
    guard profile.pageCounters == .kept else { return }
    switch kind {
    case .session: return
    case .paged: variables.pointee.allocatedPages.paged &+= pages
    case .nonPaged, .nonPagedNoExecute: variables.pointee.allocatedPages.nonPaged &+= pages
    }
  }

  /// Frees the pages of the allocation that starts at `address`; returns how many there were.
  mutating func freePages(_ address: Address, _ kind: PoolKind) throws(Halt) -> UInt64 {
    switch kind {
    case .paged: return try freeToBitmap(address, pagedBitmap, kind)
    case .session: return try freeToBitmap(address, sessionBitmap, kind)
    case .nonPaged, .nonPagedNoExecute:
      return profile.nonPagedPages == .bitmap
        ? try freeNonPagedToBitmap(address)
        : try freeRun(address)
    }
  }

  /// The list for freed runs of this length, or nil where there is none.
  mutating func singlePageList(
    _ kind: PoolKind, _ pages: UInt64
  ) -> UnsafeMutablePointer<SinglePageList>? {
    switch kind {
    case .paged: return pages == 1 ? place(\.singlePageLists.paged) : nil
    case .session: return pages == 1 ? place(\.singlePageLists.session) : nil
    case .nonPaged, .nonPagedNoExecute:
      guard pages <= profile.singleListPages else { return nil }
      switch pages {
      case 1: return place(\.singlePageLists.nonPaged.0)
      case 2: return place(\.singlePageLists.nonPaged.1)
      default: return place(\.singlePageLists.nonPaged.2)
      }
    }
  }

  /// Takes the first run of a list; nil when it is empty by its own count.
  mutating func pop(_ list: UnsafeMutablePointer<SinglePageList>) throws(Halt) -> Address? {
    let top = list.pointee.top
    guard list.pointee.count != 0, top != 0 else { return nil }
    mechanisms.insert(.singlePagePop)
    if mutant == .singlePageFirstInFirstOut { return try popLast(list) }
    list.pointee.top = try memory.loadPointer(top)
    if mutant != .singlePageCountNotLowered { list.pointee.count &-= 1 }
    return top
  }

  private mutating func popLast(
    _ list: UnsafeMutablePointer<SinglePageList>
  ) throws(Halt) -> Address? {
    var link: Address?
    var entry = list.pointee.top
    for _ in 0..<list.pointee.count {
      let next = try memory.loadPointer(entry)
      if next == 0 { break }
      link = entry
      entry = next
    }
    if let link { try memory.storePointer(link, 0) } else { list.pointee.top = 0 }
    list.pointee.count &-= 1
    return entry
  }

  /// Puts a freed run on a list if it has room.
  mutating func push(
    _ address: Address, _ list: UnsafeMutablePointer<SinglePageList>
  ) throws(Halt) -> Bool {
    let extra: UInt16 = mutant == .singlePageTooDeep && list.pointee.maximumCount > 0 ? 1 : 0
    guard list.pointee.count < list.pointee.maximumCount &+ extra else { return false }
    try memory.storePointer(address, list.pointee.top)
    list.pointee.top = address
    list.pointee.count &+= 1
    mechanisms.insert(.singlePagePush)
    return true
  }

  /// The bitmap of the paged pool, to be changed in place.
  var pagedBitmap: UnsafeMutablePointer<PageBitmap> { mutating get { place(\.pagedBitmap) } }

  /// The bitmap of the session pool, to be changed in place.
  var sessionBitmap: UnsafeMutablePointer<PageBitmap> { mutating get { place(\.sessionBitmap) } }

  /// The bitmap of the nonpaged pool, to be changed in place.
  var nonPagedBitmap: UnsafeMutablePointer<PageBitmap> { mutating get { place(\.nonPagedBitmap) } }

  /// One of the kernel's variables, to be changed in place.
  @inline(__always)
  private mutating func place<Field>(
    _ path: WritableKeyPath<KernelVariables, Field>
  ) -> UnsafeMutablePointer<Field> {
    guard let pointer = variables.pointer(to: path) else {
      preconditionFailure("kernel variables are stored, not computed")
    }
    return pointer
  }

  // MARK: Marks

  /// The nonpaged page, counted from the pool's start with the expansion area behind, that holds
  /// `address`; nil outside.
  @inline(__always) mutating func nonPagedPage(at address: Address) -> UInt64? {
    let initial = variables.pointee.initialPages
    let page = (address &- profile.nonPagedBase) &>> geometry.pageShift
    let isContiguous = profile.expansionBase == nil
    if page < (isContiguous ? variables.pointee.maximumPages : initial) { return page }
    guard let base = profile.expansionBase else { return nil }
    let inExpansion = (address &- base) &>> geometry.pageShift
    return inExpansion < variables.pointee.maximumPages &- initial ? initial &+ inExpansion : nil
  }

  /// The address of a nonpaged page.
  @inline(__always) mutating func addressOfNonPagedPage(_ page: UInt64) -> Address {
    let initial = variables.pointee.initialPages
    guard page >= initial, let base = profile.expansionBase else {
      return profile.nonPagedBase &+ page &<< geometry.pageShift
    }
    return base &+ (page &- initial) &<< geometry.pageShift
  }

  /// True where `address` lies in nonpaged pool, mapped or not.
  @inline(__always) mutating func isInPool(_ address: Address) -> Bool {
    nonPagedPage(at: address) != nil
  }

  /// The marks of a nonpaged page.
  @inline(__always) mutating func marks(_ page: UInt64) -> PageMarks {
    PageMarks(rawValue: nonPagedMarks[Int(page)])
  }

  @inline(__always) mutating func setMarks(_ page: UInt64, _ marks: PageMarks) {
    replaceMarks(page, self.marks(page).union(marks))
  }

  @inline(__always) mutating func clearMarks(_ page: UInt64, _ marks: PageMarks) {
    replaceMarks(page, self.marks(page).subtracting(marks))
  }

  /// Most pages of a large allocation that is freed have no marks to be cleared.
  @inline(__always) private mutating func replaceMarks(_ page: UInt64, _ marks: PageMarks) {
    guard nonPagedMarks[Int(page)] != marks.rawValue else { return }
    nonPagedMarks[Int(page)] = marks.rawValue
    memory.journal?.noteMarks(addressOfNonPagedPage(page))
  }

  /// Notes whether a page is carved into small blocks.
  mutating func setSmallBlocks(_ address: Address, _ kind: PoolKind, _ isCarved: Bool) {
    let pointer: UnsafeMutablePointer<UInt8>
    switch kind {
    case .nonPaged, .nonPagedNoExecute:
      guard let page = nonPagedPage(at: address) else { return }
      pointer = nonPagedMarks + Int(page)
    case .paged, .session:
      let bitmap = kind == .paged ? variables.pointee.pagedBitmap : variables.pointee.sessionBitmap
      let page = (address &- bitmap.base) &>> geometry.pageShift
      guard page < bitmap.pages else { return }
      pointer = memory.regions[bitmap.region].marksPointer + Int(page)
    }
    let old = PageMarks(rawValue: pointer.pointee)
    guard old.contains(.smallBlocks) != isCarved else { return }
    pointer.pointee ^= PageMarks.smallBlocks.rawValue
    memory.journal?.noteMarks(address & ~geometry.pageMask)
  }

  /// Makes two allocations of one: its first pages and the rest.
  mutating func divideAllocation(
    _ address: Address, _ kind: PoolKind, pages: UInt64, firstPages: UInt64
  ) throws(Halt) {
    let bitmap = kind == .paged ? pagedBitmap : sessionBitmap
    if kind.isPaged {
      let first = (address &- bitmap.pointee.base) &>> geometry.pageShift
      try setBits(first &+ firstPages &- 1, 1, of: bitmap.pointee.endMap, to: true)
    } else if let first = nonPagedPage(at: address) {
      // The number of pages may come from a corrupt entry of the big-page table.
      guard firstPages < variables.pointee.maximumPages &- first else { throw frameFault() }
      setMarks(first &+ firstPages &- 1, .end)
      setMarks(first &+ firstPages, .start)
    }
  }
}
