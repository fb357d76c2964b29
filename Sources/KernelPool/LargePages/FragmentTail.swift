// The bytes behind a large allocation in its last page, on versions that use them (Mandt 2011,
// Windows 7): a block of one unit tagged `Frag`, then an ordinary free block to the page's end.
//
// The `Frag` header has previous size zero in mid-page, which stops a backward merge into the
// large allocation; its own type is in use, which stops a merge from behind. Where it lies follows
// from the bytes that the big-page table keeps.

extension KernelPool {
  /// Where the `Frag` header of a large allocation lies, or nil where no block fits behind it.
  private func fragment(behind address: Address, bytes: UInt64) -> Address? {
    let end = address &+ pageRounded(bytes)
    let fragment = address &+ unitRounded(bytes)
    let tailUnits = (end &- fragment) &>> geometry.unitShift
    return tailUnits > 1 ? fragment : nil
  }

  /// Turns the unused bytes of the last page into a free block, if a block fits.
  mutating func makeFragment(
    behind address: Address, bytes: UInt64, _ owner: Int
  ) throws(Halt) {
    guard let fragment = fragment(behind: address, bytes: bytes) else { return }
    mechanisms.insert(.fragment)
    let index = descriptors[owner].index
    let layout = profile.header
    let type: PoolType = descriptors[owner].kind.isPaged ? .paged : .nonPaged
    var word = layout.blockSize.set(0, 1)
    word = layout.poolType.set(word, mutant == .fragmentMarkedFree ? 0 : profile.stored(type))
    try memory.store32(fragment, layout.poolIndex.set(word, index))
    try memory.store32(fragment &+ HeaderLayout.tagOffset, PoolTag.fragment.word)
    let block = fragment &+ profile.unitBytes
    let units = (address &+ pageRounded(bytes) &- block) &>> geometry.unitShift
    word = layout.previousSize.set(0, mutant == .fragmentPreviousSize ? 0 : 1)
    word = layout.blockSize.set(word, UInt32(units))
    try memory.store32(block, layout.poolIndex.set(word, index))
    try memory.store32(block &+ HeaderLayout.tagOffset, PoolTag.fragment.word)
    if units >= profile.smallestListedUnits {
      try insert(block, units: units, owner, at: profile.remainderEnd)
    }
  }

  /// Frees a large allocation whose last page may hold small blocks; returns the pages that leave
  /// the count of large pages.
  mutating func freeWithFragment(
    _ address: Address, _ kind: PoolKind, bytes: UInt64, _ owner: Int
  ) throws(Halt) -> UInt64 {
    guard let fragment = fragment(behind: address, bytes: bytes) else {
      return try freePages(address, kind)
    }
    // Waiting blocks that already look free are on no list: whether the tail is free shows only
    // after the batch.
    if profile.deferredFrees, profile.deferredFreeType == .free {
      try processDeferredFrees(owner)
    }
    let layout = profile.header
    let block = fragment &+ profile.unitBytes
    let units = (address &+ pageRounded(bytes) &- block) &>> geometry.unitShift
    let word = try memory.load32(block)
    let isWhollyFree =
      layout.poolType.get(word) == 0 && UInt64(layout.blockSize.get(word)) == units
    if isWhollyFree {
      let isListed = units >= profile.smallestListedUnits
      if isListed, mutant != .fragmentKeepsListEntry { try unlink(block) }
      return try freePages(address, kind)
    }
    try keepLastPage(of: address, kind, fragment: fragment, owner)
    let pages = geometry.pages(holding: bytes)
    if pages > 1 {
      try divideAllocation(address, kind, pages: pages, firstPages: pages - 1)
      _ = try freePages(address, kind)
    }
    return pages
  }

  /// Turns the last page of a large allocation into a page of small blocks: everything up to and
  /// with the `Frag` header becomes a free block, merged with a free successor.
  private mutating func keepLastPage(
    of address: Address, _ kind: PoolKind, fragment: Address, _ owner: Int
  ) throws(Halt) {
    let page = fragment & ~geometry.pageMask
    let layout = profile.header
    var units = ((fragment &- page) &>> geometry.unitShift) &+ 1
    let next = fragment &+ profile.unitBytes
    let word = try memory.load32(next)
    if layout.poolType.get(word) == 0 {
      let nextUnits = UInt64(layout.blockSize.get(word))
      if nextUnits >= profile.smallestListedUnits { try unlink(next) }
      units &+= nextUnits
    }
    try memory.store32(
      page, layout.poolIndex.set(layout.blockSize.set(0, UInt32(units)), descriptors[owner].index))
    try memory.store32(page &+ HeaderLayout.tagOffset, PoolTag.fragment.word)
    try setPreviousSize(behind: page, units: units)
    if units >= profile.smallestListedUnits {
      try insert(page, units: units, owner, at: profile.freedEnd)
    }
    try countPages(owner, 1)
    setSmallBlocks(page, kind, true)
  }
}
