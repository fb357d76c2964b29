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
    if !roots.hold(in: view) { followBigTable(view) }
    guard fallback == nil else { return }
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
    if isTaken(.singlePages), touched.hasSinglePages || !singles.showsSame(view) {
      updateSinglePages(view)
    }
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
    skippedSteps & 1 &<< UInt32(step.rawValue) == 0
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
      if !isExamined(page, body, bytes: 0) { examine(view, live, at: body &- facts.headerBytes) }
    }
  }

  /// True where changed lines showed the block at an address already: every block that has a byte in a
  /// changed line is looked at, and of its contents what lies in changed lines. So all lines of the
  /// contents must have changed where there are any to compare, else one of the block's lines.
  private mutating func isExamined(_ page: Int, _ address: Address, bytes: UInt64) -> Bool {
    let inPage = address & facts.pageMask
    guard inPage >= facts.headerBytes else { return false }
    let first = (bytes == 0 ? inPage &- facts.headerBytes : inPage) &>> WriteJournalLine.shift
    let last = min(inPage &+ max(bytes, 1) &- 1, facts.pageMask) &>> WriteJournalLine.shift
    let wanted = UInt64.max &<< first & UInt64.max &>> (63 &- last)
    for index in 0..<touched.blockLines.count
    where touched.blockLines[index].page == Int32(page) {
      let changed = touched.blockLines[index].lines & wanted
      return bytes == 0 ? changed != 0 : changed == wanted
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
    for chunk in journal.chunks where fallback == nil {
      let lines = chunk.lines
      if let number = specials.number(at: chunk.address) {
        sortSpecial(view, Int(number), chunk.address, lines)
        guard specials.place(of: Int(number)).pointee.range.isInPool else { continue }
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
    var number = number
    while number >= 0, fallback == nil {
      let part = specials.place(of: number)
      var left = lines & part.pointee.lines
      number = Int(part.pointee.next)
      guard left != 0 else { continue }
      // What a descriptor's fields say is looked at as a whole.
      if part.pointee.range.kind == .descriptor {
        let descriptor: UInt64 = 1 &<< UInt64(part.pointee.range.number)
        touched.descriptors |= descriptor
        touched.pending |= descriptor
        continue
      }
      while left != 0 {
        let line = chunk &+ UInt64(left.trailingZeroBitCount) &<< WriteJournalLine.shift
        left &= left &- 1
        let (start, end) = (part.pointee.range.start, part.pointee.range.end)
        update(
          view, part, from: max(line, start), to: min(line &+ WriteJournal.lineBytes, end))
      }
    }
  }

  @inline(__always)
  private mutating func update(
    _ view: PoolView, _ part: UnsafeMutablePointer<SpecialRanges.Part>, from start: Address,
    to end: Address
  ) {
    let range = part.pointee.range
    switch range.kind {
    case .listHeads: updateHeads(view, Int(range.number), range.start, from: start, to: end)
    case .descriptor: break
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
      let words = Int((start &- range.start) / 8)..<Int((end &- range.start &+ 7) / 8)
      if !maps.update(view, Int(range.number), words: words, &touched.pages) { fallBack() }
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
    let known = lists.head(list)
    let linkBit = facts.linkBit
    var head = first
    while head <= last {
      let offset = head &* bytes
      let next = facts.pointer(host, offset)
      let back = facts.pointer(host, offset &+ facts.wordBytes)
      // Of the heads on a line one has changed, most times.
      let old = known + Int(head)
      if (next ^ (old.pointee.next | linkBit)) | (back ^ (old.pointee.back | linkBit)) != 0 {
        guard facts.isEncoded(next), facts.isEncoded(back) else { return fallBack() }
        lists.note(head: list &+ Int(head), next: next & ~linkBit, back: back & ~linkBit)
      }
      head &+= 1
    }
  }

  /// Pages between the old and the new border of a growing map.
  private mutating func updateOpenPages(_ view: PoolView) {
    let variables = view.variablesAddress
    let old = singles.openPages
    let paged = variables.pointee.pagedBitmap.openPages
    let session = variables.pointee.sessionBitmap.openPages
    let nonPaged = variables.pointee.nonPagedBitmap.openPages
    guard (paged ^ old.0) | (session ^ old.1) | (nonPaged ^ old.2) != 0 else { return }
    singles.openPages = (paged, session, nonPaged)
    updateOpenPages(paged, old.0, variables.pointee.pagedBitmap.base)
    updateOpenPages(session, old.1, variables.pointee.sessionBitmap.base)
    updateOpenPages(nonPaged, old.2, variables.pointee.nonPagedBitmap.base)
  }

  private mutating func updateOpenPages(_ open: UInt64, _ old: UInt64, _ base: Address) {
    for index in min(open, old)..<max(open, old) {
      guard let page = spaces.page(of: base &+ index &<< facts.pageShift) else { break }
      touched.pages.append(Int32(page))
    }
  }
}
