import typealias KernelPool.Address
import struct KernelPool.PoolView
import struct KernelPool.WriteJournal

// One operation is followed in this order: what callers hold, changed lines by what lies there,
// waiting blocks, pages, blocks, links, then everything that adds up.

extension IncrementalAudit {
  /// Brings the cache up to the present state; falls back where something is not as it must be.
  mutating func update(_ view: PoolView, _ live: LiveAllocations, _ journal: WriteJournal) {
    guard !journal.hasOverflown,
      live.changeCount &- seenChanges <= LiveAllocations.keptChanges
    else { return fallBack(.overflow) }
    guard roots.hold(in: view) else { return fallBack(.movedTable) }
    updateCaches(view, live, journal)
    if fallback == nil { updateBlocks(view, live) }
    if isTaken(.sums) { auditSums(view, live) }
    settleLarge()
    seenChanges = live.changeCount
  }

  /// Most operations are of small blocks, so that each step is entered only where it has something
  /// to do.
  @inline(__always)
  private mutating func updateCaches(
    _ view: PoolView, _ live: LiveAllocations, _ journal: WriteJournal
  ) {
    if isTaken(.sortLines) { sortLines(view, journal) }
    if isTaken(.openPages) { updateOpenPages(view) }
    if isTaken(.heldPages) { updateHeldPages(view, live) }
    if isTaken(.lookasides), !journal.lookasides.isEmpty { updateLookasides(view, journal) }
    if isTaken(.deferred), touched.pending != 0 { updateDeferred(view) }
    if isTaken(.marks), !journal.markedPages.isEmpty { updateMarks(view, journal) }
    if isTaken(.runs), constants.hasRuns, touched.hasRunHeads || touched.pages.count != 0 {
      updateRuns(view)
    }
    if isTaken(.singlePages) { updateSinglePages(view) }
    if isTaken(.large), touched.entries.count != 0 || touched.large.count != 0 {
      updateLarge(view, live)
    }
    if isTaken(.settlePages) {
      let count =
        touched.releases.count | touched.claims.count | large.pending.count | touched.large.count
      if count != 0 { settlePages(view, live) }
    }
  }

  @inline(__always)
  private mutating func updateBlocks(_ view: PoolView, _ live: LiveAllocations) {
    if isTaken(.blockLines) { examineLines(view, live) }
    if isTaken(.heldBlocks) { examineHeld(view, live) }
    if isTaken(.lists) { settleLists() }
    if isTaken(.touchedPages), touched.pages.count != 0 { auditTouchedPages(view) }
    if isTaken(.largeLines), touched.largeLines.count != 0 { auditLargeLines(view, live) }
    if isTaken(.outsideLines), touched.outsideLines.count != 0 { auditOutsideLines(view, live) }
    if isTaken(.rows) { auditRows(view) }
    if isTaken(.counters) { auditCounters(view) }
  }

  @inline(__always) private func isTaken(_ step: Step) -> Bool {
    leftOut != step && fallback == nil
  }

  /// The steps in their order.
  enum Step: Int, CaseIterable {
    case sortLines, openPages, heldPages, lookasides, deferred, marks, runs, singlePages, large
    case settlePages, blockLines, heldBlocks, lists, touchedPages, largeLines, outsideLines, rows
    case counters, sums
  }

  /// Checks the links of free blocks that changed.
  private mutating func settleLists() {
    guard lists.hasQueue else { return }
    let (all, count) = (descriptors.base, descriptors.count)
    let units = Int(facts.unitsPerPage)
    let headShift = UInt64(constants.headBytes.trailingZeroBitCount)
    let isSound = lists.settle { address in
      for position in 0..<count {
        let offset = address &- (all + position).pointee.listHeads
        guard offset < UInt64(units) &<< headShift else { continue }
        return offset & ((1 &<< headShift) &- 1) == 0
          ? position &* units &+ Int(offset &>> headShift) : nil
      }
      return nil
    }
    if !isSound { fallBack() }
  }

  /// The allocations of this operation are like all others from now on.
  mutating func settleLarge() {
    for index in 0..<large.fresh.count {
      large.place(Int(large.fresh[index])).pointee.isFresh = false
    }
    large.fresh.removeAll()
  }

