// The free of small blocks (ReactOS ExFreePoolWithTag; Mandt 2011 for Windows 7): checks, tag and
// quota, then a lookaside list, the deferred list, or coalescing.

extension SmallBlocks {
  /// Serves a free. A small block of nonpaged pool with no flag set, which is nearly every block,
  /// meets none of the questions that the others are asked.
  @inline(__always)
  func free(_ address: Address, _ tag: PoolTag) -> KernelPool.FreeOutcome {
    if let halted = pool.pointee.halted { return .halted(halted) }
    let address = truncated(address)
    do throws(Halt) {
      let block = block(address &- headerBytes)
      if !Mode.plantsBugs, let host = block.host,
        block.address & (bytes(1) &- 1) == 0, !isPageAligned(address),
        pool.pointee.variables.pointee.interruptLevel <= 2,
        case let word = host.word32(),
        word & (layout.poolType.mask &<< layout.poolType.shift | ~pool.pointee.maskWithoutIndex)
          == layout.poolType.set(0, pool.pointee.nonPagedType),
        size(in: word) != 0
      {
        try free(block, at: address, word, owner(0), .nonPaged, .nonPaged, tag)
      } else {
        try GeneralBlocks(pool: pool).freeOther(address, tag)
      }
      return .freed
    } catch {
      return .halted(pool.pointee.stop())
    }
  }

  /// The same, compiled apart from its caller.
  @inline(never)
  func freeApart(_ address: Address, _ tag: PoolTag) -> KernelPool.FreeOutcome {
    free(address, tag)
  }

  /// Frees the block of an address whose header has been looked at; `given` is the caller's tag, zero
  /// where there is none.
  @inline(__always)
  func free(
    _ block: Block, at address: Address, _ word: UInt32, _ owner: OwnerPointer,
    _ kind: PoolKind, _ type: PoolType, _ given: PoolTag
  ) throws(Halt) {
    let units = size(in: word)
    if checks == .neighbour { try checkSuccessor(of: block, word) }
    let tag = try tag(block)
    try checkTag(given, against: tag, at: address)
    try untrack(tag.unprotected, bytes: bytes(units), type)
    if type.contains(.quota) {
      try GeneralBlocks(pool: pool).returnQuota(block, type, units: units, tag)
    }
    if hasLookaside(kind, units: units), try pushLookaside(block, kind, units: units) { return }
    if pool.pointee.profile.deferredFrees { return try deferFree(block, owner) }
    if let page = try release(block, owner, units: units) { try releasePage(page, owner) }
  }

  // MARK: Checks before anything is changed

  /// Stops the kernel unless the next header knows the block's size (Windows 7; Mandt 2011).
  @inline(__always)
  private func checkSuccessor(of block: Block, _ word: UInt32) throws(Halt) {
    let units = size(in: word)
    let next = self.block(block, plus: units)
    if isPageAligned(next.address) { return }
    guard try previousSize(next) == units else {
      throw bugCheck(
        BugCheck.badPoolHeader, 0x20, block.address, next.address, UInt64(word))
    }
  }

  /// Stops the kernel when the caller's tag must match and does not.
  @inline(__always)
  func checkTag(
    _ given: PoolTag, against stored: PoolTag, at address: Address
  ) throws(Halt) {
    if given.word == 0 || given == stored.unprotected { return }
    try refuseTag(given, against: stored, at: address)
  }

  @inline(never)
  private func refuseTag(
    _ given: PoolTag, against stored: PoolTag, at address: Address
  ) throws(Halt) {
    switch pool.pointee.profile.tagCheck {
    case .never: return
    case .protectedOnly:
      guard stored.isProtected, given.unprotected != stored.unprotected else { return }
    case .always: break
    }
    throw bugCheck(
      BugCheck.badPoolCaller, 0xA, address, UInt64(stored.unprotected.word), UInt64(given.word))
  }
}

// MARK: Every other free

