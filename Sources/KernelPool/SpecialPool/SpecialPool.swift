// Special pool: a request gets a page of its own with a guard page behind it, so that the processor
// finds an overrun and an access after the free (Microsoft, "Special Pool"; bug checks 0xC1, 0xD5 and
// 0xD6). It serves small requests only, and what it cannot serve the ordinary pool does.
//
// Published: the page and the guard page, the pattern in the rest of the page, the end at which the
// block lies, the silent fall back, and the types of 0xC1 with their parameters. The pattern's byte,
// where the size is kept, and that pages are taken in turn so that a freed one stays out of use for
// long, are choices made here.

/// Which requests special pool serves.
public enum SpecialPoolRequests: Sendable, Equatable {
  /// None: it is off.
  case none
  /// All small ones.
  case all
  /// Small ones of a tag.
  case tag(PoolTag)

  /// Whether requests of a tag are among them.
  public func contains(_ tag: PoolTag) -> Bool {
    switch self {
    case .none: false
    case .all: true
    case .tag(let own): tag.unprotected == own
    }
  }
}

/// The end of its page at which a block of special pool lies.
public enum SpecialPoolEdge: String, Sendable, CaseIterable {
  /// The last bytes, so that an overrun meets the guard page (the default; "Verify End").
  case tail
  /// The first bytes, so that an underrun meets the guard page of the block before ("Verify Start").
  case head

  /// The other end.
  var opposite: SpecialPoolEdge { self == .tail ? .head : .tail }
}

extension PoolConfiguration {
  /// What the bytes of a page of special pool hold that are not the caller's.
  public static let specialPoolPattern: UInt8 = 0xB5

  /// Where special pool lies: a page and a guard page for each block, before contiguous memory.
  public var specialPoolBase: Address {
    profile.contiguousBase &- 2 &* specialPoolPages &* profile.pageBytes
  }

  /// Bytes that special pool would reserve for a request, or nil where the ordinary pool serves it.
  /// A charged request has room for its process where that is kept in the block; it is not charged.
  public func specialPoolBytes(_ type: PoolType, bytes: UInt64, tag: PoolTag) -> UInt64? {
    guard specialPool.contains(tag), !type.contains(.mustSucceed) else { return nil }
    let request = max(bytes, 1)
    let most = profile.pageBytes - profile.unitBytes - profile.wordBytes
    let isLonger = type.contains(.quota) && profile.quotaPointer.isInBlock && bytes <= most
    let whole = isLonger ? request + profile.wordBytes : request
    return whole <= profile.largestSmallRequest ? whole : nil
  }
}

extension Profile {
  /// Blocks for which a machine of this width is taken to have addresses: 128 MiB on x86, 2 GiB on x64.
  /// What a real one has is **unverified**; it depends on the page-table entries that are left.
  public var specialPoolLimit: UInt64 { wordBytes == 4 ? 0x4000 : 0x4_0000 }
}

extension BugCheck {
  /// SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION; its last parameter is the type.
  public static let specialPoolCorruption: UInt32 = 0xC1
  /// DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL.
  public static let faultInFreedSpecialPool: UInt32 = 0xD5
  /// DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION.
  public static let faultBeyondAllocation: UInt32 = 0xD6
}

/// A page of special pool: where its parts lie, by the end that the block is at.
private struct SpecialPage {
  let edge: SpecialPoolEdge
  let pageBytes: UInt64
  let alignment: UInt64

  /// Bytes of the record of size, type and tag at the end that the block is not at.
  static let recordBytes: UInt64 = 8

  /// Offset of the record.
  var record: UInt64 { edge == .tail ? 0 : pageBytes &- Self.recordBytes }

  /// Offset of a block of so many bytes, 1 to a page.
  func body(_ bytes: UInt64) -> UInt64 {
    edge == .head ? 0 : pageBytes &- ((bytes &+ alignment &- 1) & ~(alignment &- 1))
  }
}

extension PoolState {
  private var specialPage: SpecialPage {
    mutating get {
      let edge = configuration.specialPoolEdge
      return SpecialPage(
        edge: mutant == .specialPoolWrongEnd ? edge.opposite : edge,
        pageBytes: geometry.pageBytes, alignment: 2 &* geometry.wordBytes)
    }
  }

  /// The number of a page of special pool, or nil where the address is none of it.
  private mutating func specialPage(at address: Address) -> Int? {
    guard let arena = specialArena else { return nil }
    let page = (address &- arena.base) &>> geometry.pageShift
    return address >= arena.base && page < arena.pages ? Int(page) : nil
  }

  /// Whether an address lies in special pool or its guard pages.
  mutating func isInSpecialPool(_ address: Address) -> Bool { specialPage(at: address) != nil }

