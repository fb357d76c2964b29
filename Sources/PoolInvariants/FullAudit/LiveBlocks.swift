import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct PoolWalk.HeaderFields

/// A small block that a caller holds, as the walk of its page found it.
struct HeldBlock {
  /// The header that the page's chain knows.
  let header: Address
  /// Its fields.
  let fields: HeaderFields
  /// The address that the caller has.
  let address: Address
  /// Position of the page's descriptor.
  let descriptor: Int?
}

// What a caller may rely on: place, size, alignment, type, tag and contents of its memory
// (Microsoft, ExAllocatePoolWithTag; ReactOS ExAllocatePoolWithTag for what the header stores).

extension PoolAudit {
  /// Checks a small block against what its caller asked for.
  mutating func auditLiveBlock(
    _ view: PoolView, _ allocation: LiveAllocation, _ block: HeldBlock, _ depth: WalkedPage.Depth
  ) {
    let header = block.header
    let requested = allocation.requestedBytes
    let wanted = facts.header(of: allocation)
    auditPlace(view, allocation, block, pool: wanted.pool)
    guard !facts.isLarge(allocation) else {
      findings.report(
        .liveSize, at: block.address, expected: facts.pages(requested), found: 0,
        "pages of a large request that got a small block")
      return
    }
    findings.require(
      .liveSize, at: header, expected: wanted.units, found: block.fields.units,
      "units of a live block")
    let end = header &+ block.fields.units &<< facts.unitShift
    if block.address > end || end &- block.address < requested {
      findings.report(
        .liveRoom, at: block.address, expected: requested, found: end &- block.address,
        "bytes up to the block's end, at least")
      return
    }
    findings.require(
      .liveType, at: header, expected: UInt64(wanted.type), found: UInt64(block.fields.type),
      "stored pool type of a live block")
    findings.require(
      .liveTag, at: header, expected: UInt64(wanted.tag),
      found: UInt64(view.word32(header &+ HeaderLayout.tagOffset) ?? 0), "tag of a live block")
    if block.address != header &+ facts.headerBytes { auditSecondHeader(view, block) }
    if allocation.type.contains(.quota) {
      auditQuota(view, block, isPaged: allocation.type.isPaged, depth)
    }
    let bytes = block.fields.units &<< facts.unitShift
    if depth == .full {
      tags.add(allocation.tag, isPaged: allocation.type.isPaged, bytes: bytes)
    }
    auditPattern(view, block.address, allocation, depth)
  }

  private mutating func auditPlace(
    _ view: PoolView, _ allocation: LiveAllocation, _ block: HeldBlock, pool wanted: PoolKind
  ) {
    if let descriptor = block.descriptor {
      findings.require(
        .livePool, at: block.address, expected: UInt64(wanted.rawValue),
        found: UInt64(view.descriptors[descriptor].kind.rawValue), "pool of a live block")
    }
    let isGrown =
      facts.honoursCacheLines(allocation.type)
      && facts.effectiveBytes(allocation)
        >= allocation.requestedBytes &+ PoolFacts.cacheLineBytes
    guard isGrown else { return }
    findings.require(
      .liveAlignment, at: block.address, expected: 0,
      found: block.address & (PoolFacts.cacheLineBytes &- 1),
      "bytes past a cache line of a cache-aligned address")
  }

  /// The header before an aligned address says how far back the block's own is.
  private mutating func auditSecondHeader(_ view: PoolView, _ block: HeldBlock) {
    let second = block.address &- facts.headerBytes
    let distance = (second &- block.header) &>> facts.unitShift
    let found = facts.fields(view, at: second)?.previousUnits ?? 0
    findings.require(
      .liveAlignment, at: second, expected: distance, found: found,
      "units back from a second header to the first")
  }

  private mutating func auditQuota(
    _ view: PoolView, _ block: HeldBlock, isPaged: Bool, _ depth: WalkedPage.Depth
  ) {
    let bytes = block.fields.units &<< facts.unitShift
    if depth == .full {
      if isPaged { charged.paged &+= bytes } else { charged.nonPaged &+= bytes }
    }
    let process = view.variables.process
    let place: Address
    let rule = facts.profile.quotaPointer
    if !rule.isInBlock, let offset = facts.header.processBilledOffset {
      place = block.header &+ UInt64(offset)
    } else {
      place = block.header &+ bytes &- facts.wordBytes
    }
    let expected =
      rule.isHidden ? process ^ view.variables.quotaCookie ^ block.header : process
    findings.require(
      .quotaProcess, at: place, expected: expected & facts.wordMask,
      found: view.pointer(place) ?? 0, "process that pays for a block")
  }

  /// Live allocations that no walk found: they are nobody's block, or overlap others.
  mutating func auditLeftovers(_ view: PoolView, _ live: LiveAllocations) {
    guard seenCount != live.count else { return }
    for slot in 0..<live.slotCount where live[slot: slot].isLive && !isSeen[slot] {
      let (address, allocation) = (live[slot: slot].address, live[slot: slot].allocation)
      if allocation.isContiguous, spaces.page(of: address) == nil {
        auditOutside(view, address, allocation)
        continue
      }
      reportUnseen(view, address, allocation)
    }
    auditOverlaps(live)
  }

  private mutating func auditOutside(
    _ view: PoolView, _ address: Address, _ allocation: LiveAllocation
  ) {
    findings.require(
      .liveAlignment, at: address, expected: 0, found: address & facts.pageMask,
      "bytes past a page of memory outside of the pool")
    auditPattern(view, address, allocation, .full)
  }

