// Charging blocks to a process (ReactOS ExAllocatePoolWithQuotaTag). The process is one object in
// the kernel's data; its first byte is the dispatcher type that the free looks at.

extension KernelPool {
  /// The dispatcher type of a process.
  static let processObjectType: UInt8 = 3
}

extension Profile {
  /// The lowest address that a hidden pointer to a process can have (SSTIC 2020, for x64).
  var lowestHiddenProcess: Address { wordBytes == 8 ? 0xFFFF_8000_0000_0000 : systemBase }
}

extension GeneralBlocks {
  private var rule: QuotaPointer { pool.pointee.profile.quotaPointer }

  /// Allocates with a charge, where the request is small enough to be charged.
  func allocateWithQuota(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    var type = type.subtracting(.raiseOnFailure)
    var request = bytes
    let limit = pageBytes &- pool.pointee.profile.unitBytes &- wordBytes
    if bytes <= limit {
      if processOffset == nil { request = bytes &+ wordBytes }
    } else {
      type.remove(.quota)
    }
    guard let address = try allocateWithTag(type, bytes: request, tag: tag) else { return nil }
    guard !isPageAligned(address) else {
      if pool.pointee.profile.largeQuota == .charged {
        try chargeLarge(address, type, bytes: request)
      }
      return address
    }
    guard type.contains(.quota) else { return address }
    let block = try firstHeader(behind: block(address &- headerBytes))
    let units = try size(block)
    charge(type, Int64(truncatingIfNeeded: self.bytes(units)))
    if has(.quotaProcessNotWritten) { return address }
    try pool.pointee.memory.storePointer(
      quotaSlot(block, units: units),
      hidden(pool.pointee.variables.pointee.process, block))
    return address
  }

  /// Where a block of `units` keeps its process.
  private func quotaSlot(_ block: Block, units: UInt64) -> Address {
    if let processOffset { return block.address &+ processOffset }
    return self.block(block, plus: units).address &- wordBytes
  }

  /// Offset of the process in the header, nil where it stands in the block's last pointer.
  private var processOffset: UInt64? {
    rule.isInBlock
      ? nil : pool.pointee.profile.header.processBilledOffset.map(UInt64.init)
  }

  /// A process pointer as the version stores it; the same operation finds it again.
  private func hidden(_ process: Address, _ block: Block) -> Address {
    rule.isHidden
      ? truncated(process ^ pool.pointee.variables.pointee.quotaCookie ^ block.address) : process
  }

  /// Gives a freed block's charge back; a pointer that is no process stops the kernel.
  @inline(never)
  func returnQuota(
    _ block: Block, _ type: PoolType, units: UInt64, _ tag: PoolTag
  ) throws(Halt) {
    let stored = try pool.pointee.memory.loadPointer(quotaSlot(block, units: units))
    if stored == 0 { return }
    let process = hidden(stored, block)
    let isEncoded = rule.isHidden
    guard !isEncoded || process >= pool.pointee.profile.lowestHiddenProcess,
      try pool.pointee.memory.load8(process) & (isEncoded ? 0x7F : 0xFF)
        == KernelPool.processObjectType
    else {
      throw bugCheck(
        BugCheck.badPoolCaller, 0xD, body(block), UInt64(tag.unprotected.word), process)
    }
    if has(.quotaNotReturned) { return }
    charge(type, -Int64(truncatingIfNeeded: bytes(units)))
  }

  /// Charges whole pages, if the big-page table knows them, and names the process there.
  private func chargeLarge(
    _ address: Address, _ type: PoolType, bytes: UInt64
  ) throws(Halt) {
    guard let entry = try pool.pointee.findBigEntry(address) else { return }
    try pool.pointee.setQuotaObject(
      ofEntryAt: entry, pool.pointee.variables.pointee.process)
    charge(type, Int64(truncatingIfNeeded: pool.pointee.pageRounded(bytes)))
  }

  /// Gives back what a large allocation of `bytes` was charged.
  func returnLargeQuota(_ type: PoolType, bytes: UInt64) {
    charge(type, -Int64(truncatingIfNeeded: bytes))
  }

  private func charge(_ type: PoolType, _ bytes: Int64) {
    let difference = UInt64(bitPattern: bytes)
    if type.isPaged {
      pool.pointee.variables.pointee.chargedBytes.paged &+= difference
    } else {
      pool.pointee.variables.pointee.chargedBytes.nonPaged &+= difference
    }
  }
}
