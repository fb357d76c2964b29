// Requests above the small limit: whole pages, known to the big-page table (ReactOS
// ExAllocatePoolWithTag and ExFreePoolWithTag, the branches for page-aligned addresses).

extension KernelPool {
  /// Allocates whole pages; nil when there are none.
  mutating func allocateLarge(
    _ type: PoolType, _ kind: PoolKind, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    let owner = descriptor(of: kind)
    guard let address = try allocatePages(kind, bytes: bytes) else { return nil }
    mechanisms.insert(.largeAllocation)
    let pages = pageCount(bytes)
    let countedPages = mutant == .bigPagesCountedOnce ? 1 : pages
    try countBigPages(owner, Int64(truncatingIfNeeded: countedPages))
    let counted = profile.largeByteCount == .requestedBytes ? bytes : pageRounded(bytes)
    try countAllocation(owner, bytes: counted)
    let known = try addBigEntry(address, tag: tag, bytes: bytes, type: type)
    try track(known ? tag : .big, bytes: pageRounded(bytes), type: type)
    // Without an entry the free could not find the fragment again.
    if profile.largeTail == .fragment, known {
      try makeFragment(behind: address, bytes: bytes, owner)
    }
    return address
  }

  /// Frees a page-aligned address.
  mutating func freeLarge(_ address: Address, tag tagToFree: PoolTag?) throws(Halt) {
    let kind = try kindOfPages(at: address)
    try checkLevel(forFreeing: address, kind)
    guard let entry = try removeBigEntry(address) else {
      try refuseUntracked(address, kind)
      return try finishLargeFree(address, kind, BigEntry(tag: .big, bytes: 0), tagToFree)
    }
    try shrinkBigTableIfSparse()
    try finishLargeFree(address, kind, entry, tagToFree)
  }

  private mutating func finishLargeFree(
    _ address: Address, _ pages: PoolKind, _ entry: BigEntry, _ tagToFree: PoolTag?
  ) throws(Halt) {
    // Nonpaged pages do not tell which of two descriptors they were charged to; the entry does.
    let kind = pages == .nonPaged ? self.kind(for: entry.type.subtracting(.paged)) : pages
    try checkTag(tagToFree, against: entry.tag, at: address)
    let bytes = pageRounded(entry.bytes)
    try untrack(entry.tag.unprotected, bytes: bytes, type: kind.isPaged ? .paged : .nonPaged)
    if entry.process != 0 { returnLargeQuota(kind.isPaged ? .paged : .nonPaged, bytes: bytes) }
    let owner = descriptor(of: kind)
    try countFree(owner, bytes: bytes)
    mechanisms.insert(.largeFree)
    let freed =
      profile.largeTail == .fragment && bytes != 0
      ? try freeWithFragment(address, kind, bytes: entry.bytes, owner)
      : try freePages(address, kind)
    try countBigPages(owner, -Int64(truncatingIfNeeded: freed))
  }

  /// The pool whose pages hold `address`; stops the kernel where there is none (Microsoft,
  /// 0xC2/0x40 and 0x42).
  ///
  /// The end of the nonpaged range counts as inside, as in ReactOS `MmDeterminePoolType`.
  mutating func kindOfPages(at address: Address) throws(Halt) -> PoolKind {
    if let kind = poolKind(at: address) { return kind }
    let end = addressOfNonPagedPage(variables.pointee.maximumPages)
    if address == end, profile.untrackedLargeFree == .silent { return .nonPaged }
    if address < profile.systemBase, profile.untrackedLargeFree != .silent {
      throw bugCheck(BugCheck.badPoolCaller, 0x40, address, profile.systemBase)
    }
    throw bugCheck(BugCheck.badPoolCaller, 0x42, address)
  }

  /// The pool whose address range holds `address`, mapped or not.
  @inline(__always) func poolKind(at address: Address) -> PoolKind? {
    if isInPool(address) { return .nonPaged }
    let shift = geometry.pageShift
    let paged = variables.pointee.pagedBitmap
    if address &- paged.base < paged.pages &<< shift { return .paged }
    let session = variables.pointee.sessionBitmap
    return address &- session.base < session.pages &<< shift ? .session : nil
  }

  /// What a version does about a page address that the big-page table does not know.
  private mutating func refuseUntracked(_ address: Address, _ kind: PoolKind) throws(Halt) {
    if profile.untrackedLargeFree == .silent { return }
    if variables.pointee.bigTableExpansionFailures != 0, try isAllocationStart(address, kind) {
      return
    }
    if profile.untrackedLargeFree == .noTrackingEntry {
      throw bugCheck(BugCheck.badPoolHeader, 0x22, address)
    }
    guard kind.isPaged else { throw bugCheck(BugCheck.badPoolCaller, 0x44, address) }
    let bitmap = kind == .paged ? pagedBitmap.pointee : sessionBitmap.pointee
    throw bugCheck(
      BugCheck.badPoolCaller, 0x50, address, (address &- bitmap.base) &>> geometry.pageShift,
      bitmap.pages &<< geometry.pageShift)
  }

  /// True where an allocation of pages may start at `address`: an overflown table lost its entry.
  private mutating func isAllocationStart(
    _ address: Address, _ kind: PoolKind
  ) throws(Halt) -> Bool {
    guard kind.isPaged else {
      guard let page = nonPagedPage(at: address) else { return false }
      return marks(page).contains(.start)
    }
    let bitmap = kind == .paged ? pagedBitmap.pointee : sessionBitmap.pointee
    let page = (address &- bitmap.base) &>> geometry.pageShift
    guard try bit(page, of: bitmap.allocationMap) else { return false }
    guard page != 0, try bit(page &- 1, of: bitmap.allocationMap) else { return true }
    return try bit(page &- 1, of: bitmap.endMap)
  }
}
