// Coalescing of a freed block: first with its successor, then with its predecessor, one step each
// way, because two free blocks are never neighbours outside of an operation (ReactOS
// ExFreePoolWithTag; Mandt 2011).

extension KernelPool {
  /// Merges a block with its free neighbours and puts the result on its list. Returns the page
  /// when nothing else is left on it; the caller gives it back.
  mutating func coalesce(
    _ header: Address, _ owner: Int, units: UInt64
  ) throws(Halt) -> Address? {
    let mergedForward = try mergeSuccessor(into: header, units: units)
    return try finishCoalescing(header, owner, mergedForward: mergedForward)
  }

  /// What follows once the successor has been seen to.
  mutating func finishCoalescing(
    _ header: Address, _ owner: Int, mergedForward: Bool
  ) throws(Halt) -> Address? {
    var header = header
    let mergedBackward = try mergePredecessor(&header)
    return try settle(header, owner, isMerged: mergedForward || mergedBackward)
  }

  /// Marks a merged block as free and lists it, unless it is a whole page, which is returned.
  mutating func settle(
    _ header: Address, _ owner: Int, isMerged: Bool
  ) throws(Halt) -> Address? {
    if try isWholePage(header), mutant != .keepsFreePage { return header }
    if mutant != .freedKeepsType { try setStoredType(header, 0) }
    try setPoolIndex(header, owner)
    let size = try blockSize(header)
    if isMerged, mutant != .mergeKeepsNextPreviousSize {
      try setPreviousSize(behind: header, units: size)
    }
    // ReactOS lists what it frees without a look at the size, which no block can have then.
    let isCorrupt = size < min(profile.smallestBlockUnits, profile.smallestListedUnits)
    guard size >= profile.smallestListedUnits || isCorrupt && profile.checks == .wholePage
    else { return nil }
    try insert(
      header, units: mutant == .freedWrongList ? size &+ 1 : size, owner,
      at: mutant == .freedToTail ? .tail : profile.freedEnd)
    return nil
  }

  private mutating func mergeSuccessor(
    into header: Address, units: UInt64
  ) throws(Halt) -> Bool {
    let next = block(header, plus: units)
    guard !geometry.isPageAligned(next), mutant != .noForwardMerge else { return false }
    let word = try headerWord(next)
    guard profile.header.poolType.get(word) == 0 else { return false }
    mechanisms.insert(.mergedForward)
    let nextUnits = UInt64(profile.header.blockSize.get(word))
    if isListed(nextUnits), mutant != .mergeKeepsListEntry { try unlink(next) }
    let lost: UInt64 = mutant == .forwardMergeLosesUnit ? 1 : 0
    try setBlockSize(header, try blockSize(header) &+ nextUnits &- lost)
    return true
  }

  private mutating func mergePredecessor(_ header: inout Address) throws(Halt) -> Bool {
    let previousUnits = try previousSize(header)
    guard previousUnits != 0, mutant != .noBackwardMerge else { return false }
    let previous = block(header, plus: 0 &- previousUnits)
    let word = try headerWord(previous)
    guard profile.header.poolType.get(word) == 0 else { return false }
    mechanisms.insert(.mergedBackward)
    let size = UInt64(profile.header.blockSize.get(word))
    if isListed(size), mutant != .backwardMergeKeepsListEntry { try unlink(previous) }
    try setBlockSize(previous, size &+ (try blockSize(header)))
    header = previous
    return true
  }

  /// Orphans, too small for links, are on no list; every other free block is, a corrupt size of zero
  /// too as far as the kernel's test can tell.
  @inline(__always) private func isListed(_ units: UInt64) -> Bool {
    units &- 1 >= profile.smallestListedUnits &- 1
  }

  /// True where a block covers its page. A whole page wraps the size field around to zero, and a
  /// block plus zero units is again a page's start.
  @inline(__always) private mutating func isWholePage(_ header: Address) throws(Halt) -> Bool {
    guard geometry.isPageAligned(header) else { return false }
    return geometry.isPageAligned(block(header, plus: try blockSize(header)))
  }

  /// Gives a page back to the page level; its first header keeps its old type.
  mutating func releasePage(_ page: Address, _ owner: Int) throws(Halt) {
    mechanisms.insert(.pageReleased)
    if mutant != .releasedPageStillCounted { try countPages(owner, -1) }
    _ = try freePages(page, descriptors[owner].kind)
  }
}
