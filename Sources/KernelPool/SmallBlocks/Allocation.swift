// Allocation of small blocks (ReactOS ExAllocatePoolWithTag; Mandt 2011 for Windows 7): lookaside
// lists, then the list heads from the version's first list up, then a fresh page.

extension KernelPool {
  /// Allocates memory as `ExAllocatePoolWithTag` does, or `ExAllocatePoolWithQuotaTag` where the
  /// type asks for quota.
  ///
  /// Sizes are in bytes; every size is allowed. Zero bytes get the smallest block.
  public mutating func allocate(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) -> AllocationOutcome {
    if let halted { return .halted(halted) }
    do {
      let address: Address?
      if type.rawValue == 0, bytes < plain.requestEnd, variables.pointee.interruptLevel <= 2 {
        address = try allocatePlain(bytes: bytes, tag: tag)
      } else if type.contains(.quota) {
        address = try allocateWithQuota(type, bytes: bytes, tag: tag)
      } else {
        address = try allocateWithTag(type, bytes: bytes, tag: tag)
      }
      if let address { return .address(address) }
      mechanisms.insert(.failed)
      return type.contains(.raiseOnFailure) ? .raised(Self.insufficientResources) : .null
    } catch {
      return .halted(stop())
    }
  }

  /// The steps of `ExAllocatePoolWithTag`; nil when the request fails.
  mutating func allocateWithTag(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    try checkEntry(type, bytes: bytes, tag: tag)
    let kind = kind(for: type)
    let request = cacheAlignedRequest(type, bytes: bytes)
    let limit =
      geometry.largestSmallRequest &- (mutant == .thresholdOneLess ? 1 : 0)
      &+ (mutant == .thresholdOneMore ? 1 : 0)
    if request > limit {
      guard let address = try allocateLarge(type, kind, bytes: bytes, tag: tag) else {
        return try fail(type, bytes: bytes)
      }
      return address
    }
    var units = geometry.units(forRequest: request)
    if mutant == .oneUnitTooMany, units < geometry.unitsPerPage &- 1 { units &+= 1 }
    let classes = mutant == .lookasideClassTooMany ? max(units, 2) &- 1 : units
    if hasLookaside(kind, units: classes), let header = try popLookaside(kind, units: classes) {
      let body = try finishLookaside(header, type, tag)
      return try align(body, type, isGrown: request != bytes)
    }
    let owner = descriptorForAllocation(kind)
    if let header = try takeFromLists(owner, type, units: units) {
      try countAllocation(owner, bytes: units &<< geometry.unitShift)
      let body = try finishRecycled(header, type, units: units, tag)
      return try align(body, type, isGrown: request != bytes)
    }
    guard let page = try openPage(owner, kind, type, units: units) else {
      return try fail(type, bytes: geometry.pageBytes)
    }
    try memory.add32(descriptors[owner].address &+ profile.descriptor.runningAllocations, 1)
    try track(tag, bytes: units &<< geometry.unitShift, type: type)
    try memory.store32(page &+ HeaderLayout.tagOffset, tag.word)
    return try align(page &+ geometry.headerBytes, type, isGrown: request != bytes)
  }

  // MARK: List heads

  /// Takes a block of `units` from the first list that has one; nil when none has. The block has
  /// its type but not yet its tag.
  mutating func takeFromLists(
    _ owner: Int, _ type: PoolType, units: UInt64
  ) throws(Halt) -> Address? {
    guard let head = try firstUsedList(owner, units: units) else { return nil }
    let header = try removeFirst(head)
    if profile.checks == .wholePage { try checkPage(of: header) }
    let block = try split(header, owner, units: units)
    return try own(block, owner, type)
  }

  /// Gives a block that was cut off a free one its type and its descriptor.
  mutating func own(_ block: Address, _ owner: Int, _ type: PoolType) throws(Halt) -> Address {
    try setStoredType(block, storedType(type))
    try setPoolIndex(block, owner)
    if profile.checks == .wholePage { try checkPage(of: block) }
    return block
  }

