import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

// Large allocations: whole pages, and on Windows 7 small blocks behind them in the last page
// (ReactOS ExAllocatePoolWithTag; Mandt 2011).

extension PoolAudit {
  /// Checks whole pages that a caller holds. The tag is the one that the tag table knows.
  mutating func auditLiveLarge(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ allocation: LiveAllocation,
    _ tag: PoolTag, pages: UInt64
  ) {
    let kind = facts.kind(allocation.type)
    let bytes = facts.effectiveBytes(allocation)
    guard facts.isLarge(allocation) else {
      findings.report(
        .liveSize, at: address, expected: facts.units(allocation),
        found: pages, "units of a small request that got pages")
      return
    }
    findings.require(
      .bigTableSize, at: address, expected: facts.largePages(bytes), found: pages,
      "pages of a large allocation")
    let wanted: PoolKind = kind == .nonPagedNoExecute ? .nonPaged : kind
    findings.require(
      .livePool, at: address, expected: UInt64(wanted.rawValue),
      found: UInt64(spaces.space(of: address)?.kind.rawValue ?? 0xFF), "pool of an allocation")
    tallyLarge(view, kind, pages: pages, bytes: bytes)
    if !books.isUntracked(address) {
      let bytes = facts.chargedPageBytes(allocation)
      if kind.isPaged { charged.paged &+= bytes } else { charged.nonPaged &+= bytes }
    }
    tags.add(tag, isPaged: allocation.type.isPaged, bytes: facts.pageRounded(bytes))
    guard facts.pages(allocation.requestedBytes) <= pages else {
      findings.report(
        .liveRoom, at: address, expected: allocation.requestedBytes,
        found: pages &<< facts.pageShift, "bytes of the pages, at least")
      return
    }
    auditTail(view, live, address, bytes: bytes, kind)
    auditPattern(view, address, allocation, .full)
  }

  /// Adds a large allocation to its descriptor: the first of its pool.
  mutating func tallyLarge(_ view: PoolView, _ kind: PoolKind, pages: UInt64, bytes: UInt64) {
    guard let owner = view.descriptors.firstIndex(where: { $0.kind == kind }) else { return }
    tallies[owner].large &+= 1
    tallies[owner].largePages &+= pages
    tallies[owner].largeBytes &+= facts.countedBytes(bytes)
  }

  /// Walks the blocks behind a large allocation, where the version makes any.
  mutating func auditTail(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, bytes: UInt64, _ kind: PoolKind
  ) {
    // The version makes no fragment that its table could not find again.
    guard let unit = tailUnit(bytes), !books.isUntracked(address),
      let owner = view.descriptors.firstIndex(where: { $0.kind == kind })
    else { return }
    let page = address &+ (facts.pages(bytes) &- 1) &<< facts.pageShift
    let walk = PageWalk(page: page, firstUnit: unit, depth: .full, descriptor: owner)
    add(auditBlocks(view, live, walk), to: owner)
  }

  /// Where in the last page of a large allocation the `Frag` header lies, in units; nil where the
  /// bytes left have no room for it and a block.
  func tailUnit(_ bytes: UInt64) -> UInt64? {
    guard facts.profile.largeTail == .fragment, bytes & facts.pageMask != 0 else { return nil }
    let unit = ((bytes & facts.pageMask) &+ facts.unitBytes &- 1) &>> facts.unitShift
    return facts.unitsPerPage &- unit > 1 && unit < facts.unitsPerPage ? unit : nil
  }
}
