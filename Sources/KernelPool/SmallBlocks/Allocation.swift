// Allocation of small blocks (ReactOS ExAllocatePoolWithTag; Mandt 2011 for Windows 7): lookaside
// lists, then the list heads from the version's first list up, then a fresh page.

extension SmallBlocks {
  /// Serves a request. One for a small block of nonpaged pool with no flag set, which is nearly every
  /// request, meets none of the questions that the others are asked.
  @inline(__always)
  func allocate(_ type: PoolType, bytes: UInt64, tag: PoolTag) -> KernelPool.AllocationOutcome {
    if let halted = pool.pointee.halted { return .halted(halted) }
    do throws(Halt) {
      let address: Address?
      if !Mode.plantsBugs, type.rawValue == 0, bytes <= pool.pointee.geometry.largestSmallRequest,
        pool.pointee.variables.pointee.interruptLevel <= 2
      {
        address = try allocateSmall(
          .nonPaged, .nonPaged, units: units(forRequest: bytes), tag)
      } else {
        address = try GeneralBlocks(pool: pool).allocateOther(type, bytes: bytes, tag: tag)
      }
      if let address { return .address(address) }
      mark(.failed)
      return type.contains(.raiseOnFailure) ? .raised(KernelPool.insufficientResources) : .null
    } catch {
      return .halted(pool.pointee.stop())
    }
  }

  /// The same, compiled apart from its caller.
  @inline(never)
  func allocateApart(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) -> KernelPool.AllocationOutcome {
    allocate(type, bytes: bytes, tag: tag)
  }

  /// The steps of `ExAllocatePoolWithTag` for a small block; the body's address, or nil when the
  /// request fails.
  @inline(__always)
  func allocateSmall(
    _ kind: PoolKind, _ type: PoolType, units: UInt64, _ tag: PoolTag
  ) throws(Halt) -> Address? {
    let classes = has(.lookasideClassTooMany) ? max(units, 2) &- 1 : units
    if hasLookaside(kind, units: classes), let block = try popLookaside(kind, units: classes) {
      return try finishLookaside(block, kind, type, tag)
    }
    let owner = ownerForAllocation(kind)
    if let block = try takeFromLists(owner, type, units: units) {
      countAllocation(owner, bytes: bytes(units))
      return try finishRecycled(block, type, units: units, tag)
    }
    return try allocateFresh(owner, type, units: units, tag)
  }

  /// Gives a block a name that lies at the start of a fresh page.
  @inline(never)
  private func allocateFresh(
    _ owner: OwnerPointer, _ type: PoolType, units: UInt64, _ tag: PoolTag
  ) throws(Halt) -> Address? {
    guard let block = try openPage(owner, type, units: units) else {
      return try fail(type, bytes: pageBytes)
    }
    add(owner, pool.pointee.profile.descriptor.runningAllocations, 1)
    try track(tag, bytes: bytes(units), type)
    try setTag(block, tag)
    return body(block)
  }

  /// The descriptor for a new small block: paged requests take turns.
  @inline(__always) private func ownerForAllocation(_ kind: PoolKind) -> OwnerPointer {
    kind == .nonPaged ? owner(0) : owner(pool.pointee.descriptorForAllocation(kind))
  }

  // MARK: List heads

  /// Takes a block of `units` from the first list that has one; nil when none has. The block has
  /// its type but not yet its tag.
  #if compiler(>=6.3)
    @inline(always)
  #endif
  private func takeFromLists(
    _ owner: OwnerPointer, _ type: PoolType, units: UInt64
  ) throws(Halt) -> Block? {
    guard let list = firstUsedList(owner, from: units &+ firstListOffset) else { return nil }
    let free = try removeFirst(head(owner, units: list), owner)
    if checks == .wholePage { try checkPage(of: free) }
    let block = try split(free, owner, units: units)
    try setType(block, storedType(type), owner)
    if checks == .wholePage { try checkPage(of: block) }
    return block
  }

  /// How many lists above the exactly fitting one the search starts.
  @inline(__always) private var firstListOffset: UInt64 {
    let startsAbove = pool.pointee.profile.firstList == .aboveExactFit
    if has(.firstListTooHigh) { return startsAbove ? 2 : 1 }
    if has(.firstListTooLow) { return 0 }
    return startsAbove ? 1 : 0
  }

  // MARK: What every small allocation ends with

  /// What a block from a lookaside list ends with: it is booked with the size in its own header.
  @inline(__always)
  private func finishLookaside(
    _ block: Block, _ kind: PoolKind, _ type: PoolType, _ tag: PoolTag
  ) throws(Halt) -> Address {
    let word = try word(block)
    let units = size(in: word)
    if has(.lookasideHitsCounted) {
      countAllocation(owner(pool.pointee.descriptor(of: kind)), bytes: bytes(units))
    }
    try setType(block, storedType(type))
    return try finishRecycled(block, type, units: units, tag)
  }

