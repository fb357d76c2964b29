import struct KernelPool.HeaderLayout
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import typealias KernelPool.Address

// What cheap checks ask first: is there anything to report? The answer reads host memory directly,
// and only the block of the operation with what lies before and right behind it. Where it is no, or
// the case is a rare one, the rules that report look again, at the whole page.

extension PoolAudit {
  /// True where the headers of a page up to the one behind `sought` tile it, the block there is what
  /// its caller asked for, and the links of free blocks next to it are sound.
  func looksSound(
    _ view: PoolView, _ live: LiveAllocations, _ number: Int, _ page: Address, _ sought: Address
  ) -> Bool {
    guard facts.profile.deferredFreeType == .inUse else { return false }
    let host = view.initialPool + number &<< Int(facts.pageShift)
    let unitsPerPage = facts.unitsPerPage
    let shift = facts.unitShift
    let layout = facts.header
    let soughtUnit = ((sought & facts.pageMask) &- facts.headerBytes) &>> shift
    let firstWord = host.loadUnaligned(as: UInt32.self)
    let index = layout.poolIndex.get(firstWord)
    guard let descriptor = quickDescriptor(view, index) else { return false }
    let isIndexKept = facts.profile.poolIndexRule != .stale
    var unit: UInt64 = 0
    var previousUnits: UInt64 = 0
    var isAfterFree = false
    var hasInUse = false
    var isPast = false
    var block = (unit: UInt64(0), units: UInt64(0), isFree: false)
    while unit < unitsPerPage {
      let word = host.loadUnaligned(fromByteOffset: Int(unit &<< shift), as: UInt32.self)
      let units = UInt64(layout.blockSize.get(word))
      let isFree = layout.poolType.get(word) == 0
      guard UInt64(layout.previousSize.get(word)) == previousUnits,
        units &- 1 < unitsPerPage &- unit,
        !(isFree && isAfterFree), !isIndexKept || layout.poolIndex.get(word) == index
      else { return false }
      if unit <= soughtUnit {
        if isFree, unit &+ units >= soughtUnit,
          !hasSoundLinks(view, host, page, unit, units, descriptor)
        {
          return false
        }
        block = (unit, units, isFree)
      } else if !isPast {
        isPast = true
        if isFree, !hasSoundLinks(view, host, page, unit, units, descriptor) { return false }
      }
      hasInUse = hasInUse || !isFree
      if isPast, hasInUse { break }
      isAfterFree = isFree
      previousUnits = units
      unit &+= units
    }
    guard hasInUse else { return false }
    if block.isFree { return true }
    return isQuicklySound(view, live, host, page, block.unit, block.units, descriptor)
  }

  /// The descriptor of nonpaged pages whose headers name this index.
  @inline(__always) private func quickDescriptor(_ view: PoolView, _ index: UInt32) -> Int? {
    let first = view.descriptors[0]
    guard first.kind == .nonPaged else { return nil }
    return facts.profile.poolIndexRule == .stale || first.index == index ? 0 : nil
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
    let inPool = neighbour &- facts.profile.nonPagedBase
    if inPool < UInt64(spaces.initialCount) &<< facts.pageShift &- 16 {
      return word(view.initialPool, inPool &+ offset) & ~facts.linkBit == entry
    }
    guard neighbour == head, let found = facts.link(view, at: head &+ offset) else { return false }
    return found == entry
  }

  /// True where a block in use is what its caller asked for. Types with rules of their own, and
  /// blocks that wait, take the longer way.
  private func isQuicklySound(
    _ view: PoolView, _ live: LiveAllocations, _ host: UnsafeRawPointer, _ page: Address,
    _ unit: UInt64, _ units: UInt64, _ descriptor: Int
  ) -> Bool {
    let offset = unit &<< facts.unitShift
    guard units >= facts.profile.smallestBlockUnits else { return false }
    guard let position = live.position(of: page &+ offset &+ facts.headerBytes) else {
      // A block that waits: cheap checks do not know of whom.
      return facts.profile.cacheAlignment != .secondHeader
    }
    let allocation = live.allocation(at: position)
    let word = host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
    let tag = host.loadUnaligned(
      fromByteOffset: Int(offset &+ HeaderLayout.tagOffset), as: UInt32.self)
    let wanted =
      (max(allocation.requestedBytes, 1) &+ facts.headerBytes &+ facts.unitBytes &- 1)
      &>> facts.unitShift
    guard allocation.type.rawValue == 0, allocation.patternSeed == nil,
      allocation.requestedBytes <= facts.largestSmallRequest,
      max(wanted, facts.profile.smallestBlockUnits) == units, tag == allocation.tag.word
    else { return false }
    return facts.header.poolType.get(word) == facts.stored(allocation.type)
  }

  // MARK: Tables and runs

  /// True where the row of an allocation's tag shows what the operations so far come to.
  func isTagRowSound(_ view: PoolView, _ allocation: LiveAllocation) -> Bool {
    let tag = allocation.tag.unprotected
    guard tag.word != 0, tag != .pool, books.tagDrift.isEmpty, books.rowDrift.isEmpty,
      let row = trackerRow(view, of: tag),
      let host = view.bytes(at: rowAddress(view, row), count: facts.profile.trackerRowBytes)
    else { return false }
    let sum = books.tags[tag, isPaged: allocation.type.isPaged]
    let columns = columns(isPaged: allocation.type.isPaged)
    let allocations = host.loadUnaligned(
      fromByteOffset: Int(columns.allocations), as: UInt32.self)
    let frees = host.loadUnaligned(fromByteOffset: Int(columns.frees), as: UInt32.self)
    return UInt64(allocations &- frees) == sum.allocations & 0xFFFF_FFFF
      && word(host, columns.bytes) == sum.bytes & facts.wordMask
  }

  /// True where the first and last runs of the lists point back at their heads and are on the right
  /// list.
  func areRunHeadsSound(_ view: PoolView) -> Bool {
    guard facts.profile.nonPagedPages == .runLists else { return true }
    let heads = view.variables.freeRunHeads
    let headBytes = facts.wordBytes &* 2
    guard let host = view.bytes(at: heads, count: 4 &* headBytes) else { return false }
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
