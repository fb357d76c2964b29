import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import typealias KernelPool.Address
import struct PoolWalk.HeaderFields

// What cheap checks ask first: is there anything to report? The answer reads host memory directly,
// and only the block of the operation with what lies right before and behind it. Where it is no, or
// the case is a rare one, the rules that report look again, at the whole page.

/// What an operation did with the block that is looked at.
enum BlockChange {
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
  /// True where the block of an operation fits between the one before and the one behind, is what
  /// its caller asked for, and the links of free ones among the three are sound.
  func looksSound(
    _ view: PoolView, _ live: LiveAllocations, _ number: Int, _ page: Address, _ sought: Address,
    _ change: BlockChange
  ) -> Bool {
    let facts = factsAddress
    let inPage = (sought & facts.pointee.pageMask) &- facts.pointee.headerBytes
    guard facts.pointee.profile.deferredFreeType == .inUse, inPage < facts.pointee.pageBytes,
      inPage & (facts.pointee.unitBytes &- 1) == 0,
      let host = host(view, number, page),
      let descriptor = quickDescriptor(view, host, page)
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
      return isQuicklySound(view, live, headers, page, unit, fields, descriptor, change)
    }
    return change == .released && fields.units != headers.unitsPerPage
      && hasSoundLinks(view, host, page, unit, fields.units, descriptor)
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
  private func quickDescriptor(
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
          hasSoundLinks(view, headers.host, page, unit &- before, before, descriptor)
        else { return false }
      }
    }
    let end = unit &+ fields.units
    guard end < headers.unitsPerPage else { return true }
    let next = headers[end]
    guard next.previousUnits == fields.units, headers.isInPage(next, end) else { return false }
    guard next.type == 0 else { return true }
    return !isFree && hasSoundLinks(view, headers.host, page, end, next.units, descriptor)
  }

  /// True where both neighbours of a free block point back at it, and a head among them is that of
  /// its size.
  private func hasSoundLinks(
    _ view: PoolView, _ host: UnsafeRawPointer, _ page: Address, _ unit: UInt64, _ units: UInt64,
    _ descriptor: Int
  ) -> Bool {
    guard units >= facts.profile.smallestListedUnits else { return true }
    let offset = unit &<< facts.unitShift &+ facts.headerBytes
    let entry = page &+ offset
    let next = word(host, offset) & ~facts.linkBit
    let back = word(host, offset &+ facts.wordBytes) & ~facts.linkBit
    let head =
      view.descriptors[descriptor].listHeads &+ (units &- 1) &* (facts.wordBytes &* 2)
    return points(view, next, at: facts.wordBytes, to: entry, head: head)
      && points(view, back, at: 0, to: entry, head: head)
  }

  @inline(__always)
  private func word(_ host: UnsafeRawPointer, _ offset: UInt64) -> Address {
    facts.wordBytes == 8
      ? host.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self)
      : UInt64(host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self))
  }

  /// True where the link at an offset of a neighbour leads to `entry`, and the neighbour is the
  /// right head or no head.
  @inline(__always)
  private func points(
    _ view: PoolView, _ neighbour: Address, at offset: UInt64, to entry: Address, head: Address
  ) -> Bool {
    let inPool = neighbour &- spacesAddress.pointee.firstBase
    if inPool < spacesAddress.pointee.firstBytes &- 16 {
      return word(view.initialPool, inPool &+ offset) & ~facts.linkBit == entry
    }
    guard neighbour == head || spaces.page(of: neighbour) != nil,
      let found = facts.link(view, at: neighbour &+ offset)
    else { return false }
    return found == entry
  }

  /// True where a block in use is what its caller asked for. Types with rules of their own take
  /// the longer way, and a released block that is in use still waits: cheap checks do not know of
  /// whom.
  @inline(__always)
  private func isQuicklySound(
    _ view: PoolView, _ live: LiveAllocations, _ headers: PageHeaders, _ page: Address,
    _ unit: UInt64, _ fields: HeaderFields, _ descriptor: Int, _ change: BlockChange
  ) -> Bool {
    let facts = factsAddress
    let offset = unit &<< headers.shift &+ facts.pointee.headerBytes
    guard fields.units >= facts.pointee.profile.smallestBlockUnits else { return false }
    guard let position = live.position(of: page &+ offset) else {
      return change == .released && facts.pointee.profile.cacheAlignment != .secondHeader
    }
    let allocation = live.allocation(at: position)
    let tag = headers.host.loadUnaligned(
      fromByteOffset: Int(unit &<< headers.shift &+ HeaderLayout.tagOffset), as: UInt32.self)
    let bytes = allocation.requestedBytes
    guard allocation.type.rawValue & PoolFacts.sizingBits == 0,
      bytes <= facts.pointee.largestSmallRequest,
      facts.pointee.units(bytes, allocation.type) == fields.units,
      tag == allocation.tag.word, facts.pointee.stored(allocation.type) == fields.type,
      facts.pointee.kind(allocation.type) == view.descriptors[descriptor].kind
    else { return false }
    guard allocation.patternSeed != nil else { return true }
    let host = headers.host + Int(offset)
    let edge = Self.edgeBytes
    guard bytes > edge &* 2 else { return allocation.showsPattern(host, from: 0, to: bytes) }
    return allocation.showsPattern(host, from: 0, to: edge)
      && allocation.showsPattern(host, from: (bytes &- edge) & ~7, to: bytes)
  }

  // MARK: Tables and runs

  /// True where the row of an allocation's tag shows what the operations so far come to.
  mutating func isTagRowSound(_ view: PoolView, _ allocation: LiveAllocation) -> Bool {
    let tag = allocation.tag.unprotected
    guard tag.word != 0, tag != .pool, !books.hasDrift, let host = rowHost(view, tag)
    else { return false }
    let isPaged = allocation.type.isPaged
    let sum = books.tags[tag, isPaged: isPaged]
    let columns = columns(isPaged: isPaged)
    let allocations = host.loadUnaligned(
      fromByteOffset: Int(columns.allocations), as: UInt32.self)
    let frees = host.loadUnaligned(fromByteOffset: Int(columns.frees), as: UInt32.self)
    return UInt64(allocations &- frees) == sum.allocations & 0xFFFF_FFFF
      && word(host, columns.bytes) == sum.bytes & factsAddress.pointee.wordMask
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
  mutating func areRunHeadsSound(_ view: PoolView) -> Bool {
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
    guard areRunsSound(view, host, heads, headBytes) else { return false }
    for index in 0..<words {
      runHeads.words[index] = host.loadUnaligned(fromByteOffset: index &<< 3, as: UInt64.self)
    }
    return true
  }

  private func areRunsSound(
    _ view: PoolView, _ host: UnsafeRawPointer, _ heads: Address, _ headBytes: UInt64
  ) -> Bool {
    let limit = UInt64(spaces.initialCount) &<< facts.pageShift &- 64
    for list in 0..<4 as Range<UInt64> {
      let head = heads &+ list &* headBytes
      let first = word(host, list &* headBytes)
      let last = word(host, list &* headBytes &+ facts.wordBytes)
      if first == head, last == head { continue }
      let inFirst = first &- facts.profile.nonPagedBase
      let inLast = last &- facts.profile.nonPagedBase
      guard inFirst < limit, inLast < limit else { return false }
      let count = view.initialPool.loadUnaligned(
        fromByteOffset: Int(inFirst &+ headBytes), as: UInt32.self)
      guard word(view.initialPool, inFirst &+ facts.wordBytes) == head,
        word(view.initialPool, inLast) == head, UInt64(max(min(count, 4), 1)) &- 1 == list
      else { return false }
    }
    return true
  }
}

/// The heads of the lists of free runs as the last look found them sound.
struct RunHeads {
  var address: Address = 0
  var host: UnsafeRawPointer?
  /// Eight words of eight bytes at most.
  var words = [UInt64](repeating: 0, count: 8)
}
