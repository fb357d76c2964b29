import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct PoolWalk.BigPageEntry
import struct PoolWalk.HeaderFields
import struct PoolWalk.RingWalk

// The first tier: only what an operation touched. It reads the block of the operation with what lies
// right before and behind it, the links of free ones among the three, the marks and bits of the pages
// concerned, the big-page entry, the tag row and the heads of the lists of free runs. It only says
// whether all is well there: where it is not, the complete audit gives the verdict. What an operation
// breaks far away is left to the other tiers.

/// What an operation did with the block that is looked at.
private enum BlockChange {
  /// It was handed out.
  case allocated
  /// It was given back, and is free, part of a larger free block, or waits.
  case released
}

/// Headers of a page, read where they lie.
private struct PageHeaders {
  let host: UnsafeRawPointer
  let layout: HeaderLayout
  let shift: UInt64
  let unitsPerPage: UInt64
  /// The descriptor's index, and the bits of it that headers keep: none where they are stale.
  let index: UInt32
  let indexMask: UInt32

  @inline(__always) subscript(unit: UInt64) -> HeaderFields {
    HeaderFields(
      host.loadUnaligned(fromByteOffset: Int(unit &<< shift), as: UInt32.self), layout)
  }

  /// True where a header's index is right, and its size within the page.
  @inline(__always) func isInPage(_ fields: HeaderFields, _ unit: UInt64) -> Bool {
    (fields.poolIndex ^ index) & indexMask == 0 && fields.units &- 1 < unitsPerPage &- unit
  }
}

extension PoolAudit {
  /// True where what one operation touched keeps every rule. Its time does not depend on the size of
  /// the pool.
  mutating func isSound(
    _ view: PoolView, _ live: LiveAllocations, touched: TouchedByOperation
  ) -> Bool {
    if facts.profile.deferredFrees, facts.profile.deferredFreeType == .free {
      // Free blocks and waiting ones look alike then.
      findings = Findings()
      waiting.removeAll()
      collectDeferred(view)
      guard findings.violations.isEmpty else { return false }
    }
    guard areRunHeadsSound(view) else { return false }
    return switch touched {
    case .nothing: true
    case .allocation(let slot, _):
      isAllocationSound(view, live, live[slot: slot].address, live.allocation(at: slot))
    case .release(let address, let slot):
      isReleaseSound(view, live, address, slot.map { live.allocation(at: $0) })
    case .store(let address, let byteCount): isStoreSound(view, live, address, byteCount)
    }
  }

  private mutating func isAllocationSound(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ allocation: LiveAllocation
  ) -> Bool {
    guard spaces.page(of: address) != nil else { return allocation.isContiguous }
    guard isTagRowSound(view, allocation) else { return false }
    return facts.isPageAligned(address)
      ? arePagesSound(view, address, allocation)
      : isPageSound(view, live, address, .allocated)
  }

  private mutating func isReleaseSound(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ allocation: LiveAllocation?
  ) -> Bool {
    if let allocation, !isTagRowSound(view, allocation) { return false }
    guard spaces.page(of: address) != nil else { return true }
    guard facts.isPageAligned(address) else { return isPageSound(view, live, address, .released) }
    // A resized table may have taken the freed pages, and a fragment's page may have stayed.
    return bigPlace(view, of: address) == nil || live[address] != nil
  }

  private mutating func isStoreSound(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ byteCount: UInt64
  ) -> Bool {
    var page = facts.page(of: address)
    let end = address &+ min(byteCount, facts.pageBytes &* 4)
    while page < end {
      guard isPageSound(view, live, page, nil) else { return false }
      page &+= facts.pageBytes
    }
    return true
  }

  // MARK: Whole pages

  /// True where the entry, and the marks or bits at both ends, of pages that were just allocated are
  /// theirs.
  private func arePagesSound(
    _ view: PoolView, _ address: Address, _ allocation: LiveAllocation
  ) -> Bool {
    let pages = facts.largePages(facts.effectiveBytes(allocation))
    guard areEndsSound(view, address, pages: pages) else { return false }
    if shadow.isUntracked(address) { return true }
    guard let place = bigPlace(view, of: address), let entry = BigPageEntry(view, at: place)
    else { return false }
    return facts.isEntry(entry, of: allocation)
  }

