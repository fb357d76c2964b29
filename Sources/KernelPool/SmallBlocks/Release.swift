// The free of small blocks (ReactOS ExFreePoolWithTag; Mandt 2011 for Windows 7): checks, tag and
// quota, then a lookaside list, the deferred list, or coalescing.

extension KernelPool {
  /// Frees an address as `ExFreePoolWithTag` does, or `ExFreePool` without a tag.
  ///
  /// Any address is allowed; a bad one ends as it would in the kernel.
  public mutating func free(_ address: Address, tag: PoolTag? = nil) -> FreeOutcome {
    if let halted { return .halted(halted) }
    let address = truncated(address)
    // A tag of zero means no tag, as in the kernel.
    let word = tag?.word ?? 0
    do {
      if geometry.isPageAligned(address) {
        try freeLarge(address, tag: word == 0 ? nil : tag)
      } else if try !freePlain(address, tag: word) {
        try freeSmall(address, tag: word == 0 ? nil : tag)
      }
      return .freed
    } catch {
      return .halted(stop())
    }
  }

  private mutating func freeSmall(_ address: Address, tag tagToFree: PoolTag?) throws(Halt) {
    let header = try headerOfFreed(address)
    let word = try freedHeaderWord(header)
    try checkInUse(header, word)
    let stored = profile.header.poolType.get(word)
    let units = UInt64(profile.header.blockSize.get(word))
    let type = geometry.storedPoolType.type(stored: stored)
    let owner = try owner(of: header, word, type)
    let kind = descriptors[owner].kind
    try checkLevel(forFreeing: address, kind)
    try checkSuccessor(of: header, word)
    let tag = PoolTag(word: try memory.load32(header &+ HeaderLayout.tagOffset))
    try checkTag(tagToFree, against: tag, at: address)
    try untrack(tag.unprotected, bytes: units &<< geometry.unitShift, type: type)
    if type.contains(.quota) { try returnQuota(header, type, units: units, tag) }
    if hasLookaside(kind, units: units), try pushLookaside(header, kind, units: units) { return }
    if profile.deferredFrees { return try deferFree(header, owner) }
    if let page = try release(header, owner, units: units) { try releasePage(page, owner) }
  }

  /// The real free: counters and coalescing. Returns the page when nothing else is left on it.
  mutating func release(
    _ header: Address, _ owner: Int, units: UInt64
  ) throws(Halt) -> Address? {
    if owner == 0, case .released(let page) = try releasePlain(header, units: units) {
      return page
    }
    try countFree(owner, bytes: units &<< geometry.unitShift)
    if profile.checks == .wholePage { try checkPage(of: header) }
    return try coalesce(header, owner, units: units)
  }

  /// The header's first word. The kernel reads the type's byte first; where nothing is mapped that
  /// is the address it faults on.
  @inline(__always)
  private mutating func freedHeaderWord(_ header: Address) throws(Halt) -> UInt32 {
    do {
      return try headerWord(header)
    } catch {
      throw memory.fault(at: header &+ UInt64(profile.header.poolType.shift / 8))
    }
  }

  // MARK: Checks before anything is changed

  /// The header of the block whose body starts at `address`.
  ///
  /// Behind a second header, written for cache alignment, lies the way to the first.
  private mutating func headerOfFreed(_ address: Address) throws(Halt) -> Address {
    let header = truncated(address &- geometry.headerBytes)
    guard profile.doubleFreeCheck != .none else { return try firstHeader(behind: header) }
    if poolKind(at: address) == nil {
      if address < profile.systemBase {
        throw bugCheck(BugCheck.badPoolCaller, 0x40, address, profile.systemBase)
      }
      throw bugCheck(BugCheck.badPoolCaller, 0x43, address)
    }
    // Windows refuses an address that no block can have.
    if header & (profile.unitBytes &- 1) != 0 {
      throw bugCheck(BugCheck.badPoolCaller, 0x46, address)
    }
    return try firstHeader(behind: header)
  }

  /// The descriptor that a header names: by base type, and by index where the version keeps one.
  private mutating func owner(
    of header: Address, _ word: UInt32, _ type: PoolType
  ) throws(Halt) -> Int {
    let kind = kind(for: type)
    guard profile.poolIndexRule != .stale else { return descriptor(of: kind) }
    let index = Int(profile.header.poolIndex.get(word))
    if kind == .nonPaged {
      guard index != 0 else { return 0 }
      if index == 1, profile.hasNoExecutePool { return descriptor(of: .nonPagedNoExecute) }
    } else if kind == .session {
      return descriptor(of: .session)
    } else if index < Int(profile.pagedDescriptors) {
      return firstPagedDescriptor + index
    }
    if profile.poolIndexRule == .descriptorChecked {
      let next = block(header, plus: UInt64(profile.header.blockSize.get(word)))
      throw bugCheck(BugCheck.badPoolHeader, 0x20, header, next, UInt64(word))
    }
    // The table of descriptors holds a null pointer there: the kernel writes through it.
    throw memory.fault(at: profile.descriptor.runningFrees)
  }

  /// Stops the kernel when memory of this pool must not be freed at the current level.
  mutating func checkLevel(forFreeing address: Address, _ kind: PoolKind) throws(Halt) {
    let level = variables.pointee.interruptLevel
    if level > (kind.isPaged ? 1 : 2) {
      throw bugCheck(
        BugCheck.badPoolCaller, 9, UInt64(level), kind.isPaged ? 1 : 0, address)
    }
  }

  /// Stops the kernel when the block is free already, before its type, which says nothing then, is
  /// taken for a pool.
  @inline(__always)
  private mutating func checkInUse(_ header: Address, _ word: UInt32) throws(Halt) {
    guard profile.doubleFreeCheck == .freeHeader else { return }
    if profile.header.poolType.get(word) == 0 {
      throw bugCheck(
        BugCheck.badPoolCaller, 7, 0, UInt64(word), header &+ geometry.headerBytes)
    }
    if profile.header.blockSize.get(word) == 0 {
      throw bugCheck(BugCheck.badPoolCaller, 1, header, UInt64(word))
    }
  }

  /// Stops the kernel unless the next header knows the block's size (Windows 7; Mandt 2011).
  @inline(__always)
  private mutating func checkSuccessor(of header: Address, _ word: UInt32) throws(Halt) {
    guard profile.checks == .neighbour else { return }
    let units = UInt64(profile.header.blockSize.get(word))
    let next = block(header, plus: units)
    if geometry.isPageAligned(next) { return }
    guard try previousSize(next) == units else {
      throw bugCheck(BugCheck.badPoolHeader, 0x20, header, next, UInt64(word))
    }
  }

  /// Stops the kernel when the caller's tag must match and does not.
  mutating func checkTag(
    _ given: PoolTag?, against stored: PoolTag, at address: Address
  ) throws(Halt) {
    guard let given else { return }
    switch profile.tagCheck {
    case .never: return
    case .protectedOnly:
      guard stored.isProtected, given.unprotected != stored.unprotected else { return }
    case .always:
      guard given != stored.unprotected else { return }
    }
    throw bugCheck(
      BugCheck.badPoolCaller, 0xA, address, UInt64(stored.unprotected.word), UInt64(given.word))
  }
}