  // MARK: What callers hold

  /// Large allocations and memory outside of the pool whose callers changed.
  private mutating func updateHeldPages(_ view: PoolView, _ live: LiveAllocations) {
    for number in seenChanges..<live.changeCount where fallback == nil {
      let address = live.change(number)
      guard spaces.page(of: address) != nil else {
        updateOutside(view, live, address)
        continue
      }
      if facts.isPageAligned(address) { touched.large.append(address) }
    }
  }

  /// Blocks whose callers changed, or that began or ended to wait, unless the changed lines showed
  /// them already.
  private mutating func examineHeld(_ view: PoolView, _ live: LiveAllocations) {
    for number in seenChanges..<live.changeCount where fallback == nil {
      let address = live.change(number)
      guard !facts.isPageAligned(address), let page = spaces.page(of: address) else { continue }
      var bytes: UInt64 = 0
      if let position = live.position(of: address) {
        let allocation = live.allocation(at: position)
        bytes = allocation.patternSeed == nil ? 0 : allocation.requestedBytes
      }
      if !isExamined(page, address, bytes: bytes) { examine(view, live, at: address) }
    }
    for index in 0..<touched.waiting.count where fallback == nil {
      let body = touched.waiting[index]
      guard let page = spaces.page(of: body) else { continue }
      if !isExamined(page, body, bytes: facts.wordBytes) {
        examine(view, live, at: body &- facts.headerBytes)
      }
    }
  }

  /// True where the lines of the header before an address and of the bytes behind it have changed,
  /// so that they were looked at as such.
  private func isExamined(_ page: Int, _ address: Address, bytes: UInt64) -> Bool {
    let inPage = address & facts.pageMask
    guard inPage >= facts.headerBytes else { return false }
    let first = (inPage &- facts.headerBytes) &>> WriteJournalLine.shift
    let last = min(inPage &+ bytes, facts.pageMask) &>> WriteJournalLine.shift
    let end: UInt64 = last >= 63 ? .max : (1 &<< (last &+ 1)) &- 1
    let wanted = end & (.max &<< first)
    for index in 0..<touched.blockLines.count
    where touched.blockLines[index].page == Int32(page) {
      return touched.blockLines[index].lines & wanted == wanted
    }
    return false
  }

  // MARK: Changed lines

  private mutating func examineLines(_ view: PoolView, _ live: LiveAllocations) {
    for index in 0..<touched.blockLines.count where fallback == nil {
      let lines = touched.blockLines[index]
      examine(view, live, page: Int(lines.page), lines: lines.lines)
    }
  }

  /// Sorts the lines of the journal by what lies there.
  private mutating func sortLines(_ view: PoolView, _ journal: WriteJournal) {
    for index in 0..<journal.chunkCount where fallback == nil {
      let chunk = journal.chunk(index)
      let lines = chunk.lines
      if let number = specials.number(at: chunk.address) {
        sortSpecial(view, Int(number), chunk.address, lines)
      }
      guard let page = spaces.page(of: chunk.address) else {
        if outside.count > 0 { touched.outsideLines.append(chunk.address) }
        continue
      }
      guard facts.pageBytes != WriteJournal.chunkBytes else {
        sort(page, lines)
        continue
      }
      let count = facts.pageBytes &>> WriteJournalLine.shift
      let mask: UInt64 = (1 &<< count) &- 1
      for part in 0..<(WriteJournal.chunkBytes &>> facts.pageShift) {
        let bits = lines &>> (part &* count) & mask
        guard bits != 0,
          let page = spaces.page(of: chunk.address &+ part &<< facts.pageShift)
        else { continue }
        sort(page, bits)
      }
    }
  }

  @inline(__always) private mutating func sort(_ page: Int, _ lines: UInt64) {
    if records.number(of: page) != nil {
      touched.blockLines.append(DirtySet.Lines(page: Int32(page), lines: lines))
    }
    switch PageShare.owner(owners[page]) {
    case .large, .largeStart:
      touched.largeLines.append(DirtySet.Lines(page: Int32(page), lines: lines))
    case .freeRun, .freeRunStart:
      if lines & 1 != 0 { touched.pages.append(Int32(page)) }
    case .singlePageList: if lines & 1 != 0 { touched.hasSinglePages = true }
    default: break
    }
  }

