import typealias KernelPool.Address
import struct KernelPool.HeaderLayout
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct PoolWalk.HeaderFields

/// A page of small blocks, or the tail behind a large allocation, with the host bytes behind it.
struct ExaminedPage {
  let page: Int
  /// What its record says of its blocks.
  let bits: PageRecords.Bits
  let base: Address
  let host: UnsafeRawPointer
  let descriptor: Int
  let firstUnit: Int

  /// True behind a large allocation.
  var isTail: Bool { firstUnit != 0 }
}

/// A block that a walk just came by.
struct FoundBlock: BitwiseCopyable {
  var unit: Int32
  var units: Int32
  var isFree: Bool
}

/// Where the last pattern comparison has to look: the bytes of a page that changed.
struct ChangedBytes {
  var from: UInt64
  var to: UInt64
}

// Blocks under changed lines are walked again, from the block in which the first changed line lies
// to one that starts where a block started before and whose header did not change. What the page's
// record says of that stretch is taken out of the cache, what the walk found goes in.

extension IncrementalAudit {
  /// The page of a record, ready to be looked at; nil where it cannot be read.
  mutating func open(_ view: PoolView, page: Int, record: Int) -> ExaminedPage? {
    let base = spaces.address(of: page)
    let found: UnsafeRawPointer?
    // Pages of the initial pool are always mapped, and one with a record was accessed before.
    if page < spaces.initialCount, let poolHost, !isRebuilding {
      found = poolHost + page &<< Int(facts.pageShift)
    } else {
      found = view.bytes(at: base, count: facts.pageBytes)
    }
    guard let host = found else {
      fallBack()
      return nil
    }
    return ExaminedPage(
      page: page, bits: records.bits(record), base: base, host: host,
      descriptor: records.descriptor(record), firstUnit: records.firstUnit(record))
  }

  /// Looks at the blocks under changed lines, one bit for each line of the page.
  mutating func examine(_ view: PoolView, _ live: LiveAllocations, page: Int, lines: UInt64) {
    guard let record = records.number(of: page),
      let opened = open(view, page: page, record: record)
    else { return }
    let lineShift = WriteJournalLine.shift
    var left = lines
    while left != 0, fallback == nil {
      let first = UInt64(left.trailingZeroBitCount)
      let run = UInt64((~(left &>> first)).trailingZeroBitCount)
      let end = first &+ run
      left = end >= 64 ? 0 : left & (.max &<< end)
      let changed = ChangedBytes(from: first &<< lineShift, to: end &<< lineShift)
      examine(
        view, live, opened, from: Int(changed.from &>> facts.unitShift),
        to: Int((changed.to &+ facts.unitBytes &- 1) &>> facts.unitShift), changed)
    }
  }

  /// Looks at the block that holds an address, all of it.
  mutating func examine(_ view: PoolView, _ live: LiveAllocations, at address: Address) {
    guard let page = spaces.page(of: address), let record = records.number(of: page),
      let opened = open(view, page: page, record: record)
    else { return }
    let unit = Int((address & facts.pageMask) &>> facts.unitShift)
    let whole = ChangedBytes(from: 0, to: facts.pageBytes)
    examine(view, live, opened, from: unit, to: unit &+ 1, whole)
  }

  /// Walks a page that has an empty record.
  mutating func examineWhole(_ view: PoolView, _ live: LiveAllocations, page: Int) {
    guard let record = records.number(of: page),
      let opened = open(view, page: page, record: record)
    else { return }
    let whole = ChangedBytes(from: 0, to: facts.pageBytes)
    examine(
      view, live, opened, from: opened.firstUnit, to: Int(facts.unitsPerPage), whole)
  }