  private func areEndsSound(_ view: PoolView, _ address: Address, pages: UInt64) -> Bool {
    guard let space = spaces.space(of: address), pages > 0 else { return true }
    let last = address &+ (pages &- 1) &<< facts.pageShift
    let isNonPaged = space.kind == .nonPaged
    if isNonPaged {
      guard view.marks(ofPageAt: address)?.contains(.start) ?? false,
        view.marks(ofPageAt: last)?.contains(.end) ?? false
      else { return false }
    }
    guard let bitmap = bitmap(view, space.kind) else { return true }
    func isSet(_ map: Address, _ page: Address) -> Bool {
      bit(view, map, (page &- space.base) &>> facts.pageShift) ?? false
    }
    return isSet(bitmap.allocationMap, address) && isSet(bitmap.allocationMap, last)
      && (isNonPaged || isSet(bitmap.endMap, last))
  }

  // MARK: Blocks

  /// Looks at the block of an address if small blocks have its page; walks the page where the block
  /// does not look sound, as those of rare types do not, and where it is not known what changed.
  @inline(__always)
  private mutating func isPageSound(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address, _ change: BlockChange?
  ) -> Bool {
    let page = address & ~factsAddress.pointee.pageMask
    guard let number = spacesAddress.pointee.page(of: page) else { return true }
    let marks =
      number < spacesAddress.pointee.initialCount
      ? view.marks(ofInitialPage: number) : view.marks(ofPageAt: page) ?? []
    guard marks.contains(.smallBlocks) else { return true }
    if let change, isBlockSound(view, live, number, page, address, change) { return true }
    return isWholePageSound(view, live, page, address, change)
  }

  @inline(never)
  private mutating func isWholePageSound(
    _ view: PoolView, _ live: LiveAllocations, _ page: Address, _ address: Address,
    _ change: BlockChange?
  ) -> Bool {
    findings = Findings()
    let walk = WalkedPage(page: page, firstUnit: 0, depth: .touched, sought: address)
    let summary = auditBlocks(view, live, walk)
    return findings.violations.isEmpty && (change != .allocated || summary.hasSought)
  }

  /// True where the block of an operation fits between the one before and the one behind, is what
  /// its caller asked for, and the links of free ones among the three are sound.
  private func isBlockSound(
    _ view: PoolView, _ live: LiveAllocations, _ number: Int, _ page: Address, _ sought: Address,
    _ change: BlockChange
  ) -> Bool {
    let facts = factsAddress
    let inPage = (sought & facts.pointee.pageMask) &- facts.pointee.headerBytes
    guard facts.pointee.profile.deferredFreeType == .inUse, inPage < facts.pointee.pageBytes,
      inPage & (facts.pointee.unitBytes &- 1) == 0,
      let host = host(view, number, page),
      let descriptor = descriptor(view, host, page)
    else { return false }
    let shift = facts.pointee.unitShift
    let isKept = facts.pointee.profile.poolIndexRule != .stale
    let headers = PageHeaders(
      host: host, layout: facts.pointee.header, shift: shift,
      unitsPerPage: facts.pointee.unitsPerPage, index: view.descriptors[descriptor].index,
      indexMask: isKept ? .max : 0)
    var unit = inPage &>> shift
    var fields = headers[unit]
    if change == .released { mergeBackwards(headers, &unit, &fields) }
    guard headers.isInPage(fields, unit) else { return false }
    let isFree = fields.type == 0
    guard areNeighboursSound(view, headers, page, unit, fields, descriptor) else { return false }
    guard isFree else {
      return isInUseSound(view, live, headers, page, unit, fields, descriptor, change)
    }
    return change == .released && fields.units != headers.unitsPerPage
      && areLinksSound(view, headers, page, unit, fields.units, descriptor)
  }

  /// The host bytes of a page.
  @inline(__always)
  private func host(_ view: PoolView, _ number: Int, _ page: Address) -> UnsafeRawPointer? {
    number < spacesAddress.pointee.initialCount
      ? view.initialPool + number &<< Int(factsAddress.pointee.pageShift)
      : view.bytes(at: page, count: factsAddress.pointee.pageBytes)
  }

  /// The position of the descriptor that the page's first header names.
  @inline(__always)
  private func descriptor(
    _ view: PoolView, _ host: UnsafeRawPointer, _ page: Address
  ) -> Int? {
    let index = factsAddress.pointee.header.poolIndex.get(host.loadUnaligned(as: UInt32.self))
    let first = view.descriptors[0]
    if first.kind == .nonPaged, first.index == index,
      page &- spacesAddress.pointee.firstBase < spacesAddress.pointee.firstBytes
    {
      return 0
    }
    return descriptor(view, ofPageAt: page, index: index)
  }