  /// Lines with structures of the kernel's own.
  private mutating func sortSpecial(
    _ view: PoolView, _ number: Int, _ chunk: Address, _ lines: UInt64
  ) {
    for index in specials.ranges(number) where fallback == nil {
      let range = specials.place(of: index).pointee
      // The lines of the chunk in which the structure lies.
      let first = range.start > chunk ? (range.start &- chunk) &>> WriteJournalLine.shift : 0
      let last = min((range.end &- 1 &- chunk) &>> WriteJournalLine.shift, 63)
      var left = lines & (.max &<< first) & (.max &>> (63 &- last))
      while left != 0 {
        let line = chunk &+ UInt64(left.trailingZeroBitCount) &<< WriteJournalLine.shift
        left &= left &- 1
        update(
          view, range, from: max(line, range.start),
          to: min(line &+ WriteJournal.lineBytes, range.end))
      }
    }
  }

  private mutating func update(
    _ view: PoolView, _ range: SpecialRange, from start: Address, to end: Address
  ) {
    switch range.kind {
    case .listHeads: updateHeads(view, Int(range.number), range.start, from: start, to: end)
    case .descriptor:
      touched.descriptors |= 1 &<< UInt64(range.number)
      touched.pending |= 1 &<< UInt64(range.number)
    case .trackerTable:
      let rowBytes = facts.profile.trackerRowBytes
      for row in (start &- range.start) / rowBytes...(end &- 1 &- range.start) / rowBytes {
        if touched.rows.count == 0 || touched.rows[touched.rows.count - 1] != row {
          touched.rows.append(row)
        }
      }
    case .bigTable:
      let bytes = facts.profile.bigEntryBytes
      for entry in (start &- range.start) / bytes...(end &- 1 &- range.start) / bytes {
        let place = range.start &+ entry &* bytes
        if touched.entries.count == 0 || touched.entries[touched.entries.count - 1] != place {
          touched.entries.append(place)
        }
      }
    case .runHeads: touched.hasRunHeads = true
    case .map:
      for word in (start &- range.start) / 8...(end &- 1 &- range.start) / 8 {
        if !maps.update(view, Int(range.number), word: Int(word), &touched.pages) { fallBack() }
      }
    }
  }

  private mutating func updateHeads(
    _ view: PoolView, _ descriptor: Int, _ heads: Address, from start: Address, to end: Address
  ) {
    let bytes = constants.headBytes
    let shift = UInt64(bytes.trailingZeroBitCount)
    let first = (start &- heads) &>> shift
    let last = (end &- 1 &- heads) &>> shift
    let host = descriptors[descriptor].host + Int(heads &- descriptors[descriptor].address)
    let list = descriptor &* Int(facts.unitsPerPage)
    var head = first
    while head <= last {
      let offset = head &* bytes
      let next = facts.pointer(host, offset)
      let back = facts.pointer(host, offset &+ facts.wordBytes)
      guard facts.isEncoded(next), facts.isEncoded(back) else { return fallBack() }
      lists.note(
        head: list &+ Int(head), next: next & ~facts.linkBit, back: back & ~facts.linkBit)
      head &+= 1
    }
  }

  /// Pages between the old and the new border of a growing map.
  private mutating func updateOpenPages(_ view: PoolView) {
    let variables = view.variables
    updateOpenPages(0, variables.pagedBitmap.openPages, variables.pagedBitmap.base)
    updateOpenPages(1, variables.sessionBitmap.openPages, variables.sessionBitmap.base)
    updateOpenPages(2, variables.nonPagedBitmap.openPages, variables.nonPagedBitmap.base)
  }

  private mutating func updateOpenPages(_ number: Int, _ open: UInt64, _ base: Address) {
    let old = singles.openPages[number]
    guard open != old else { return }
    singles.openPages[number] = open
    for index in min(open, old)..<max(open, old) {
      guard let page = spaces.page(of: base &+ index &<< facts.pageShift) else { break }
      touched.pages.append(Int32(page))
    }
  }
}