extension GeneralBlocks {
  /// Frees paged or large memory, a block with flags, or whatever an address is that is none.
  @inline(never)
  func freeOther(_ address: Address, _ tag: PoolTag) throws(Halt) {
    if isPageAligned(address) { return try freeLarge(address, tag) }
    let block = try headerOfFreed(address)
    let word = try freedHeaderWord(block)
    try checkInUse(block, word)
    let type = pool.pointee.geometry.storedPoolType.type(stored: layout.poolType.get(word))
    let owner = try owner(of: block, word, type)
    try checkLevel(forFreeing: address, owner.pointee.kind)
    try free(block, at: address, word, owner, owner.pointee.kind, type, tag)
  }

  /// The header's first word. The kernel reads the type's byte first; where nothing is mapped that
  /// is the address it faults on.
  private func freedHeaderWord(_ block: Block) throws(Halt) -> UInt32 {
    do {
      return try word(block)
    } catch {
      throw pool.pointee.memory.fault(at: block.address &+ UInt64(layout.poolType.shift / 8))
    }
  }

  /// The header of the block whose body starts at `address`.
  ///
  /// Behind a second header, written for cache alignment, lies the way to the first.
  private func headerOfFreed(_ address: Address) throws(Halt) -> Block {
    let header = block(truncated(address &- headerBytes))
    guard pool.pointee.profile.doubleFreeCheck != .none else {
      return try firstHeader(behind: header)
    }
    if pool.pointee.poolKind(at: address) == nil {
      let systemBase = pool.pointee.profile.systemBase
      if address < systemBase {
        throw bugCheck(BugCheck.badPoolCaller, 0x40, address, systemBase)
      }
      throw bugCheck(BugCheck.badPoolCaller, 0x43, address)
    }
    // Windows refuses an address that no block can have.
    if header.address & (pool.pointee.profile.unitBytes &- 1) != 0 {
      throw bugCheck(BugCheck.badPoolCaller, 0x46, address)
    }
    return try firstHeader(behind: header)
  }

  /// The descriptor that a header names: by base type, and by index where the version keeps one.
  private func owner(
    of block: Block, _ word: UInt32, _ type: PoolType
  ) throws(Halt) -> OwnerPointer {
    let kind = pool.pointee.kind(for: type)
    let rule = pool.pointee.profile.poolIndexRule
    guard rule != .stale else { return owner(pool.pointee.descriptor(of: kind)) }
    let index = Int(layout.poolIndex.get(word))
    if kind == .nonPaged {
      guard index != 0 else { return owner(0) }
      if index == 1, pool.pointee.profile.hasNoExecutePool {
        return owner(pool.pointee.descriptor(of: .nonPagedNoExecute))
      }
    } else if kind == .session {
      return owner(pool.pointee.descriptor(of: .session))
    } else if index < Int(pool.pointee.profile.pagedDescriptors) {
      return owner(pool.pointee.firstPagedDescriptor + index)
    }
    if rule == .descriptorChecked {
      let next = self.block(block, plus: size(in: word))
      throw bugCheck(
        BugCheck.badPoolHeader, 0x20, block.address, next.address, UInt64(word))
    }
    // The table of descriptors holds a null pointer there: the kernel writes through it.
    throw pool.pointee.memory.fault(at: pool.pointee.profile.descriptor.runningFrees)
  }

  /// Stops the kernel when memory of this pool must not be freed at the current level.
  func checkLevel(forFreeing address: Address, _ kind: PoolKind) throws(Halt) {
    let level = pool.pointee.variables.pointee.interruptLevel
    if level > (kind.isPaged ? 1 : 2) {
      throw bugCheck(BugCheck.badPoolCaller, 9, UInt64(level), kind.isPaged ? 1 : 0, address)
    }
  }

  /// Stops the kernel when the block is free already, before its type, which says nothing then, is
  /// taken for a pool.
  private func checkInUse(_ block: Block, _ word: UInt32) throws(Halt) {
    guard pool.pointee.profile.doubleFreeCheck == .freeHeader else { return }
    if layout.poolType.get(word) == 0 {
      throw bugCheck(BugCheck.badPoolCaller, 7, 0, UInt64(word), body(block))
    }
    if size(in: word) == 0 {
      throw bugCheck(BugCheck.badPoolCaller, 1, block.address, UInt64(word))
    }
  }
}