  /// A freed block's header stays behind where the block was merged with the free one before it:
  /// then that one is looked at.
  @inline(__always)
  private func mergeBackwards(
    _ headers: PageHeaders, _ unit: inout UInt64, _ fields: inout HeaderFields
  ) {
    let before = fields.previousUnits
    guard before != 0, before <= unit else { return }
    let previous = headers[unit &- before]
    guard previous.type == 0, previous.units > before else { return }
    unit &-= before
    fields = previous
  }

  @inline(__always)
  private func areNeighboursSound(
    _ view: PoolView, _ headers: PageHeaders, _ page: Address, _ unit: UInt64,
    _ fields: HeaderFields, _ descriptor: Int
  ) -> Bool {
    let isFree = fields.type == 0
    let before = fields.previousUnits
    if unit == 0 {
      guard before == 0 else { return false }
    } else {
      guard before != 0, before <= unit else { return false }
      let previous = headers[unit &- before]
      guard previous.units == before, headers.isInPage(previous, unit &- before)
      else { return false }
      if previous.type == 0 {
        guard !isFree,
          areLinksSound(view, headers, page, unit &- before, before, descriptor)
        else { return false }
      }
    }
    let end = unit &+ fields.units
    guard end < headers.unitsPerPage else { return true }
    let next = headers[end]
    guard next.previousUnits == fields.units, headers.isInPage(next, end) else { return false }
    guard next.type == 0 else { return true }
    return !isFree && areLinksSound(view, headers, page, end, next.units, descriptor)
  }

  @inline(__always)
  private func areLinksSound(
    _ view: PoolView, _ headers: PageHeaders, _ page: Address, _ unit: UInt64, _ units: UInt64,
    _ descriptor: Int
  ) -> Bool {
    guard units >= facts.profile.smallestListedUnits else { return true }
    let offset = unit &<< headers.shift &+ facts.headerBytes
    return areLinksSound(
      view, headers.host + Int(offset), of: page &+ offset, units: units, descriptor)
  }

  /// True where both neighbours of a free block point back at it, and a head among them is that of
  /// its size. Its own links are read from `host`.
  func areLinksSound(
    _ view: PoolView, _ host: UnsafeRawPointer, of entry: Address, units: UInt64, _ descriptor: Int
  ) -> Bool {
    let next = facts.pointer(host, 0) & ~facts.linkBit
    let back = facts.pointer(host, facts.wordBytes) & ~facts.linkBit
    let head =
      view.descriptors[descriptor].listHeads &+ (units &- 1) &* (facts.wordBytes &* 2)
    return points(view, next, at: facts.wordBytes, to: entry, head: head)
      && points(view, back, at: 0, to: entry, head: head)
  }

  /// True where the link at an offset of a neighbour leads to `entry`, and the neighbour is the
  /// right head or no head.
  @inline(__always)
  private func points(
    _ view: PoolView, _ neighbour: Address, at offset: UInt64, to entry: Address, head: Address
  ) -> Bool {
    let inPool = neighbour &- spacesAddress.pointee.firstBase
    if inPool < spacesAddress.pointee.firstBytes &- 16 {
      return facts.pointer(view.initialPool, inPool &+ offset) & ~facts.linkBit == entry
    }
    guard neighbour == head || spaces.page(of: neighbour) != nil,
      let found = facts.link(view, at: neighbour &+ offset)
    else { return false }
    return found == entry
  }