  private mutating func examine(
    _ view: PoolView, _ live: LiveAllocations, _ page: ExaminedPage, from: Int, to end: Int,
    _ changed: ChangedBytes
  ) {
    guard end > page.firstUnit else { return }
    let start =
      page.bits.start(atOrBefore: max(from, page.firstUnit)) ?? page.firstUnit
    found.removeAll()
    guard let stop = walk(page, from: start, to: end) else {
      return fallBack()
    }
    takeOut(page, from: start, to: stop)
    for index in 0..<found.count where fallback == nil {
      putIn(view, live, page, found[index], changed)
    }
    if !page.isTail, !page.bits.hasInUse() { fallBack() }
  }

  // MARK: Headers

  /// Walks the headers from `start` on; returns where the walk meets a block that it need not look
  /// at, or nil where a rule about headers does not hold.
  private mutating func walk(_ page: ExaminedPage, from start: Int, to end: Int) -> Int? {
    // Everything that the loop needs stands in words of its own: a method of the audit called from
    // here had all of the audit copied, which a profile showed to be a tenth of a check.
    let constants = constantsPlace
    let unitsPerPage = constants.pointee.unitsPerPage
    let shift = constants.pointee.unitShift
    let host = page.host
    let firstUnit = page.firstUnit
    let index = constants.pointee.isIndexKept ? descriptors.place(page.descriptor).pointee.index : 0
    let indexMask: UInt32 = constants.pointee.isIndexKept ? .max : 0
    let looksFree = constants.pointee.deferredLooksFree
    let firstBody = page.base &+ constants.pointee.headerBytes
    var unit = start
    var previousUnits: UInt64 = 0
    var isAfterFree = false
    if start > firstUnit {
      guard let before = page.bits.start(atOrBefore: start &- 1) else { return nil }
      previousUnits = UInt64(start &- before)
      let word = host.loadUnaligned(fromByteOffset: before &<< shift, as: UInt32.self)
      isAfterFree = constants.pointee.header.poolType.get(word) == 0
      if isAfterFree, looksFree {
        isAfterFree = !waiting.contains(firstBody &+ UInt64(before) &<< UInt64(shift))
      }
    }
    while true {
      let word = host.loadUnaligned(fromByteOffset: unit &<< shift, as: UInt32.self)
      let fields = HeaderFields(word, constants.pointee.header)
      guard fields.previousUnits == previousUnits, (fields.poolIndex ^ index) & indexMask == 0
      else { return nil }
      var isFree = fields.type == 0
      if isFree, looksFree {
        isFree = !waiting.contains(firstBody &+ UInt64(unit) &<< UInt64(shift))
      }
      if isFree, isAfterFree { return nil }
      if unit >= end, page.bits.bit(.starts, unit) { return unit }
      if unit == firstUnit, firstUnit != 0, !Self.isFragment(host + unit &<< shift, fields) {
        return nil
      }
      let units = Int(truncatingIfNeeded: fields.units)
      guard units > 0, units <= unitsPerPage &- unit else { return nil }
      found.append(FoundBlock(unit: Int32(unit), units: Int32(units), isFree: isFree))
      isAfterFree = isFree
      previousUnits = fields.units
      unit &+= units
      if unit >= unitsPerPage { return unitsPerPage }
    }
  }

  /// True for the one-unit header behind a large allocation.
  private static func isFragment(_ header: UnsafeRawPointer, _ fields: HeaderFields) -> Bool {
    let tag = header.loadUnaligned(
      fromByteOffset: Int(HeaderLayout.tagOffset), as: UInt32.self)
    return fields.units == 1 && fields.type != 0 && tag == PoolTag.fragment.word
  }

  // MARK: The old share