  /// Books the block, names it and clears the two pointers in which its links were.
  @inline(__always)
  private func finishRecycled(
    _ block: Block, _ type: PoolType, units: UInt64, _ tag: PoolTag
  ) throws(Halt) -> Address {
    try track(tag, bytes: bytes(units), type)
    if !has(.tagNotWritten) { try setTag(block, tag) }
    if !has(.bodyNotZeroed) {
      try setPointer(inBodyOf: block, 0, 0)
      try setPointer(inBodyOf: block, wordBytes, 0)
    }
    return body(block)
  }

  // MARK: Failure

  /// What a request that cannot be met comes to (ReactOS `ExAllocatePoolWithTag`; Microsoft,
  /// bug check 0x41).
  @inline(never)
  func fail(_ type: PoolType, bytes: UInt64) throws(Halt) -> Address? {
    if type.contains(.mustSucceed), pool.pointee.profile.mustSucceed != .refused {
      let offsets = pool.pointee.profile.descriptor
      let third = has(.mustSucceedParameter) ? offsets.totalPages : offsets.totalBigPages
      throw bugCheck(
        BugCheck.mustSucceedPoolEmpty, bytes, UInt64(counter(owner(0), offsets.totalPages)),
        UInt64(counter(owner(0), third)),
        pool.pointee.profile.mustSucceed == .bugCheckOnFailure
          ? 0 : pool.pointee.variables.pointee.availablePages)
    }
    if !has(.failureNotCounted) { pool.pointee.variables.pointee.failures &+= 1 }
    return nil
  }
}

// MARK: Every other request

extension GeneralBlocks {
  /// Serves a request for paged or large memory, or one with flags; nil when it fails.
  @inline(never)
  func allocateOther(_ type: PoolType, bytes: UInt64, tag: PoolTag) throws(Halt) -> Address? {
    type.contains(.quota)
      ? try allocateWithQuota(type, bytes: bytes, tag: tag)
      : try allocateWithTag(type, bytes: bytes, tag: tag)
  }

  /// The steps of `ExAllocatePoolWithTag`; nil when the request fails.
  @inline(never)
  func allocateWithTag(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    try checkEntry(type, bytes: bytes, tag: tag)
    let kind = pool.pointee.kind(for: type)
    let request = cacheAlignedRequest(type, bytes: bytes)
    var limit = pool.pointee.geometry.largestSmallRequest
    if has(.thresholdOneLess) { limit &-= 1 }
    if has(.thresholdOneMore) { limit &+= 1 }
    if request > limit {
      guard let address = try allocateLarge(type, kind, bytes: bytes, tag: tag) else {
        return try fail(type, bytes: bytes)
      }
      return address
    }
    var units = units(forRequest: request)
    if has(.oneUnitTooMany), units < unitsPerPage &- 1 { units &+= 1 }
    guard let body = try allocateSmall(kind, type, units: units, tag) else { return nil }
    return request == bytes ? body : try writeSecondHeader(body, type)
  }

  /// Stops the kernel on requests that the version refuses (Microsoft, bug check 0xC2).
  private func checkEntry(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) {
    let level = pool.pointee.variables.pointee.interruptLevel
    if level > (type.isPaged ? 1 : 2) {
      throw bugCheck(BugCheck.badPoolCaller, 8, UInt64(level), UInt64(type.rawValue), bytes)
    }
    if type.contains(.mustSucceed), pool.pointee.profile.mustSucceed == .refused {
      throw bugCheck(
        BugCheck.badPoolCaller, 0x9A, UInt64(type.rawValue), bytes, UInt64(tag.word))
    }
    if pool.pointee.profile.entryChecks == .all {
      try checkArguments(type, bytes: bytes, tag: tag)
    }
  }

  private func checkArguments(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) {
    let typeWord = UInt64(type.rawValue)
    if bytes == 0 {
      throw bugCheck(BugCheck.badPoolCaller, 0, 0, typeWord, UInt64(tag.word))
    }
    if tag.word == 0 { throw bugCheck(BugCheck.badPoolCaller, 0x9B, typeWord, bytes) }
    if tag.unprotected == .big {
      throw bugCheck(BugCheck.badPoolCaller, 0x9C, typeWord, bytes)
    }
    let (first, second, third, fourth) = tag.unprotected.bytes
    let isNamed = [first, second, third, fourth].contains { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte)
    }
    if !isNamed { throw bugCheck(BugCheck.badPoolCaller, 0x9D, UInt64(tag.word), typeWord) }
  }
}