  /// The first head, from the version's first list up, that does not point at itself; nil when all
  /// do. Most lists are empty, so the heads are looked at through one host address.
  private mutating func firstUsedList(_ owner: Int, units: UInt64) throws(Halt) -> Address? {
    let headBytes = geometry.wordBytes &* 2
    var head = listHead(owner, units: units) &+ firstListOffset &* headBytes
    let end = listHead(owner, units: geometry.unitsPerPage &+ 1)
    guard head < end else { return nil }
    let heads = UnsafeRawPointer(try memory.locate(head, end &- head))
    var offset = 0
    let mask = ~memory.linkBit
    while head < end {
      let link =
        geometry.isWide
        ? heads.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        : UInt64(heads.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      if link & mask != head { return head }
      head &+= headBytes
      offset &+= Int(headBytes)
    }
    return nil
  }

  /// How many lists above the exactly fitting one the search starts.
  private var firstListOffset: UInt64 {
    switch mutant {
    case .firstListTooHigh: profile.firstList == .exactFit ? 1 : 2
    case .firstListTooLow where profile.firstList == .aboveExactFit: 0
    default: profile.firstList == .exactFit ? 0 : 1
    }
  }

  // MARK: What every small allocation ends with

  /// What a block from a lookaside list ends with: it is booked with the size in its own header.
  mutating func finishLookaside(
    _ header: Address, _ type: PoolType, _ tag: PoolTag
  ) throws(Halt) -> Address {
    let units = try blockSize(header)
    if mutant == .lookasideHitsCounted {
      try countAllocation(descriptor(of: kind(for: type)), bytes: units &<< geometry.unitShift)
    }
    try setStoredType(header, storedType(type))
    return try finishRecycled(header, type, units: units, tag)
  }

  /// Books the block, names it and clears the two pointers in which its links were.
  mutating func finishRecycled(
    _ header: Address, _ type: PoolType, units: UInt64, _ tag: PoolTag
  ) throws(Halt) -> Address {
    try track(tag, bytes: units &<< geometry.unitShift, type: type)
    if mutant != .tagNotWritten {
      try memory.store32(header &+ HeaderLayout.tagOffset, tag.word)
    }
    let body = header &+ geometry.headerBytes
    if mutant == .bodyNotZeroed { return body }
    try memory.storePointer(body, 0)
    try memory.storePointer(body &+ geometry.wordBytes, 0)
    return body
  }

  // MARK: Failure

  /// What a request that cannot be met comes to (ReactOS `ExAllocatePoolWithTag`; Microsoft,
  /// bug check 0x41).
  mutating func fail(_ type: PoolType, bytes: UInt64) throws(Halt) -> Address? {
    if type.contains(.mustSucceed), profile.mustSucceed != .refused {
      let base = descriptors[0].address
      let layout = profile.descriptor
      let third = mutant == .mustSucceedParameter ? layout.totalPages : layout.totalBigPages
      throw bugCheck(
        BugCheck.mustSucceedPoolEmpty, bytes,
        UInt64(try memory.load32(base &+ layout.totalPages)),
        UInt64(try memory.load32(base &+ third)),
        profile.mustSucceed == .bugCheckOnFailure ? 0 : variables.pointee.availablePages)
    }
    if mutant != .failureNotCounted { variables.pointee.failures &+= 1 }
    return nil
  }

  // MARK: Entry checks

  /// Stops the kernel on requests that the version refuses (Microsoft, bug check 0xC2).
  @inline(__always)
  private mutating func checkEntry(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) {
    let level = variables.pointee.interruptLevel
    if level > (type.isPaged ? 1 : 2) {
      throw bugCheck(BugCheck.badPoolCaller, 8, UInt64(level), UInt64(type.rawValue), bytes)
    }
    if type.contains(.mustSucceed), profile.mustSucceed == .refused {
      throw bugCheck(
        BugCheck.badPoolCaller, 0x9A, UInt64(type.rawValue), bytes, UInt64(tag.word))
    }
    if profile.entryChecks == .all { try checkArguments(type, bytes: bytes, tag: tag) }
  }

  private mutating func checkArguments(
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
