/// The machine that a profile runs on: sizes of the regions and of the kernel's tables.
public struct PoolConfiguration: Sendable, Equatable {
  /// The version's facts.
  public var profile: Profile
  /// Pages of nonpaged pool at start.
  public var nonPagedPages: UInt64 = 512
  /// Pages of nonpaged pool at most, expansion included; `nil` means no more than at start.
  public var maximumNonPagedPages: UInt64?
  /// Pages of paged pool at most.
  public var pagedPages: UInt64 = 1024
  /// Pages of session pool at most.
  public var sessionPages: UInt64 = 256
  /// Pages for contiguous memory that the pool cannot give.
  public var contiguousPages: UInt64 = 256
  /// Depth of every lookaside list, or `nil` for the profile's; 0 turns them off.
  public var lookasideDepth: UInt16?
  /// Most pages on each nonpaged single-page list.
  public var singlePageDepth: UInt16 = 4
  /// Most pages on the paged single-page list; `nil` means as the nonpaged.
  public var pagedSinglePageDepth: UInt16?
  /// Where expansion takes its addresses.
  public var expansion: Expansion = .none
  /// Physical pages left for expansion; `nil` means enough.
  public var availablePages: UInt64?
  /// Requested entries of the tag table; 0 means the default of 2048.
  public var trackerEntries: UInt64 = 0
  /// Requested entries of the big-page table; 0 means the default of 4096.
  public var bigTableEntries: UInt64 = 0
  /// Processors, each with lookaside lists of its own: 1 to 64.
  public var processors: Int = 1
  /// Whether the kernel's own tables lie in the pool.
  public var initialisation: Initialisation = .kernel
  /// The requests that special pool serves.
  public var specialPool: SpecialPoolRequests = .none
  /// The end of its page at which a block of special pool lies.
  public var specialPoolEdge: SpecialPoolEdge = .tail
  /// Blocks that special pool has room for: 1 to 2^20, each with two pages of addresses.
  public var specialPoolPages: UInt64 = 1024

  /// The defaults of `profile`.
  public init(profile: Profile) { self.profile = profile }

  /// Pages of nonpaged pool at most.
  public var nonPagedLimit: UInt64 { max(maximumNonPagedPages ?? nonPagedPages, nonPagedPages) }
}

/// An unbroken range of pages.
public struct PageRange: Sendable, Equatable {
  /// Address of the first page.
  public let base: Address
  /// How many pages there are.
  public let pages: UInt64
}

extension PoolConfiguration {
  /// Where nonpaged pages can lie, in the order of their numbers: the initial ones, then those of
  /// the expansion, which has a range of its own where the version maps it elsewhere. Pages of the
  /// expansion have their addresses, marks and bits even where `expansion` never maps them.
  public var nonPagedRanges: [PageRange] {
    let more = nonPagedLimit - nonPagedPages
    guard more > 0, let expansionBase = profile.expansionBase else {
      return [PageRange(base: profile.nonPagedBase, pages: nonPagedLimit)]
    }
    return [
      PageRange(base: profile.nonPagedBase, pages: nonPagedPages),
      PageRange(base: expansionBase, pages: more),
    ]
  }

  /// Pages by which the nonpaged pool can grow. Run lists leave a guard page at either end (ReactOS
  /// `MiInitializeNonPagedPool`).
  public var nonPagedGrowth: UInt64 {
    guard expansion != .none else { return 0 }
    let more = nonPagedLimit - nonPagedPages
    return profile.nonPagedPages == .bitmap ? more : max(more, 2) - 2
  }
}

extension PoolConfiguration {
  /// Throws where a size is out of range or an address is not on a page.
  func validate() throws(ConfigurationError) {
    let profile = self.profile
    try require(
      (64...4096).contains(profile.pageBytes) && profile.pageBytes.nonzeroBitCount == 1,
      "page_bytes is a power of two from 64 to 4096, not \(profile.pageBytes)")
    try require(
      (8...64).contains(profile.unitBytes) && profile.unitBytes.nonzeroBitCount == 1,
      "unit_bytes is 8, 16, 32 or 64, not \(profile.unitBytes)")
    try require(
      profile.unitBytes * 2 <= profile.pageBytes,
      "a page of \(profile.pageBytes) bytes holds at least two units of \(profile.unitBytes)")
    try require(
      profile.unitBytes * profile.smallestListedUnits
        >= UInt64(profile.header.bytes) + 2 * profile.wordBytes,
      "a listed free block has room for its header and two links")
    try require(
      profile.largestSmallRequest < profile.pageBytes
        && profile.units(forRequest: profile.largestSmallRequest) < profile.unitsPerPage,
      "the largest small request leaves room for its header on a page")
    try require(
      profile.unitsPerPage <= UInt64(profile.header.blockSize.mask) + 1,
      "the header's size field holds \(profile.header.blockSize.mask + 1) units at most")
    try require(
      profile.lookasideClasses >= 1 && profile.lookasideClasses <= 64
        && profile.sessionLookasideClasses <= profile.lookasideClasses,
      "there are 1 to 64 lookaside classes")
    try require(
      (1...17).contains(profile.pagedDescriptors), "there are 1 to 17 paged descriptors")
    try validateLayouts()
    try require(
      profile.largeTail == .wasted || profile.storedPoolType == .orTwo,
      "large_tail=fragment needs a big-page table that counts bytes (stored_pool_type=or-two)")
    try validateSizes()
    try validateAddresses()
  }

