import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

extension PoolAudit {
  /// Books an allocation that an operation got. Call it after the operation and before an audit.
  public mutating func recordAllocation(
    _ view: PoolView, at address: Address, _ allocation: LiveAllocation
  ) {
    guard spaces.page(of: address) != nil else {
      if allocation.isContiguous {
        recordContiguousRefusal(view, bytes: allocation.requestedBytes)
      }
      return
    }
    books.expansionFailures = view.variables.bigTableExpansionFailures
    let kind = facts.kind(allocation.type)
    let bytes = facts.effectiveBytes(allocation)
    var tag = allocation.tag
    books.countServed(kind)
    if facts.isLarge(allocation),
      bigPlace(view, of: address) == nil
    {
      books.noteUntracked(address)
      tag = .big
    }
    bookTag(view, tag, allocation, bytes: trackedBytes(allocation, bytes), count: 1)
  }

  /// Books a contiguous request that got nothing from the pool: the pool may have served it with
  /// page frames that did not suit, and taken them back. Call it right after the operation.
  ///
  /// Nothing but the counters tells whether it did, so these are believed, for one request.
  public mutating func recordContiguousRefusal(_ view: PoolView, bytes requestedBytes: UInt64) {
    let bytes = facts.contiguousBytes(requestedBytes)
    let foundTableFull = view.variables.bigTableExpansionFailures != books.expansionFailures
    books.expansionFailures = view.variables.bigTableExpansionFailures
    let served = UInt32(truncatingIfNeeded: books.served(.nonPaged))
    guard countedRequests(view, .nonPaged) == served &+ 1 else { return }
    books.countServed(.nonPaged)
    guard facts.isLarge(bytes, .cacheAligned) else { return }
    // A free subtracts what the table knows: whole pages, or nothing.
    let removed = foundTableFull ? 0 : facts.largePages(bytes) &<< facts.pageShift
    books.drift(0, by: facts.countedBytes(bytes) &- removed)
    let tag: PoolTag = foundTableFull ? .big : .contiguous
    let tracked = facts.pageRounded(bytes)
    if tracked != removed { books.driftTag(tag, isPaged: false, by: tracked &- removed) }
  }

  /// Books a free. Call it after the operation and before an audit.
  public mutating func recordFree(
    _ view: PoolView, at address: Address, _ allocation: LiveAllocation
  ) {
    guard
      let descriptor = view.descriptors.firstIndex(where: {
        $0.kind == facts.kind(allocation.type)
      }), spaces.page(of: address) != nil
    else { return }
    let bytes = facts.effectiveBytes(allocation)
    let tracked = trackedBytes(allocation, bytes)
    guard facts.isLarge(allocation) else {
      return bookTag(view, allocation.tag, allocation, bytes: 0 &- tracked, count: 0 &- 1)
    }
    let counted = facts.countedBytes(bytes)
    let isUntracked = books.forgetUntracked(address)
    // Nonpaged pages look alike: only an entry that keeps the type names the descriptor that
    // counted them, and without one the first is taken.
    let isMistaken =
      view.descriptors[descriptor].kind == .nonPagedNoExecute
      && (isUntracked || !facts.bigEntriesKeepTypes)
    let freeing = isMistaken ? 0 : descriptor
    if isMistaken {
      books.driftLarge(from: descriptor, to: freeing, pages: facts.largePages(bytes))
    }
    books.drift(descriptor, by: counted)
    if isUntracked {
      // Nobody knows its size any more: the free subtracts nothing.
      books.driftTag(.big, isPaged: allocation.type.isPaged, by: tracked)
      return bookTag(view, .big, allocation, bytes: 0 &- tracked, count: 0 &- 1)
    }
    let removed = facts.largePages(bytes) &<< facts.pageShift
    books.drift(freeing, by: 0 &- removed)
    if tracked != removed {
      books.driftTag(allocation.tag, isPaged: allocation.type.isPaged, by: tracked &- removed)
    }
    bookTag(view, allocation.tag, allocation, bytes: 0 &- tracked, count: 0 &- 1)
  }

  /// Bytes that the tag table books for an allocation.
  func trackedBytes(_ allocation: LiveAllocation, _ bytes: UInt64) -> UInt64 {
    facts.isLarge(allocation)
      ? facts.pageRounded(bytes)
      : facts.units(allocation) &<< facts.unitShift
  }

  private mutating func bookTag(
    _ view: PoolView, _ tag: PoolTag, _ allocation: LiveAllocation, bytes: UInt64, count: UInt64
  ) {
    let isPaged = allocation.type.isPaged
    books.countTag(tag, isPaged: isPaged, bytes: bytes, count: count)
    guard tag.unprotected.word == 0 else { return }
    // A full table has no empty row: then the extra last one counts, if the version has it so.
    let rest =
      facts.profile.trackerOverflow == .lastSlot ? view.variables.trackerRows &- 1 : nil
    guard let row = trackerRow(view, of: PoolTag(word: 0)) ?? rest else { return }
    books.driftRow(row, isPaged: isPaged, bytes: bytes, count: count)
  }
}
