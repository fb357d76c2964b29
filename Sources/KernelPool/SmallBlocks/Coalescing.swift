// Coalescing of a freed block: first with its successor, then with its predecessor, one step each
// way, because two free blocks are never neighbours outside of an operation (ReactOS
// ExFreePoolWithTag; Mandt 2011).

extension SmallBlocks {
  /// The real free: counters and coalescing. Returns the page when nothing else is left on it.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  func release(_ block: Block, _ owner: OwnerPointer, units: UInt64) throws(Halt) -> Address? {
    countFree(owner, bytes: bytes(units))
    if checks == .wholePage { try checkPage(of: block) }
    return try coalesce(block, owner, units: units)
  }

  /// Gives a page back to the page level; its first header keeps its old type.
  @inline(never)
  func releasePage(_ page: Address, _ owner: OwnerPointer) throws(Halt) {
    mark(.pageReleased)
    if !has(.releasedPageStillCounted) { countPages(owner, .max) }
    _ = try pool.pointee.freePages(page, owner.pointee.kind)
  }

  /// Merges a block with its free neighbours and puts the result on its list. Returns the page
  /// when nothing else is left on it; the caller gives it back.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  private func coalesce(
    _ freed: Block, _ owner: OwnerPointer, units: UInt64
  ) throws(Halt) -> Address? {
    let mergedForward = try mergeSuccessor(into: freed, owner, units: units)
    let start = try mergeIntoPredecessor(freed, owner)
    return try settle(start ?? freed, owner, isMerged: mergedForward || start != nil)
  }

  #if compiler(>=6.3)
    @inline(always)
  #endif
  private func mergeSuccessor(
    into block: Block, _ owner: OwnerPointer, units: UInt64
  ) throws(Halt) -> Bool {
    let next = self.block(block, plus: units)
    if isPageAligned(next.address) || has(.noForwardMerge) { return false }
    let word = try word(next)
    guard layout.poolType.get(word) == 0 else { return false }
    mark(.mergedForward)
    let nextUnits = size(in: word)
    if isListed(nextUnits), !has(.mergeKeepsListEntry) { try unlink(next, owner) }
    let lost: UInt64 = has(.forwardMergeLosesUnit) ? 1 : 0
    try setSize(block, try size(block) &+ nextUnits &- lost)
    return true
  }

  /// Appends the block to a free predecessor and returns that; nil where it is in use or there is
  /// none.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  private func mergeIntoPredecessor(
    _ block: Block, _ owner: OwnerPointer
  ) throws(Halt) -> Block? {
    let previousUnits = try previousSize(block)
    if previousUnits == 0 || has(.noBackwardMerge) { return nil }
    let previous = self.block(block, plus: 0 &- previousUnits)
    let word = try word(previous)
    guard layout.poolType.get(word) == 0 else { return nil }
    mark(.mergedBackward)
    let size = size(in: word)
    if isListed(size), !has(.backwardMergeKeepsListEntry) { try unlink(previous, owner) }
    try setSize(previous, size &+ (try self.size(block)))
    return previous
  }

  /// Marks a merged block as free and lists it, unless it is a whole page, which is returned.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  private func settle(
    _ block: Block, _ owner: OwnerPointer, isMerged: Bool
  ) throws(Halt) -> Address? {
    let word = try word(block)
    let size = size(in: word)
    // A whole page wraps the size field around to zero, and a block plus zero units is again a
    // page's start.
    if isPageAligned(block.address), isPageAligned(block.address &+ bytes(size)),
      !has(.keepsFreePage)
    {
      return block.address
    }
    try setWord(
      block,
      has(.freedKeepsType) ? self.word(word, owner) : self.word(word, type: 0, owner))
    if isMerged, !has(.mergeKeepsNextPreviousSize) {
      try setPreviousSize(behind: block, units: size)
    }
    let smallest = pool.pointee.geometry.smallestListedUnits
    guard size >= smallest || checks == .wholePage && isCorrupt(size) else { return nil }
    try insert(
      block, owner, units: has(.freedWrongList) ? size &+ 1 : size,
      at: has(.freedToTail) ? .tail : switches.freedEnd)
    return nil
  }

  /// ReactOS lists what it frees without a look at the size, which no block can have then.
  private func isCorrupt(_ size: UInt64) -> Bool {
    size
      < min(
        pool.pointee.geometry.smallestBlockUnits, pool.pointee.geometry.smallestListedUnits)
  }

  /// Orphans, too small for links, are on no list; every other free block is, a corrupt size of zero
  /// too as far as the kernel's test can tell.
  @inline(__always) private func isListed(_ units: UInt64) -> Bool {
    units &- 1 >= pool.pointee.geometry.smallestListedUnits &- 1
  }
}
