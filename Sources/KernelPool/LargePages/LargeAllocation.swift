// Requests above the small limit: whole pages, known to the big-page table (ReactOS
// ExAllocatePoolWithTag and ExFreePoolWithTag, the branches for page-aligned addresses).

extension GeneralBlocks {
  /// Allocates whole pages; nil when there are none.
  func allocateLarge(
    _ type: PoolType, _ kind: PoolKind, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    let owner = owner(pool.pointee.descriptor(of: kind))
    guard let address = try pool.pointee.allocatePages(kind, bytes: bytes) else { return nil }
    mark(.largeAllocation)
    let pages = has(.bigPagesCountedOnce) ? 1 : pool.pointee.pageCount(bytes)
    countLargePages(owner, pages)
    let rounded = pool.pointee.pageRounded(bytes)
    let counted = pool.pointee.profile.largeByteCount == .requestedBytes ? bytes : rounded
    countAllocation(owner, bytes: counted)
    let known = try pool.pointee.addBigEntry(address, tag: tag, bytes: bytes, type: type)
    try track(known ? tag : .big, bytes: rounded, type)
    // Without an entry the free could not find the fragment again.
    if pool.pointee.profile.largeTail == .fragment, known {
      try makeFragment(behind: address, bytes: bytes, owner)
    }
    return address
  }

  /// Frees a page-aligned address.
  func freeLarge(_ address: Address, _ tag: PoolTag) throws(Halt) {
    let kind = try pool.pointee.kindOfPages(at: address)
    try checkLevel(forFreeing: address, kind)
    guard let entry = try pool.pointee.removeBigEntry(address) else {
      try pool.pointee.refuseUntracked(address, kind)
      return try finishLargeFree(address, kind, PoolState.BigEntry(tag: .big, bytes: 0), tag)
    }
    try pool.pointee.shrinkBigTableIfSparse()
    try finishLargeFree(address, kind, entry, tag)
  }

  private func finishLargeFree(
    _ address: Address, _ pages: PoolKind, _ entry: PoolState.BigEntry, _ given: PoolTag
  ) throws(Halt) {
    // Nonpaged pages do not tell which of two descriptors they were charged to; the entry does.
    let kind =
      pages == .nonPaged ? pool.pointee.kind(for: entry.type.subtracting(.paged)) : pages
    try checkTag(given, against: entry.tag, at: address)
    let bytes = pool.pointee.pageRounded(entry.bytes)
    let type: PoolType = kind.isPaged ? .paged : .nonPaged
    try untrack(entry.tag.unprotected, bytes: bytes, type)
    if entry.process != 0 { returnLargeQuota(type, bytes: bytes) }
    let owner = owner(pool.pointee.descriptor(of: kind))
    countFree(owner, bytes: bytes)
    mark(.largeFree)
    let freed =
      pool.pointee.profile.largeTail == .fragment && bytes != 0
      ? try freeWithFragment(address, kind, bytes: entry.bytes, owner)
      : try pool.pointee.freePages(address, kind)
    countLargePages(owner, 0 &- freed)
  }

  /// Adds pages to, or with a wrapped negative number takes them from, the count of large pages.
  private func countLargePages(_ owner: OwnerPointer, _ difference: UInt64) {
    add(
      owner, pool.pointee.profile.descriptor.totalBigPages,
      UInt32(truncatingIfNeeded: difference))
  }
}

extension PoolState {
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
  @inline(__always) mutating func poolKind(at address: Address) -> PoolKind? {
    if isInPool(address) { return .nonPaged }
    let shift = geometry.pageShift
    let paged = variables.pointee.pagedBitmap
    if address &- paged.base < paged.pages &<< shift { return .paged }
    let session = variables.pointee.sessionBitmap
    return address &- session.base < session.pages &<< shift ? .session : nil
  }

  /// What a version does about a page address that the big-page table does not know.
  fileprivate mutating func refuseUntracked(_ address: Address, _ kind: PoolKind) throws(Halt) {
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
