import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolType
import struct KernelPool.PoolView
import struct KernelPool.Profile
import struct PoolWalk.HeaderFields
import struct PoolWalk.TagColumns

/// What follows from a profile alone, worked out here a second time.
///
/// The allocator has formulas of its own for all of these. An audit that used them would agree with
/// every mistake in them, so this type starts again from the published rules.
///
/// It is made of plain words, with the profile behind a pointer: calling a method of a stored value
/// copies it, and copies of whole profiles, names included, were half of the time of cheap checks.
struct PoolFacts {
  private let profilePlace: UnsafePointer<Profile>
  let pageBytes: UInt64
  let pageMask: UInt64
  let pageShift: UInt64
  let unitBytes: UInt64
  let unitShift: UInt64
  let unitsPerPage: UInt64
  let headerBytes: UInt64
  let wordBytes: UInt64
  let header: HeaderLayout
  /// Bit that encoded links have set; 0 where links are plain.
  let linkBit: UInt64
  /// The largest request, in bytes, that small blocks serve.
  let largestSmallRequest: UInt64
  /// Whether a cache-aligned address may lie behind a second header.
  let hasSecondHeaders: Bool
  /// Largest value of a pointer-sized counter.
  let wordMask: UInt64
  private let nonPagedColumns: TagColumns
  private let pagedColumns: TagColumns

  /// The version's facts.
  var profile: Profile {
    @inline(__always) unsafeAddress { profilePlace }
  }

  /// The facts of a profile, which whoever keeps them must keep too.
  init(_ fixed: StableStorage<Profile>) {
    profilePlace = fixed.place
    let profile = fixed.place.pointee
    pageBytes = profile.pageBytes
    pageMask = profile.pageBytes &- 1
    pageShift = UInt64(profile.pageBytes.trailingZeroBitCount)
    unitBytes = profile.unitBytes
    unitShift = UInt64(profile.unitBytes.trailingZeroBitCount)
    unitsPerPage = profile.pageBytes / profile.unitBytes
    headerBytes = UInt64(profile.header.bytes)
    wordBytes = profile.wordBytes
    header = profile.header
    linkBit = profile.linkEncoding == .lowBitSet ? 1 : 0
    largestSmallRequest =
      profile.smallRequestLimit
      ?? profile.pageBytes - (UInt64(profile.header.bytes) + profile.unitBytes)
    hasSecondHeaders = profile.cacheAlignment == .secondHeader
    wordMask = profile.wordBytes == 8 ? .max : 0xFFFF_FFFF
    nonPagedColumns = TagColumns(isPaged: false, wordBytes: profile.wordBytes)
    pagedColumns = TagColumns(isPaged: true, wordBytes: profile.wordBytes)
  }

  /// True where a page starts at `address`.
  @inline(__always) func isPageAligned(_ address: Address) -> Bool { address & pageMask == 0 }

  /// The page that holds `address`.
  @inline(__always) func page(of address: Address) -> Address { address & ~pageMask }

  /// Pages that hold `bytes`.
  @inline(__always) func pages(_ bytes: UInt64) -> UInt64 {
    bytes &>> pageShift &+ (bytes & pageMask == 0 ? 0 : 1)
  }

  /// `bytes` rounded up to whole pages; what exceeds 64 bits is cut off.
  @inline(__always) func pageRounded(_ bytes: UInt64) -> UInt64 { pages(bytes) &<< pageShift }

  /// Bytes that the pool works with for a request: a charged request has room for the process
  /// pointer (ReactOS `ExAllocatePoolWithQuotaTag`), a cache-aligned one for a cache line where
  /// the version honours it and the result is still small (SSTIC 2020).
  @inline(__always)
  func effectiveBytes(_ bytes: UInt64, _ type: PoolType) -> UInt64 {
    if type.rawValue & Self.sizingBits == 0 { return bytes }
    var effective = bytes
    let hasField = !profile.quotaPointer.isInBlock && header.processBilledOffset != nil
    if type.contains(.quota), !hasField,
      bytes <= largestChargedRequest
    {
      effective &+= wordBytes
    }
    if honoursCacheLines(type), effective <= largestSmallRequest,
      largestSmallRequest &- effective >= PoolFacts.cacheLineBytes
    {
      effective &+= PoolFacts.cacheLineBytes
    }
    return effective
  }

