// The split rule. A free block that starts its page gives its front; any other gives its back. So
// the first block of a page lies at its start and later ones descend from its end (ReactOS
// ExAllocatePoolWithTag; Mandt 2011 for Windows).

extension KernelPool {
  /// Cuts `units` off a free block that is on no list; returns the header of the part to be
  /// allocated. What is left goes to the tail of its list, or nowhere if it is a single unit.
  mutating func split(
    _ header: Address, _ owner: Int, units: UInt64
  ) throws(Halt) -> Address {
    let word = try headerWord(header)
    let size = UInt64(profile.header.blockSize.get(word))
    guard size != units else {
      mechanisms.insert(.exactFit)
      return header
    }
    let left = size &- units &- (mutant == .splitLosesUnit && size > units &+ 2 ? 1 : 0)
    let startsPage = profile.header.previousSize.get(word) == 0
    let block: Address
    let remainder: Address
    if startsPage || mutant == .splitAlwaysFront {
      mechanisms.insert(.splitFront)
      block = header
      remainder = self.block(header, plus: units)
      try setBlockSize(remainder, left)
      try setPreviousSize(remainder, units)
      if mutant != .splitFrontKeepsNextPreviousSize {
        try setPreviousSize(behind: remainder, units: left)
      }
    } else {
      mechanisms.insert(.splitBack)
      remainder = header
      try setBlockSize(header, left)
      block = self.block(header, plus: left)
      try setPreviousSize(block, left)
      if mutant != .splitBackKeepsNextPreviousSize {
        try setPreviousSize(behind: block, units: units)
      }
    }
    try setBlockSize(block, units)
    try setStoredType(remainder, mutant == .remainderKeepsType ? 1 : 0)
    if mutant != .remainderPoolIndex { try setPoolIndex(remainder, owner) }
    try listRemainder(remainder, owner, units: left & UInt64(profile.header.blockSize.mask))
    return block
  }

  /// Puts what a split left on its list; a remainder without room for links is an orphan and waits
  /// for a neighbour to be freed.
  mutating func listRemainder(
    _ remainder: Address, _ owner: Int, units: UInt64
  ) throws(Halt) {
    guard units >= profile.smallestListedUnits || mutant == .orphanListed else {
      mechanisms.insert(.orphan)
      return
    }
    try insert(
      remainder, units: mutant == .remainderWrongList && units > 3 ? units &- 1 : units, owner,
      at: try isRemainderMisplaced(owner) ? .head : profile.remainderEnd)
  }

  /// Whether a planted bug sends the remainders of a descriptor to the heads.
  private mutating func isRemainderMisplaced(_ owner: Int) throws(Halt) -> Bool {
    if mutant == .remainderToHeadLate {
      let counter = descriptors[owner].address &+ profile.descriptor.runningAllocations
      return try memory.load32(counter) >= 1000
    }
    return mutant == .remainderToHead
  }

  /// Opens a page: the block at its start, the rest on a list. Returns nil when there is no page.
  ///
  /// The block has its type but not yet its tag; its body is left as it is.
  mutating func openPage(
    _ owner: Int, _ kind: PoolKind, _ type: PoolType, units: UInt64
  ) throws(Halt) -> Address? {
    guard let page = try allocatePages(kind, bytes: geometry.pageBytes) else { return nil }
    try carve(page, owner, kind, type, units: units)
    return page
  }

  /// Makes two blocks of a fresh page.
  mutating func carve(
    _ page: Address, _ owner: Int, _ kind: PoolKind, _ type: PoolType, units: UInt64
  ) throws(Halt) {
    mechanisms.insert(.freshPage)
    setSmallBlocks(page, kind, true)
    let layout = profile.header
    let index = profile.poolIndexRule == .stale ? 0 : descriptors[owner].index
    var word = layout.blockSize.set(0, UInt32(truncatingIfNeeded: units))
    word = layout.poolIndex.set(word, index)
    try memory.store32(page, layout.poolType.set(word, storedType(type)))
    let left = geometry.unitsPerPage &- units
    let remainder = block(page, plus: units)
    word = layout.blockSize.set(0, UInt32(truncatingIfNeeded: left))
    word = layout.poolIndex.set(word, index)
    try memory.store32(
      remainder,
      layout.previousSize.set(
        word, mutant == .freshRemainderPreviousSize ? 0 : UInt32(truncatingIfNeeded: units)))
    try countPages(owner, mutant == .freshPageCountedTwice ? 2 : 1)
    let base = descriptors[owner].address
    if let offset = profile.descriptor.totalBytes, mutant != .freshBytesNotCounted {
      try memory.addPointer(base &+ offset, units &<< geometry.unitShift)
    }
    if left >= profile.smallestListedUnits {
      let end: ListEnd = mutant == .freshRemainderToHead ? .head : profile.remainderEnd
      try insert(remainder, units: left, owner, at: end)
    } else {
      mechanisms.insert(.orphan)
    }
    if profile.checks == .wholePage { try checkPage(of: page) }
  }
}
