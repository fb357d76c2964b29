import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolType
import struct KernelPool.PoolView
import struct PoolWalk.BigPageEntry

// Large allocations: whole pages, and on Windows 7 small blocks behind them in the last page
// (ReactOS ExAllocatePoolWithTag; Mandt 2011).

extension PoolAudit {
  /// Checks whole pages that a caller holds. The tag is the one that the tag table knows; the size is
  /// that of an entry, pages or bytes.
  mutating func auditLiveLarge(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ allocation: LiveAllocation,
    _ tag: PoolTag, size: UInt64, pages: UInt64
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
      .bigTableSize, at: address, expected: facts.entrySize(bytes), found: size,
      "size of a large allocation, pages or bytes")
    let wanted: PoolKind = kind == .nonPagedNoExecute ? .nonPaged : kind
    findings.require(
      .livePool, at: address, expected: UInt64(wanted.rawValue),
      found: UInt64(spaces.space(of: address)?.kind.rawValue ?? 0xFF), "pool of an allocation")
    tallyLarge(view, kind, pages: pages, bytes: bytes)
    if !shadow.isUntracked(address) {
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
    guard let unit = tailUnit(bytes), !shadow.isUntracked(address),
      let owner = view.descriptors.firstIndex(where: { $0.kind == kind })
    else { return }
    let page = address &+ (facts.pages(bytes) &- 1) &<< facts.pageShift
    let walk = WalkedPage(page: page, firstUnit: unit, depth: .full, descriptor: owner)
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

// The table of large allocations (ReactOS ExpAddTagForBigPages; public symbols of each version).

extension PoolAudit {
  /// Goes through the table: every entry in use is a live allocation, and the owner of its pages.
  mutating func auditBigTable(_ view: PoolView, _ live: LiveAllocations) {
    let variables = view.variables
    var used: UInt64 = 0
    var next = variables.bigTable
    for _ in 0..<Int(variables.bigTableEntries) {
      let place = next
      next &+= facts.profile.bigEntryBytes
      guard let entry = BigPageEntry(view, at: place) else { continue }
      used &+= 1
      auditEntry(view, live, entry, place)
    }
    findings.require(
      .bigTableInUse, at: variables.bigTable, expected: used, found: variables.bigTableInUse,
      "entries in use of the big-page table")
  }

  private mutating func auditEntry(
    _ view: PoolView, _ live: LiveAllocations, _ entry: BigPageEntry, _ place: Address
  ) {
    guard facts.isPageAligned(entry.address), let page = spaces.page(of: entry.address) else {
      findings.report(
        .bigTableAddress, at: place, expected: 0, found: entry.address,
        "a page of a pool in an entry of the big-page table")
      return
    }
    if owners[page] == .largeStart {
      findings.report(
        .bigTableDuplicate, at: place, expected: 1, found: 2,
        "entries for 0x\(String(entry.address, radix: 16))")
      return
    }
    if !claimAllocation(view, entry.address, pages: facts.pages(entry), .large) {
      findings.report(
        .bigTableSize, at: place, expected: 1, found: facts.pages(entry),
        "pages of a large allocation within its pool")
      return
    }
    owners[page] = .largeStart
    if shadow.isKernels(entry.address) { return auditKernels(view, live, entry, place) }
    guard let position = live.position(of: entry.address) else {
      findings.report(
        .bigTableLive, at: place, expected: 1, found: 0, "live allocations of an entry in use")
      return
    }
    let allocation = live.allocation(at: position)
    findings.require(
      .bigTableTag, at: place, expected: UInt64(allocation.tag.word),
      found: UInt64(entry.tag.word), "tag of an entry of the big-page table")
    findings.require(
      .bigTableType, at: place, expected: UInt64(facts.entryType(allocation)),
      found: UInt64(entry.type), "pool type of an entry of the big-page table")
    auditLiveLarge(
      view, live, entry.address, allocation, entry.tag, size: entry.size,
      pages: facts.pages(entry))
    see(position, .full)
  }

  /// The kernel's own large allocations are the paged descriptors with their locks.
  private mutating func auditKernels(
    _ view: PoolView, _ live: LiveAllocations, _ entry: BigPageEntry, _ place: Address
  ) {
    let bytes = facts.profile.descriptor.bytesWithLock
    findings.require(
      .bigTableType, at: place, expected: UInt64(PoolType.nonPaged.rawValue),
      found: UInt64(entry.type), "pool type of a paged descriptor")
    findings.require(
      .bigTableSize, at: place, expected: facts.entrySize(bytes), found: entry.size,
      "size of a paged descriptor, pages or bytes")
    tallyLarge(view, .nonPaged, pages: facts.pages(entry), bytes: bytes)
    tags.add(entry.tag, isPaged: false, bytes: facts.pageRounded(bytes))
    auditTail(view, live, entry.address, bytes: bytes, .nonPaged)
  }

  /// Allocations that found the table full have no entry: their pages are still theirs, and their
  /// bytes count under the tag of such.
  mutating func claimUntracked(_ view: PoolView, _ live: LiveAllocations) {
    for address in shadow.untrackedAddresses {
      guard let position = live.position(of: address), let page = spaces.page(of: address) else {
        continue
      }
      let allocation = live.allocation(at: position)
      let bytes = facts.effectiveBytes(allocation)
      let pages = facts.largePages(bytes)
      guard claimAllocation(view, address, pages: pages, .large) else { continue }
      owners[page] = .largeStart
      auditLiveLarge(
        view, live, address, allocation, .big, size: facts.entrySize(bytes), pages: pages)
      see(position, .full)
    }
  }
}

extension PoolFacts {
  /// Pages of an entry's allocation.
  func pages(_ entry: BigPageEntry) -> UInt64 { entry.pages(pageBytes: pageBytes) }

  /// True where an entry says what it must of an allocation.
  func isEntry(_ entry: BigPageEntry, of allocation: LiveAllocation) -> Bool {
    entry.tag == allocation.tag && entry.type == entryType(allocation)
      && entry.size == entrySize(effectiveBytes(allocation))
  }
}

extension PoolAudit {
  /// The place of the entry of a large allocation; nil where the table does not know it.
  ///
  /// The search starts where the address hashes to (the bytes of its page number, folded) and goes
  /// round the whole table, because a resized table may hold entries elsewhere.
  func bigPlace(_ view: PoolView, of address: Address) -> Address? {
    let entries = view.variables.bigTableEntries
    guard entries > 0, address & 1 == 0 else { return nil }
    let page = UInt32(truncatingIfNeeded: address &>> facts.pageShift)
    let folded = (page &>> 24) ^ (page &>> 16) ^ (page &>> 8) ^ page
    var index = UInt64(folded) % entries
    for _ in 0..<entries {
      let place = view.variables.bigTable &+ index &* facts.profile.bigEntryBytes
      if view.pointer(place) == address { return place }
      index = index &+ 1 == entries ? 0 : index &+ 1
    }
    return nil
  }
}