  /// Takes the blocks that the record has between two units out of the cache. A free block that is
  /// still there stays on its list.
  mutating func takeOut(_ page: ExaminedPage, from start: Int, to stop: Int) {
    let bits = page.bits
    guard bits.bit(.starts, start) else { return }
    let tally = tallies.place(page.descriptor)
    touched.descriptors |= 1 &<< UInt64(page.descriptor)
    var unit = start
    var next = 0
    while unit < stop {
      let end = bits.start(after: unit)
      let units = end &- unit
      if bits.bit(.inUse, unit) {
        if !(page.isTail && unit == page.firstUnit) {
          tally.pointee.blocksInUse &-= 1
          tally.pointee.unitsInUse &-= UInt64(units)
          blocksInUse &-= 1
        }
        if bits.bit(.live, unit) { liveBlocks &-= 1 }
        if bits.bit(.charged, unit) { charge(page, units: units, sign: 0 &- 1) }
      } else if units >= constants.smallestListedUnits {
        while next < found.count, Int(found[next].unit) < unit { next &+= 1 }
        let isStill =
          next < found.count && Int(found[next].unit) == unit && found[next].isFree
          && Int(found[next].units) == units
        if !isStill, let number = lists.number(entry(page, unit)) { lists.remove(number) }
      }
      bits.clear(unit)
      unit = end
    }
  }

  @inline(__always) private func entry(_ page: ExaminedPage, _ unit: Int) -> Address {
    page.base &+ UInt64(unit) &<< facts.unitShift &+ facts.headerBytes
  }

  @inline(__always)
  private mutating func charge(_ page: ExaminedPage, units: Int, sign: UInt64) {
    let bytes = (UInt64(units) &<< facts.unitShift) &* sign
    if descriptors[page.descriptor].kind.isPaged {
      charged.paged &+= bytes
    } else {
      charged.nonPaged &+= bytes
    }
  }

  // MARK: The new share

  private mutating func putIn(
    _ view: PoolView, _ live: LiveAllocations, _ page: ExaminedPage, _ block: FoundBlock,
    _ changed: ChangedBytes
  ) {
    let unit = Int(block.unit)
    let units = Int(block.units)
    page.bits.set(.starts, unit)
    touched.descriptors |= 1 &<< UInt64(page.descriptor)
    if block.isFree {
      if units >= constants.smallestListedUnits { list(page, unit, units) }
      return
    }
    page.bits.set(.inUse, unit)
    if page.isTail, unit == page.firstUnit { return }
    let tally = tallies.place(page.descriptor)
    tally.pointee.blocksInUse &+= 1
    tally.pointee.unitsInUse &+= UInt64(units)
    blocksInUse &+= 1
    if units < constants.smallestBlockUnits { fallBack() }
    let body = entry(page, unit)
    let end = body &- facts.headerBytes &+ UInt64(units) &<< facts.unitShift
    if let (address, position) = live.holder(ofBodyAt: body, end: end, facts) {
      page.bits.set(.live, unit)
      liveBlocks &+= 1
      if live.allocation(at: position).type.rawValue & PoolFacts.sizingBits != 0,
        live.allocation(at: position).type.contains(.quota)
      {
        page.bits.set(.charged, unit)
        charge(page, units: units, sign: 1)
      }
      auditHeld(view, live, position, page, block, address, changed)
    } else if !isWaitingSound(page, unit, units, body) {
      fallBack()
    }
  }

  /// Enters a free block with its links, or notes that they may have changed.
  private mutating func list(_ page: ExaminedPage, _ unit: Int, _ units: Int) {
    let offset = UInt64(unit) &<< facts.unitShift &+ facts.headerBytes
    let next = facts.pointer(page.host, offset)
    let back = facts.pointer(page.host, offset &+ facts.wordBytes)
    guard facts.isEncoded(next), facts.isEncoded(back) else { return fallBack() }
    let entry = page.base &+ offset
    let links = (next & ~facts.linkBit, back & ~facts.linkBit)
    if let number = lists.number(entry) {
      lists.note(number, next: links.0, back: links.1)
    } else {
      lists.add(
        entry, list: page.descriptor &* Int(facts.unitsPerPage) &+ units &- 1, value: 0,
        next: links.0, back: links.1)
    }
  }
}

/// The size of the journal's lines as a shift.
enum WriteJournalLine {
  static let shift: UInt64 = 6
}