  /// True where a block in use is what its caller asked for. Types with rules of their own take
  /// the longer way, and a released block that is in use still waits: this tier does not know of
  /// whom.
  @inline(__always)
  private func isInUseSound(
    _ view: PoolView, _ live: LiveAllocations, _ headers: PageHeaders, _ page: Address,
    _ unit: UInt64, _ fields: HeaderFields, _ descriptor: Int, _ change: BlockChange
  ) -> Bool {
    let facts = factsAddress
    let offset = unit &<< headers.shift &+ facts.pointee.headerBytes
    guard fields.units >= facts.pointee.profile.smallestBlockUnits else { return false }
    guard let position = live.position(of: page &+ offset) else {
      return change == .released && !facts.pointee.hasSecondHeaders
    }
    let allocation = live.allocation(at: position)
    let tag = headers.host.loadUnaligned(
      fromByteOffset: Int(unit &<< headers.shift &+ HeaderLayout.tagOffset), as: UInt32.self)
    let found = HeldHeader(
      units: fields.units, type: fields.type, tag: tag, pool: view.descriptors[descriptor].kind)
    guard facts.pointee.isPlain(allocation), facts.pointee.header(of: allocation) == found
    else { return false }
    guard allocation.patternSeed != nil else { return true }
    let bytes = allocation.requestedBytes
    let host = headers.host + Int(offset)
    let edge = Self.edgeBytes
    guard bytes > edge &* 2 else { return allocation.showsPattern(host, from: 0, to: bytes) }
    return allocation.showsPattern(host, from: 0, to: edge)
      && allocation.showsPattern(host, from: (bytes &- edge) & ~7, to: bytes)
  }

  // MARK: Tables and runs

  /// True where the row of an allocation's tag shows what the operations so far come to. The rows of
  /// two tags hold more than callers' allocations; the complete audit knows how much.
  private mutating func isTagRowSound(_ view: PoolView, _ allocation: LiveAllocation) -> Bool {
    let tag = allocation.tag.unprotected
    guard tag.word != 0, tag != .pool, let host = rowHost(view, tag) else { return true }
    let isPaged = allocation.type.isPaged
    guard shadow.hasDrift else {
      return facts.sum(inRow: host, isPaged: isPaged)
        == facts.counted(shadow.tags[tag, isPaged: isPaged])
    }
    guard let row = trackerRow(view, of: tag) else { return true }
    let expected =
      shadow.tags[tag, isPaged: isPaged] + shadow.drift(of: tag, isPaged: isPaged)
      + shadow.drift(ofRow: row, isPaged: isPaged)
    return facts.sum(inRow: host, isPaged: isPaged) == facts.counted(expected)
  }

  /// The host bytes of a tag's row. Most operations have the tag of the one before, and a row with
  /// the tag's key is the tag's as long as the table is where it was.
  @inline(__always)
  private mutating func rowHost(_ view: PoolView, _ tag: PoolTag) -> UnsafeRawPointer? {
    let table = view.variablesAddress.pointee.trackerTable
    if let host = lastRow.host, lastRow.tag == tag, lastRow.table == table,
      host.loadUnaligned(as: UInt32.self) == tag.word
    {
      return host
    }
    guard let row = trackerRow(view, of: tag),
      let host = view.bytes(
        at: rowAddress(view, row), count: factsAddress.pointee.profile.trackerRowBytes)
    else { return nil }
    lastRow = (tag, table, host)
    return host
  }

  /// True where the first and last runs of the lists point back at their heads and are on the right
  /// list. Heads that are as they were at the last look need no other.
  private mutating func areRunHeadsSound(_ view: PoolView) -> Bool {
    guard factsAddress.pointee.profile.nonPagedPages == .runLists else { return true }
    let heads = view.variablesAddress.pointee.freeRunHeads
    let headBytes = factsAddress.pointee.wordBytes &* 2
    if runHeads.address != heads {
      runHeads = RunHeads(address: heads, host: view.bytes(at: heads, count: 4 &* headBytes))
    }
    guard let host = runHeads.host else { return false }
    let words = (Int(headBytes) &* 4) &>> 3
    var difference: UInt64 = 0
    for index in 0..<words {
      let word = host.loadUnaligned(fromByteOffset: index &<< 3, as: UInt64.self)
      difference |= word ^ runHeads.words[index]
    }
    if difference == 0 { return true }
    for list in 0..<4 as Range<UInt64> {
      guard isRunHeadSound(view, heads &+ list &* headBytes, list) else { return false }
    }
    for index in 0..<words {
      runHeads.words[index] = host.loadUnaligned(fromByteOffset: index &<< 3, as: UInt64.self)
    }
    return true
  }

  private func isRunHeadSound(_ view: PoolView, _ head: Address, _ list: UInt64) -> Bool {
    guard let links = RingWalk.Links(view, at: head),
      view.pointer(links.storedNext &+ facts.wordBytes) == head,
      view.pointer(links.storedBack) == head
    else { return false }
    return links.storedNext == head
      || view.word32(links.storedNext &+ facts.wordBytes &* 2).map(PoolFacts.runList) == list
  }
}