  /// The largest request that a block with room for its process serves.
  private var largestChargedRequest: UInt64 { pageBytes &- unitBytes &- wordBytes }

  /// The type bits on which the bytes of a request depend: cache aligned, quota.
  static var sizingBits: UInt32 { 4 | 8 }

  /// Bytes of a cache line.
  static let cacheLineBytes: UInt64 = 64

  /// True where a cache-aligned request gets a second header.
  @inline(__always)
  func honoursCacheLines(_ type: PoolType) -> Bool {
    hasSecondHeaders && type.contains(.cacheAligned)
  }

  /// True where the request is served in whole pages.
  @inline(__always)
  func isLarge(_ bytes: UInt64, _ type: PoolType) -> Bool {
    effectiveBytes(bytes, type) > largestSmallRequest
  }

  /// Units of the block that a small request gets: header included, rounded up, and zero bytes
  /// count as one (ReactOS `ExAllocatePoolWithTag`).
  @inline(__always)
  func units(_ bytes: UInt64, _ type: PoolType) -> UInt64 {
    let wanted = max(effectiveBytes(bytes, type), 1)
    return max((wanted &+ headerBytes &+ unitBytes &- 1) &>> unitShift, profile.smallestBlockUnits)
  }

  /// Pages of a large request, as wide as the version counts them.
  @inline(__always)
  func largePages(_ bytes: UInt64) -> UInt64 {
    profile.pageCountWidth == .bits32 ? pages(bytes) & 0xFFFF_FFFF : pages(bytes)
  }

  /// Whether entries of the big-page table hold a pool type and count bytes: from Vista on, with the
  /// stored types of that version.
  var bigEntriesKeepTypes: Bool { profile.storedPoolType == .orTwo }

  /// The size that an entry of the big-page table has for a large request: bytes rounded up to
  /// units, or pages.
  func entrySize(_ bytes: UInt64) -> UInt64 {
    guard bigEntriesKeepTypes else { return largePages(bytes) }
    return (bytes &+ unitBytes &- 1) & ~(unitBytes &- 1) & wordMask
  }

  /// Bytes that a descriptor counts for a large request.
  @inline(__always)
  func countedBytes(_ bytes: UInt64) -> UInt64 {
    profile.largeByteCount == .requestedBytes ? bytes : pageRounded(bytes)
  }

  /// What the header of a live block stores for its type; the alignment bit goes to the second
  /// header where there is one.
  @inline(__always)
  func stored(_ type: PoolType) -> UInt32 {
    var raw = type.rawValue
    // The quota routine raises by itself and takes the flag away.
    if raw & Self.sizingBits != 0 {
      if type.contains(.quota) { raw &= ~PoolType.raiseOnFailure.rawValue }
      if honoursCacheLines(type) { raw &= ~PoolType.cacheAligned.rawValue }
    }
    switch profile.storedPoolType {
    case .plusOne: raw &+= 1
    case .plusOneInUse: raw = (raw &+ 1) | 4
    case .orTwo: raw = (raw & 0x6D) | 2
    }
    return raw & header.poolType.mask
  }

  /// The type that an entry of the big-page table keeps of a large request: the quota routine takes
  /// its flags away where it does not charge (ReactOS `ExAllocatePoolWithQuotaTag`).
  func entryType(_ allocation: LiveAllocation) -> UInt32 {
    guard bigEntriesKeepTypes else { return 0 }
    var type = allocation.type
    guard type.contains(.quota) else { return type.rawValue }
    type.remove(.raiseOnFailure)
    if allocation.requestedBytes > largestChargedRequest { type.remove(.quota) }
    return type.rawValue
  }

  /// The pool that serves a type.
  @inline(__always)
  func kind(_ type: PoolType) -> PoolKind {
    if type.rawValue == 0 { return .nonPaged }
    guard type.isPaged else {
      return profile.hasNoExecutePool && type.contains(.noExecute) ? .nonPagedNoExecute : .nonPaged
    }
    return profile.hasSessionPool && type.contains(.session) ? .session : .paged
  }
}

// The same of an allocation that somebody holds: a contiguous request may have been rounded.

extension PoolFacts {
  /// Bytes that the pool is asked for on behalf of a contiguous request.
  func contiguousBytes(_ bytes: UInt64) -> UInt64 {
    profile.contiguousRequest == .wholePages ? max(pageRounded(bytes), bytes) : bytes
  }