  /// A block of special pool for a request; nil where the ordinary pool serves it, because it is not
  /// meant or because no page is left.
  mutating func allocateSpecial(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    guard let arena = specialArena,
      let request = configuration.specialPoolBytes(type, bytes: bytes, tag: tag)
    else { return nil }
    let level = variables.pointee.interruptLevel
    guard level <= (type.isPaged ? 1 : 2) || mutant == .specialPoolLevelUnchecked else {
      throw bugCheck(
        BugCheck.specialPoolCorruption, UInt64(level), UInt64(type.rawValue), bytes, 0x30)
    }
    let blocks = arena.pages / 2
    guard variables.pointee.specialPagesInUse < blocks else { return nil }
    var block = mutant == .specialPoolLowestFirst ? 0 : variables.pointee.specialTurn
    while arena.marks[Int(block &* 2)] & PageMarks.mapped.rawValue != 0 {
      block = (block &+ 1) % blocks
    }
    variables.pointee.specialTurn = (block &+ 1) % blocks
    variables.pointee.specialPagesInUse &+= 1
    arena.marks[Int(block &* 2)] |= PageMarks.mapped.rawValue
    if mutant == .specialPoolGuardMapped {
      arena.marks[Int(block &* 2 &+ 1)] |= PageMarks.mapped.rawValue
    }
    let page = arena.base &+ (block &* 2) &<< geometry.pageShift
    let host = try memory.locateForStore(page, geometry.pageBytes)
    host.initializeMemory(
      as: UInt8.self, repeating: PoolConfiguration.specialPoolPattern,
      count: Int(geometry.pageBytes))
    let paged: UInt32 = type.isPaged ? 1 << 31 : 0
    let record = page &+ specialPage.record
    try memory.store32(record, UInt32(truncatingIfNeeded: request) | paged)
    try memory.store32(record &+ 4, tag.word)
    return page &+ specialPage.body(request)
  }

  /// Frees a block of special pool and takes its page away, or stops the kernel with 0xC1.
  mutating func freeSpecial(_ address: Address) throws(Halt) {
    let code = BugCheck.specialPoolCorruption
    guard let arena = specialArena, let number = specialPage(at: address), number % 2 == 0,
      arena.marks[number] & PageMarks.mapped.rawValue != 0
    else { throw bugCheck(code, address, 0, 0, 0x20) }
    let page = arena.base &+ UInt64(number) &<< geometry.pageShift
    let word = try memory.load32(page &+ specialPage.record)
    let level = variables.pointee.interruptLevel
    guard level <= (word >> 31 == 1 ? 1 : 2) else {
      throw bugCheck(code, UInt64(level), UInt64(word >> 31), address, 0x31)
    }
    let bytes = UInt64(word & 0x7FFF_FFFF)
    let isPossible = bytes >= 1 && bytes <= geometry.pageBytes &- SpecialPage.recordBytes
    let body = isPossible ? specialPage.body(bytes) : geometry.pageBytes
    guard address &- page == body else {
      throw bugCheck(code, address, bytes, page &+ geometry.pageBytes &- address, 0x21)
    }
    if mutant != .specialPoolPatternUnchecked {
      try checkPattern(page, body: body..<body &+ bytes, freed: address)
    }
    arena.marks[number] &= ~PageMarks.mapped.rawValue
    if mutant != .specialPoolCountNotLowered { variables.pointee.specialPagesInUse &-= 1 }
  }

  /// Stops the kernel where a byte beside the block is another than it was.
  private mutating func checkPattern(
    _ page: Address, body: Range<UInt64>, freed address: Address
  ) throws(Halt) {
    let record = specialPage.record..<specialPage.record &+ SpecialPage.recordBytes
    let host = try memory.locate(page, geometry.pageBytes)
    let words = UInt64(PoolConfiguration.specialPoolPattern) &* 0x0101_0101_0101_0101
    var offset: UInt64 = 0
    while offset < geometry.pageBytes {
      if body.contains(offset) {
        offset = body.upperBound
        continue
      }
      if record.contains(offset) {
        offset = record.upperBound
        continue
      }
      // Eight bytes at once; those that lie in the block or the record already do no harm.
      if offset & 7 == 0,
        host.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self) == words
      {
        offset &+= 8
        continue
      }
      let byte = host.load(fromByteOffset: Int(offset), as: UInt8.self)
      let difference = byte ^ PoolConfiguration.specialPoolPattern
      if difference == 0 {
        offset &+= 1
        continue
      }
      let type: UInt64 =
        difference.nonzeroBitCount == 1 ? 0x32 : offset < body.lowerBound ? 0x23 : 0x24
      throw bugCheck(BugCheck.specialPoolCorruption, address, page &+ offset, 0, type)
    }
  }

  /// What a driver's store to an address that is not mapped comes to: in special pool its bug checks.
  mutating func faultOfStore(at address: Address) -> Halt {
    guard let arena = specialArena, let number = specialPage(at: address) else {
      return memory.fault(at: address)
    }
    let marks = PageMarks(rawValue: arena.marks[number & ~1])
    if number % 2 == 1, marks.contains(.mapped) {
      return bugCheck(BugCheck.faultBeyondAllocation, address, 1)
    }
    return marks.contains(.touched)
      ? bugCheck(BugCheck.faultInFreedSpecialPool, address, 1) : memory.fault(at: address)
  }
}

extension KernelPool {
  /// What special pool makes of a request; nil where the ordinary pool serves it.
  func allocateSpecial(_ type: PoolType, bytes: UInt64, tag: PoolTag) -> AllocationOutcome? {
    guard state.pointee.specialArena != nil, halted == nil else { return nil }
    do throws(Halt) {
      return try state.pointee.allocateSpecial(type, bytes: bytes, tag: tag).map { .address($0) }
    } catch {
      return .halted(state.pointee.stop())
    }
  }

  /// What special pool makes of a free; nil where the address is not its.
  func freeSpecial(_ address: Address) -> FreeOutcome? {
    guard halted == nil, state.pointee.isInSpecialPool(address) else { return nil }
    do throws(Halt) {
      try state.pointee.freeSpecial(address)
      return .freed
    } catch {
      return .halted(state.pointee.stop())
    }
  }
}
