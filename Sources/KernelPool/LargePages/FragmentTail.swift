// The bytes behind a large allocation in its last page, on versions that use them (Mandt 2011,
// Windows 7): a block of one unit tagged `Frag`, then an ordinary free block to the page's end.
//
// The `Frag` header has previous size zero in mid-page, which stops a backward merge into the
// large allocation; its own type is in use, which stops a merge from behind. Where it lies follows
// from the bytes that the big-page table keeps.

extension GeneralBlocks {
  /// The `Frag` block of a large allocation, or nil where no block fits behind it.
  private func fragment(behind address: Address, bytes: UInt64) -> Block? {
    let fragment = address &+ pool.pointee.unitRounded(bytes)
    return tailUnits(of: address, bytes: bytes, from: fragment) > 1 ? block(fragment) : nil
  }

  /// Units from `start` to the end of a large allocation's last page.
  private func tailUnits(of address: Address, bytes: UInt64, from start: Address) -> UInt64 {
    (address &+ pool.pointee.pageRounded(bytes) &- start) &>> Layout.unitShift(pool)
  }

  /// Turns the unused bytes of the last page into a free block, if a block fits.
  func makeFragment(
    behind address: Address, bytes: UInt64, _ owner: OwnerPointer
  ) throws(Halt) {
    guard let fragment = fragment(behind: address, bytes: bytes) else { return }
    mark(.fragment)
    let index = pool.pointee.index(of: owner)
    let type: PoolType = owner.pointee.kind.isPaged ? .paged : .nonPaged
    var word = layout.blockSize.set(0, 1)
    word = layout.poolType.set(
      word, has(.fragmentMarkedFree) ? 0 : pool.pointee.geometry.storedPoolType.stored(type))
    try setWord(fragment, layout.poolIndex.set(word, index))
    try setTag(fragment, .fragment)
    let block = block(fragment, plus: 1)
    let units = tailUnits(of: address, bytes: bytes, from: block.address)
    word = layout.previousSize.set(0, has(.fragmentPreviousSize) ? 0 : 1)
    word = layout.blockSize.set(word, UInt32(units))
    try setWord(block, layout.poolIndex.set(word, index))
    try setTag(block, .fragment)
    if units >= pool.pointee.geometry.smallestListedUnits {
      try insert(block, owner, units: units, at: switches.remainderEnd)
    }
  }

  /// Frees a large allocation whose last page may hold small blocks; returns the pages that leave
  /// the count of large pages.
  func freeWithFragment(
    _ address: Address, _ kind: PoolKind, bytes: UInt64, _ owner: OwnerPointer
  ) throws(Halt) -> UInt64 {
    guard let fragment = fragment(behind: address, bytes: bytes) else {
      return try pool.pointee.freePages(address, kind)
    }
    // Waiting blocks that already look free are on no list: whether the tail is free shows only
    // after the batch.
    if pool.pointee.profile.deferredFrees, switches.deferredFreeType == .free {
      try processDeferredFrees(owner)
    }
    let block = block(fragment, plus: 1)
    let units = tailUnits(of: address, bytes: bytes, from: block.address)
    let word = try word(block)
    if layout.poolType.get(word) == 0, size(in: word) == units {
      let isListed = units >= pool.pointee.geometry.smallestListedUnits
      if isListed, !has(.fragmentKeepsListEntry) { try unlink(block, owner) }
      return try pool.pointee.freePages(address, kind)
    }
    try keepLastPage(kind, fragment: fragment, owner)
    let pages = pool.pointee.geometry.pages(holding: bytes)
    if pages > 1 {
      try pool.pointee.divideAllocation(address, kind, pages: pages, firstPages: pages - 1)
      _ = try pool.pointee.freePages(address, kind)
    }
    return pages
  }

  /// Turns the last page of a large allocation into a page of small blocks: everything up to and
  /// with the `Frag` header becomes a free block, merged with a free successor.
  private func keepLastPage(
    _ kind: PoolKind, fragment: Block, _ owner: OwnerPointer
  ) throws(Halt) {
    let page = block(page(of: fragment.address))
    let smallest = pool.pointee.geometry.smallestListedUnits
    var units = ((fragment.address &- page.address) &>> Layout.unitShift(pool)) &+ 1
    let next = block(fragment, plus: 1)
    let word = try word(next)
    if layout.poolType.get(word) == 0 {
      let nextUnits = size(in: word)
      if nextUnits >= smallest { try unlink(next, owner) }
      units &+= nextUnits
    }
    try setWord(
      page,
      layout.poolIndex.set(
        layout.blockSize.set(0, UInt32(units)), pool.pointee.index(of: owner)))
    try setTag(page, .fragment)
    try setPreviousSize(behind: page, units: units)
    if units >= smallest { try insert(page, owner, units: units, at: switches.freedEnd) }
    countPages(owner, 1)
    pool.pointee.setSmallBlocks(page.address, kind, true)
  }
}
