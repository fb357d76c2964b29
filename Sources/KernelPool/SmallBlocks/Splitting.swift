// The split rule. A free block that starts its page gives its front; any other gives its back. So
// the first block of a page lies at its start and later ones descend from its end (ReactOS
// ExAllocatePoolWithTag; Mandt 2011 for Windows).

extension SmallBlocks {
  /// Cuts `units` off a free block that is on no list; returns the part to be allocated. What is
  /// left goes to the tail of its list, or nowhere if it is a single unit.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  func split(_ free: Block, _ owner: OwnerPointer, units: UInt64) throws(Halt) -> Block {
    let word = try word(free)
    let size = size(in: word)
    guard size != units else {
      mark(.exactFit)
      return free
    }
    var cut = PlannedCut(startsPage: previousSize(in: word) == 0, left: size &- units)
    plantBugs(in: &cut, size, units)
    let block: Block
    let remainder: Block
    if cut.startsPage {
      mark(.splitFront)
      block = free
      remainder = self.block(free, plus: units)
      let old = try self.word(remainder)
      try setWord(
        remainder, self.word(self.word(old, size: cut.left), previousSize: units))
      if cut.tellsNext { try setPreviousSize(behind: remainder, units: cut.left) }
    } else {
      mark(.splitBack)
      remainder = free
      try setWord(free, self.word(word, size: cut.left))
      block = self.block(free, plus: cut.left)
      try setPreviousSize(block, cut.left)
      if cut.tellsNext { try setPreviousSize(behind: block, units: units) }
    }
    try setSize(block, units)
    if cut.keepsIndex {
      try setType(remainder, cut.remainderType)
    } else {
      try setType(remainder, cut.remainderType, owner)
    }
    try listRemainder(remainder, owner, units: cut.left & UInt64(layout.blockSize.mask))
    return block
  }

  /// Puts what a split left on its list; a remainder without room for links is an orphan and waits
  /// for a neighbour to be freed.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  func listRemainder(_ remainder: Block, _ owner: OwnerPointer, units: UInt64) throws(Halt) {
    guard units >= pool.pointee.geometry.smallestListedUnits || has(.orphanListed) else {
      mark(.orphan)
      return
    }
    let isMoved = has(.remainderWrongList) && units > 3
    try insert(
      remainder, owner, units: isMoved ? units &- 1 : units,
      at: isRemainderMisplaced(owner) ? .head : switches.remainderEnd)
  }

  // MARK: Fresh pages

  /// Opens a page: the block at its start, the rest on a list. Returns nil when there is no page.
  ///
  /// The block has its type but not yet its tag; its body is left as it is.
  @inline(__always)
  func openPage(
    _ owner: OwnerPointer, _ type: PoolType, units: UInt64
  ) throws(Halt) -> Block? {
    let kind = owner.pointee.kind
    guard let page = try pool.pointee.allocatePages(kind, bytes: pageBytes) else { return nil }
    mark(.freshPage)
    pool.pointee.setSmallBlocks(page, kind, true)
    let block = block(page)
    try setWord(block, word(word(0, size: units), type: storedType(type), owner))
    let left = unitsPerPage &- units
    let remainder = self.block(block, plus: units)
    let previous = has(.freshRemainderPreviousSize) ? 0 : units
    try setWord(remainder, word(word(word(0, size: left), previousSize: previous), owner))
    countPages(owner, has(.freshPageCountedTwice) ? 2 : 1)
    if !has(.freshBytesNotCounted) { addBytes(owner, bytes(units)) }
    if left >= pool.pointee.geometry.smallestListedUnits {
      try insert(
        remainder, owner, units: left,
        at: has(.freshRemainderToHead) ? .head : switches.remainderEnd)
    } else {
      mark(.orphan)
    }
    if checks == .wholePage { try checkPage(of: block) }
    return block
  }

  // MARK: Planted bugs

  @inline(__always)
  private func plantBugs(in cut: inout PlannedCut, _ size: UInt64, _ units: UInt64) {
    guard Mode.plantsBugs else { return }
    if has(.splitLosesUnit), size > units &+ 2 { cut.left &-= 1 }
    switch pool.pointee.mutant {
    case .splitAlwaysFront: cut.startsPage = true
    case .splitFrontKeepsNextPreviousSize: cut.tellsNext = !cut.startsPage
    case .splitBackKeepsNextPreviousSize: cut.tellsNext = cut.startsPage
    case .remainderKeepsType: cut.remainderType = 1
    case .remainderPoolIndex: cut.keepsIndex = true
    default: break
    }
  }

  /// Whether a planted bug sends the remainders of a descriptor to the heads.
  @inline(__always) private func isRemainderMisplaced(_ owner: OwnerPointer) -> Bool {
    guard Mode.plantsBugs else { return false }
    switch pool.pointee.mutant {
    case .remainderToHead: return true
    case .remainderToHeadLate:
      return counter(owner, pool.pointee.profile.descriptor.runningAllocations) >= 1000
    default: return false
    }
  }
}

/// How a free block is cut: what the rule says, until a planted bug changes it.
private struct PlannedCut {
  /// The front is given, else the back.
  var startsPage: Bool
  /// Units of the remainder.
  var left: UInt64
  /// The block behind the cut one learns the size of its new predecessor.
  var tellsNext = true
  /// The type of the remainder.
  var remainderType: UInt32 = 0
  /// The remainder keeps its old index.
  var keepsIndex = false
}
