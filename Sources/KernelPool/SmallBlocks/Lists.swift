// The lists of free blocks, one for each size in units: a double-linked ring through the blocks'
// first two pointers and the head in the descriptor (ReactOS ExpInsertPoolTailList and kin).
// The head of list k holds blocks of exactly k units, counted from one.

extension SmallBlocks {
  /// Puts a free block on the list of its size.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  func insert(
    _ block: Block, _ owner: OwnerPointer, units: UInt64, at end: ListEnd
  ) throws(Halt) {
    let head = head(owner, units: units)
    let entry = entry(block)
    if checks == .wholePage { try checkLinks(head, owner) }
    if end == .tail {
      let last = try previous(head)
      try setNext(entry, head.address)
      try setPrevious(entry, last)
      try setNext(self.entry(at: last, owner), entry.address)
      if !has(.tailInsertForgetsHead) { try setPrevious(head, entry.address) }
    } else {
      let first = try next(head)
      try setNext(entry, first)
      try setPrevious(entry, head.address)
      if !has(.headInsertForgetsBack) {
        try setPrevious(self.entry(at: first, owner), entry.address)
      }
      if head.host != nil { owner.pointee.used.insert(units) }
      try setNext(head, entry.address)
    }
    if checks == .wholePage {
      try checkLinks(head, owner)
      try checkLinks(entry, owner)
    }
  }

  /// Takes the first block off a list that is not empty.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  func removeFirst(_ head: ListEntry, _ owner: OwnerPointer) throws(Halt) -> Block {
    if checks != .none { try checkLinks(head, owner) }
    let first = try next(head)
    let second = try next(entry(at: first, owner))
    try setNext(head, second)
    if !has(.removeFirstForgetsBack) { try setPrevious(entry(at: second, owner), head.address) }
    if checks == .wholePage { try checkLinks(head, owner) }
    return block(first &- headerBytes)
  }

  /// Takes a free block off whatever list it is on.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  func unlink(_ block: Block, _ owner: OwnerPointer) throws(Halt) {
    let entry = entry(block)
    if checks != .none { try checkLinks(entry, owner) }
    let next = try next(entry)
    let previous = try previous(entry)
    try setNext(self.entry(at: previous, owner), next)
    if !has(.unlinkForgetsBack) { try setPrevious(self.entry(at: next, owner), previous) }
    if checks == .wholePage {
      try checkLinks(self.entry(at: next, owner), owner)
      try checkLinks(self.entry(at: previous, owner), owner)
    }
  }

  /// The first list, from the one of `units` up, whose head does not point at itself; nil when all
  /// do.
  @inline(__always)
  func firstUsedList(_ owner: OwnerPointer, from units: UInt64) -> UInt64? {
    guard owner.pointee.hasSummary else { return firstUsedWithoutSummary(owner, from: units) }
    return owner.pointee.used.first(from: units, last: unitsPerPage) { isUsed(owner, list: $0) }
  }

  /// The same of a descriptor that keeps no summary: sixteen heads at a time, two side by side, up
  /// to the first sixteen of which not all point at themselves.
  @inline(never)
  private func firstUsedWithoutSummary(_ owner: OwnerPointer, from units: UInt64) -> UInt64? {
    var list = units
    let last = unitsPerPage
    let isWide = Layout.isWide(pool)
    let mask = pool.pointee.memory.linkMask & (isWide ? .max : 0xFFFF_FFFF)
    let first = owner.pointee.headsAddress &+ (list &- 1) &* entryBytes
    var own = SIMD2<UInt64>(first, first &+ entryBytes)
    var place = owner.pointee.heads + Int(truncatingIfNeeded: (list &- 1) &* entryBytes)
    while list &+ 15 <= last {
      var difference = SIMD2<UInt64>()
      for _ in 0..<8 {
        let links =
          isWide
          ? SIMD2<UInt64>(place.word64(), place.word64(16))
          : place.loadUnaligned(as: SIMD2<UInt64>.self)
        difference |= links ^ own
        own &+= SIMD2<UInt64>(repeating: 2 &* entryBytes)
        place += Int(truncatingIfNeeded: 2 &* entryBytes)
      }
      if (difference[0] | difference[1]) & mask != 0 { break }
      list &+= 16
    }
    while list <= last {
      if isUsed(owner, list: list) { return list }
      list &+= 1
    }
    return nil
  }

  /// Stops the kernel unless both neighbours of a head or entry point back at it (ReactOS
  /// `ExpCheckPoolLinks`; Windows 7 compares in the same way, Mandt 2011).
  @inline(never)
  func checkLinks(_ entry: ListEntry, _ owner: OwnerPointer) throws(Halt) {
    let next = try next(entry)
    let previous = try previous(entry)
    let backFromNext = try self.previous(self.entry(at: next, owner))
    let backFromPrevious = try self.next(self.entry(at: previous, owner))
    guard backFromNext == entry.address, backFromPrevious == entry.address else {
      throw bugCheck(BugCheck.badPoolHeader, 3, entry.address, backFromNext, backFromPrevious)
    }
  }
}
