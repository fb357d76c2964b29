// Charging blocks to a process (ReactOS ExAllocatePoolWithQuotaTag). The process is one object in
// the kernel's data; its first byte is the dispatcher type that the free looks at.

extension KernelPool {
  /// The dispatcher type of a process.
  static let processObjectType: UInt8 = 3
  /// The lowest address that a hidden pointer to a process can have (SSTIC 2020).
  static let lowestEncodedProcess: Address = 0xFFFF_8000_0000_0000

  /// Allocates with a charge, where the request is small enough to be charged.
  mutating func allocateWithQuota(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    var type = type.subtracting(.raiseOnFailure)
    var request = bytes
    let limit = geometry.pageBytes &- profile.unitBytes &- geometry.wordBytes
    if bytes <= limit {
      if processOffset == nil { request = bytes &+ geometry.wordBytes }
    } else {
      type.remove(.quota)
    }
    guard let address = try allocateWithTag(type, bytes: request, tag: tag) else { return nil }
    guard !geometry.isPageAligned(address) else {
      if profile.largeQuota == .charged { try chargeLarge(address, type, bytes: bytes) }
      return address
    }
    guard type.contains(.quota) else { return address }
    let header = try firstHeader(behind: address &- geometry.headerBytes)
    let units = try blockSize(header)
    charge(type, Int64(truncatingIfNeeded: units &<< geometry.unitShift))
    if mutant == .quotaProcessNotWritten { return address }
    try memory.storePointer(
      quotaSlot(header, units: units), hidden(variables.pointee.process, header))
    return address
  }

  /// Where a block of `units` keeps its process.
  private func quotaSlot(_ header: Address, units: UInt64) -> Address {
    if let processOffset { return header &+ processOffset }
    return block(header, plus: units) &- geometry.wordBytes
  }

  /// Offset of the process in the header, nil where it stands in the block's last pointer.
  private var processOffset: UInt64? {
    profile.quotaPointer == .lastSlot ? nil : profile.header.processBilledOffset.map(UInt64.init)
  }

  /// A process pointer as the version stores it; the same operation finds it again.
  private func hidden(_ process: Address, _ header: Address) -> Address {
    profile.quotaPointer == .processBilledEncoded
      ? process ^ variables.pointee.quotaCookie ^ header : process
  }

  /// Gives a freed block's charge back; a pointer that is no process stops the kernel.
  mutating func returnQuota(
    _ header: Address, _ type: PoolType, units: UInt64, _ tag: PoolTag
  ) throws(Halt) {
    let stored = try memory.loadPointer(quotaSlot(header, units: units))
    if stored == 0 { return }
    let process = hidden(stored, header)
    let isEncoded = profile.quotaPointer == .processBilledEncoded
    guard !isEncoded || process >= Self.lowestEncodedProcess,
      try memory.load8(process) & (isEncoded ? 0x7F : 0xFF) == Self.processObjectType
    else {
      throw bugCheck(
        BugCheck.badPoolCaller, 0xD, header &+ geometry.headerBytes,
        UInt64(tag.unprotected.word), process)
    }
    if mutant == .quotaNotReturned { return }
    charge(type, -Int64(truncatingIfNeeded: units &<< geometry.unitShift))
  }

  /// Charges whole pages, if the big-page table knows them, and names the process there.
  private mutating func chargeLarge(
    _ address: Address, _ type: PoolType, bytes: UInt64
  ) throws(Halt) {
    guard let entry = try findBigEntry(address) else { return }
    try setQuotaObject(ofEntryAt: entry, variables.pointee.process)
    charge(type, Int64(truncatingIfNeeded: pageRounded(bytes)))
  }

  /// Gives back what a large allocation of `bytes` was charged.
  func returnLargeQuota(_ type: PoolType, bytes: UInt64) {
    charge(type, -Int64(truncatingIfNeeded: bytes))
  }

  private func charge(_ type: PoolType, _ bytes: Int64) {
    let difference = UInt64(bitPattern: bytes)
    if type.isPaged {
      variables.pointee.chargedBytes.paged &+= difference
    } else {
      variables.pointee.chargedBytes.nonPaged &+= difference
    }
  }
}
