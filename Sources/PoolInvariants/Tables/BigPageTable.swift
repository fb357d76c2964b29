import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct PoolWalk.BigPageEntry

// The table of large allocations (ReactOS ExpAddTagForBigPages; public symbols of each version).

extension PoolAudit {
  /// Goes through the table: every entry in use is a live allocation, and the owner of its pages.
  mutating func auditBigTable(_ view: PoolView, _ live: LiveAllocations) {
    let variables = view.variables
    var used: UInt64 = 0
    for index in 0..<variables.bigTableEntries {
      let place = variables.bigTable &+ index &* facts.profile.bigEntryBytes
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
    if books.isKernels(entry.address) { return auditKernels(view, live, entry, place) }
    guard let position = live.position(of: entry.address) else {
      findings.report(
        .bigTableLive, at: place, expected: 1, found: 0, "live allocations of an entry in use")
      return
    }
    let allocation = live.at(position).allocation
    findings.require(
      .bigTableTag, at: place, expected: UInt64(allocation.tag.word),
      found: UInt64(entry.tag.word), "tag of an entry of the big-page table")
    auditLiveLarge(view, live, entry.address, allocation, entry.tag, pages: facts.pages(entry))
    see(position, .full)
  }

  /// The kernel's own large allocations are the paged descriptors with their locks.
  private mutating func auditKernels(
    _ view: PoolView, _ live: LiveAllocations, _ entry: BigPageEntry, _ place: Address
  ) {
    let bytes = facts.profile.descriptor.bytesWithLock
    findings.require(
      .bigTableSize, at: place, expected: facts.pages(bytes), found: facts.pages(entry),
      "pages of a paged descriptor")
    tallyLarge(view, .nonPaged, pages: facts.pages(entry), bytes: bytes)
    tags.add(entry.tag, isPaged: false, bytes: facts.pageRounded(bytes))
    auditTail(view, live, entry.address, bytes: bytes, .nonPaged)
  }

  /// Allocations that found the table full have no entry: their pages are still theirs, and their
  /// bytes count under the tag of such.
  mutating func claimUntracked(_ view: PoolView, _ live: LiveAllocations) {
    for address in books.untrackedAddresses {
      guard let position = live.position(of: address), let page = spaces.page(of: address) else {
        continue
      }
      let allocation = live.at(position).allocation
      let bytes = facts.effectiveBytes(allocation)
      guard claimAllocation(view, address, pages: facts.largePages(bytes), .large) else { continue }
      owners[page] = .largeStart
      auditLiveLarge(view, live, address, allocation, .big, pages: facts.largePages(bytes))
      see(position, .full)
    }
  }
}

extension PoolFacts {
  /// Pages of an entry's allocation.
  func pages(_ entry: BigPageEntry) -> UInt64 { entry.pages(pageBytes: pageBytes) }
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