  /// Overrides can combine layouts that no version had; each must still hold what is stored.
  private func validateLayouts() throws(ConfigurationError) {
    let profile = self.profile
    try require(
      profile.unitBytes * profile.smallestBlockUnits
        >= UInt64(profile.header.bytes) + 2 * profile.wordBytes,
      "the smallest block has room for its header and the two pointers that are cleared")
    try require(
      profile.descriptor.listHeads + profile.unitsPerPage * 2 * profile.wordBytes
        <= profile.descriptor.bytesWithLock,
      "the descriptor has room for \(profile.unitsPerPage) list heads")
    let sizeBytes = profile.storedPoolType == .orTwo ? profile.wordBytes : 0
    try require(
      profile.bigEntryBytes % 4 == 0
        && profile.bigEntryBytes >= profile.wordBytes + 8 + sizeBytes,
      "an entry of the big-page table is a multiple of 4 bytes with room for its fields")
    try require(
      profile.largeQuota == .uncharged
        || profile.storedPoolType != .orTwo
          && profile.bigEntryBytes >= 2 * profile.wordBytes + 8,
      "charged large allocations need entries of the big-page table with a quota object")
    try require(
      profile.poolIndexRule != .stale || profile.pagedDescriptors == 1 && !profile.hasNoExecutePool,
      "pool_index=stale cannot tell descriptors apart: paged_pools=1, no_execute_pool=off")
    try require(
      !profile.quotaPointer.isHidden || profile.descriptorBase >= profile.lowestHiddenProcess,
      "quota_pointer=\(profile.quotaPointer.rawValue) takes no process below"
        + " 0x\(String(profile.lowestHiddenProcess, radix: 16)): descriptor_base")
    let alignment = 2 * profile.wordBytes
    try require(
      UInt64(profile.header.bytes) % alignment == 0 && profile.unitBytes % alignment == 0,
      "header and unit_bytes are multiples of \(alignment), two pointers, as blocks are aligned")
    try require(
      profile.checks != .wholePage || profile.largeTail == .wasted,
      "checks=whole-page walks pages from their start, where large_tail=fragment has no header")
    try require(
      profile.cacheAlignment == .typeOnly || profile.storedPoolType != .plusOneInUse,
      "cache_alignment=second-header marks its headers with the bit that"
        + " stored_pool_type=plus-one-in-use takes for blocks in use")
    try require(
      profile.storedPoolType != .plusOneInUse || profile.mustSucceed == .refused,
      "stored_pool_type=plus-one-in-use stores type 3, paged and must-succeed, as the bit of a block"
        + " in use alone: must_succeed=refused")
    try require(
      profile.cacheAlignment == .typeOnly
        || (KernelPool.cacheLineBytes - UInt64(profile.header.bytes)) % profile.unitBytes == 0,
      "cache_alignment=second-header needs a unit that a header before a cache line lies on")
    try require(
      profile.trackerRowBytes % 4 == 0
        && profile.trackerRowBytes >= (profile.wordBytes == 8 ? 40 : 28),
      "a row of the tag table is a multiple of 4 bytes with room for its counters")
  }

  private func validateSizes() throws(ConfigurationError) {
    try require(
      (1...0xFFFF_FFFF).contains(nonPagedPages), "nonpaged_pages is at least 1 and below 2^32")
    try require(nonPagedLimit <= 0xFFFF_FFFF, "max_nonpaged_pages is below 2^32")
    try require(
      nonPagedRanges.count == 1 || profile.nonPagedPages == .runLists,
      "one bitmap hands out neighbouring pages: an expansion with a base of its own needs run lists"
    )
    try require((1...0xFFFF_FFFF).contains(pagedPages), "paged_pages is at least 1, below 2^32")
    try require(
      (1...0xFFFF_FFFF).contains(sessionPages), "session_pages is at least 1 and below 2^32")
    try require(
      (1...0xFFFF_FFFF).contains(contiguousPages),
      "contiguous_pages is at least 1 and below 2^32")
    try require((1...64).contains(processors), "processors is 1 to 64")
    try require(
      (1...1 << 20).contains(specialPoolPages), "special_pool_pages is 1 to 2^20")
    try require(
      specialPool == .none || 2 * specialPoolPages * profile.pageBytes <= profile.contiguousBase,
      "special pool lies before contiguous_base: fewer special_pool_pages")
    try require(
      specialPool == .none || profile.entryChecks == .none,
      "special_pool comes before the checks of entry_checks=all, in an order that is not known")
    try require(
      trackerEntries <= 1 << 24 && bigTableEntries <= 1 << 24,
      "tables have 2^24 entries at most")
  }

  private func validateAddresses() throws(ConfigurationError) {
    let bases: [(String, Address)] = [
      ("nonpaged_base", profile.nonPagedBase), ("expansion_base", profile.expansionBase ?? 0),
      ("paged_base", profile.pagedBase), ("session_base", profile.sessionBase),
      ("contiguous_base", profile.contiguousBase), ("descriptor_base", profile.descriptorBase),
      ("bitmap_base", profile.bitmapBase),
    ]
    for (name, base) in bases {
      try require(base & 0xFFF == 0, "\(name) is a multiple of 0x1000")
      let high = base >> 47
      try require(
        profile.wordBytes == 4 ? base <= 0xFFFF_FFFF : high == 0 || high == 0x1_FFFF,
        "\(name) is an address that the processor can have")
    }
  }

  private func require(
    _ holds: Bool, _ message: @autoclosure () -> String
  ) throws(ConfigurationError) {
    if !holds { throw ConfigurationError(message: message()) }
  }
}