  /// Says why a live allocation was not found where it should be.
  mutating func reportUnseen(
    _ view: PoolView, _ address: Address, _ allocation: LiveAllocation
  ) {
    let kind = facts.kind(allocation.type)
    let wanted: PoolKind = kind == .nonPagedNoExecute ? .nonPaged : kind
    guard let space = spaces.space(of: address), space.kind == wanted else {
      findings.report(
        .livePool, at: address, expected: UInt64(wanted.rawValue),
        found: UInt64(spaces.space(of: address)?.kind.rawValue ?? 0xFF), "pool of an allocation")
      return
    }
    let isLarge = facts.isLarge(allocation)
    let alignment = isLarge ? facts.pageBytes : facts.unitBytes
    let past = (isLarge ? address : address &- facts.headerBytes) & (alignment &- 1)
    if past != 0 {
      findings.report(
        .liveAlignment, at: address, expected: 0, found: past,
        "bytes past the alignment of \(alignment)")
      return
    }
    findings.report(
      isLarge ? .bigTableMissing : .liveBlock, at: address, expected: 1, found: 0,
      isLarge
        ? "entries of the big-page table" : "blocks in use with their body at the address")
  }

  /// Looks for allocations that share bytes. Allocations that were all found in blocks of a sound
  /// page cannot, so this sort is only paid for when some were not.
  private mutating func auditOverlaps(_ live: LiveAllocations) {
    var ranges: [(start: Address, end: Address)] = []
    ranges.reserveCapacity(live.count)
    live.forEach { address, allocation in
      let end = address.addingReportingOverflow(max(allocation.requestedBytes, 1))
      ranges.append((address, end.overflow ? .max : end.partialValue))
    }
    ranges.sort { $0.start < $1.start }
    var furthest: Address = 0
    for range in ranges {
      if range.start < furthest {
        findings.report(
          .liveOverlap, at: range.start, expected: furthest, found: range.start,
          "the end of the allocation before, at most the start of the next")
      }
      furthest = max(furthest, range.end)
    }
  }
}

// The contents of live memory: whatever its owner did not write over still shows the pattern that
// the replay filled it with.

extension PoolAudit {
  /// Bytes that the first tier reads at each end of a live block: what links and headers would hit.
  static let edgeBytes: UInt64 = 16

  /// Compares the bytes of an allocation with its pattern; reports the first that differs.
  mutating func auditPattern(
    _ view: PoolView, _ address: Address, _ allocation: LiveAllocation, _ depth: WalkedPage.Depth
  ) {
    guard let seed = allocation.patternSeed else { return }
    let pattern = FillPattern(seed: seed)
    let bytes = allocation.requestedBytes
    guard depth == .touched, bytes > Self.edgeBytes &* 2 else {
      _ = comparePattern(view, address, pattern, allocation, from: 0, to: bytes)
      return
    }
    if comparePattern(view, address, pattern, allocation, from: 0, to: Self.edgeBytes) {
      let last = (bytes &- Self.edgeBytes) & ~7
      _ = comparePattern(view, address, pattern, allocation, from: last, to: bytes)
    }
  }

  /// Compares a range, less what the owner has written; false where a byte differs.
  private mutating func comparePattern(
    _ view: PoolView, _ address: Address, _ pattern: FillPattern, _ allocation: LiveAllocation,
    from: UInt64, to: UInt64
  ) -> Bool {
    let before = min(to, allocation.writtenFrom)
    let after = max(from, allocation.writtenTo)
    if allocation.writtenTo == 0 { return compare(view, address, pattern, from, to) }
    return (from >= before || compare(view, address, pattern, from, before))
      && (after >= to || compare(view, address, pattern, after, to))
  }

  private mutating func compare(
    _ view: PoolView, _ address: Address, _ pattern: FillPattern, _ from: UInt64, _ to: UInt64
  ) -> Bool {
    if from < to, let host = view.bytes(at: address &+ from, count: to &- from),
      pattern.isShown(at: host - Int(from), from: from, to: to)
    {
      return true
    }
    // Some byte differs or is not mapped; the first such one is told.
    var position = from
    while position < to {
      if position & 7 == 0, to &- position >= 8 {
        guard let word = view.word64(address &+ position) else {
          return reportPattern(view, address &+ position, pattern, position)
        }
        if word == pattern.word(at: position &>> 3) {
          position &+= 8
          continue
        }
      }
      guard view.byte(address &+ position) == pattern.byte(at: position) else {
        return reportPattern(view, address &+ position, pattern, position)
      }
      position &+= 1
    }
    return true
  }

  private mutating func reportPattern(
    _ view: PoolView, _ address: Address, _ pattern: FillPattern, _ position: UInt64
  ) -> Bool {
    findings.report(
      .livePattern, at: address, expected: UInt64(pattern.byte(at: position)),
      found: view.byte(address).map(UInt64.init) ?? .max,
      "byte \(position) of a live allocation")
    return false
  }
}

// The contents of live memory, read where they lie.

extension LiveAllocation {
  /// True where the bytes from `from` up to `to` of the allocation show its pattern, but for what its
  /// owner has written. What was `filled` just before is not read again.
  func showsPattern(
    _ host: UnsafeRawPointer, from: UInt64, to: UInt64, filled: FilledMemory? = nil
  ) -> Bool {
    guard let seed = patternSeed else { return true }
    if let filled, filled.covers(host, before: to, seed: seed) {
      assert(showsPattern(host, from: from, to: to), "a store behind the fill")
      return true
    }
    let pattern = FillPattern(seed: seed)
    if writtenTo == 0 { return pattern.isShown(at: host, from: from, to: to) }
    let before = min(to, writtenFrom)
    let after = max(from, writtenTo)
    return (from >= before || pattern.isShown(at: host, from: from, to: before))
      && (after >= to || pattern.isShown(at: host, from: after, to: to))
  }
}