  /// Bytes that the pool was asked for.
  @inline(__always) private func asked(_ allocation: LiveAllocation) -> UInt64 {
    allocation.isContiguous
      ? contiguousBytes(allocation.requestedBytes) : allocation.requestedBytes
  }

  /// Bytes that the pool works with for an allocation.
  @inline(__always) func effectiveBytes(_ allocation: LiveAllocation) -> UInt64 {
    effectiveBytes(asked(allocation), allocation.type)
  }

  /// True where an allocation was served in whole pages.
  @inline(__always) func isLarge(_ allocation: LiveAllocation) -> Bool {
    isLarge(asked(allocation), allocation.type)
  }

  /// Bytes that the process is charged for an allocation that was served in whole pages and that the
  /// big-page table knows.
  @inline(__always) func chargedPageBytes(_ allocation: LiveAllocation) -> UInt64 {
    guard allocation.type.contains(.quota), profile.largeQuota == .charged else { return 0 }
    // No bytes become the pointer to the process, which a small enough limit serves in a page.
    return pageRounded(max(allocation.requestedBytes, 1))
  }

  /// Units of an allocation's block.
  @inline(__always) func units(_ allocation: LiveAllocation) -> UInt64 {
    units(asked(allocation), allocation.type)
  }
}

/// What the header of a small block says of the allocation that has it.
struct HeldHeader: Equatable {
  /// Units of the block.
  var units: UInt64
  /// The stored pool type.
  var type: UInt32
  /// The tag's word.
  var tag: UInt32
  /// The pool of its descriptor.
  var pool: PoolKind

  @inline(__always) static func == (left: HeldHeader, right: HeldHeader) -> Bool {
    left.units == right.units && left.tag == right.tag && left.type == right.type
      && left.pool == right.pool
  }
}

extension PoolFacts {
  /// What the header of a small allocation's block must say.
  @inline(__always) func header(of allocation: LiveAllocation) -> HeldHeader {
    HeldHeader(
      units: units(allocation), type: stored(allocation.type), tag: allocation.tag.word,
      pool: kind(allocation.type))
  }

  /// True of a small request without rules of its own: it is neither charged nor cache-aligned.
  @inline(__always) func isPlain(_ allocation: LiveAllocation) -> Bool {
    allocation.type.rawValue & Self.sizingBits == 0
      && allocation.requestedBytes <= largestSmallRequest
  }

  /// The list of free runs, from 0 on, that a run of so many pages belongs to.
  static func runList(_ pages: UInt32) -> UInt64 { UInt64(max(min(pages, 4), 1)) &- 1 }

  /// What a row of the tag table shows of one pool, read where it lies.
  @inline(__always)
  func sum(inRow host: UnsafeRawPointer, isPaged: Bool) -> TagTally.Sum {
    let columns = isPaged ? pagedColumns : nonPagedColumns
    let allocations = host.loadUnaligned(
      fromByteOffset: Int(columns.allocations), as: UInt32.self)
    let frees = host.loadUnaligned(fromByteOffset: Int(columns.frees), as: UInt32.self)
    return TagTally.Sum(
      allocations: UInt64(allocations &- frees), bytes: pointer(host, columns.bytes))
  }

  /// A sum as far as a row of the tag table can show it.
  @inline(__always) func counted(_ sum: TagTally.Sum) -> TagTally.Sum {
    TagTally.Sum(allocations: sum.allocations & 0xFFFF_FFFF, bytes: sum.bytes & wordMask)
  }

  /// The word at an offset of host memory that holds a pointer.
  @inline(__always) func pointer(_ host: UnsafeRawPointer, _ offset: UInt64) -> Address {
    wordBytes == 8
      ? host.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self)
      : UInt64(host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self))
  }

  /// The header at `address`, or nil where nothing is mapped.
  @inline(__always) func fields(_ view: PoolView, at address: Address) -> HeaderFields? {
    view.word32(address).map { HeaderFields($0, header) }
  }

  /// The list link at `address`, decoded; nil where nothing is mapped.
  @inline(__always) func link(_ view: PoolView, at address: Address) -> Address? {
    view.pointer(address).map { $0 & ~linkBit }
  }

  /// True where every link of a list entry or head is stored as the version stores links.
  @inline(__always) func isEncoded(_ link: Address) -> Bool { link & 1 == linkBit }
}
