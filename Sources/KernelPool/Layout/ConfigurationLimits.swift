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
      profile.quotaPointer != .processBilledEncoded
        || profile.descriptorBase >= KernelPool.lowestEncodedProcess,
      "quota_pointer=header-encoded takes no process below 0xffff800000000000: descriptor_base")
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
