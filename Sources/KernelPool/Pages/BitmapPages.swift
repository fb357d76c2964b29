// Pages from a bitmap: paged pool on every version, nonpaged pool from Vista on (ReactOS
// MiAllocatePoolPages and RtlFindClearBits; Mandt 2011). A second map marks the last page of each
// allocation. Pages without page tables are marked as used until growth opens them.

extension PoolState {
  /// Takes the lowest clear run at or after the hint, growing the pool if there is none.
  mutating func allocateFromBitmap(
    _ bitmap: UnsafeMutablePointer<PageBitmap>, pages: UInt64
  ) throws(Halt) -> Address? {
    var found = try findClear(bitmap.pointee, pages, hint: bitmap.pointee.hint)
    if found == nil {
      guard try openPageTables(bitmap, pages: pages) else { return nil }
      found = try findClear(bitmap.pointee, pages, hint: 0)
    }
    guard let first = found else { return nil }
    let marked = mutant == .bitmapOneBitTooFew && pages > 1 ? pages &- 1 : pages
    try setBits(first, marked, of: bitmap.pointee.allocationMap, to: true)
    if pages == 1 || mutant == .pagedHintAlwaysMoves { bitmap.pointee.hint = first &+ 1 }
    try setBits(first &+ pages &- 1, 1, of: bitmap.pointee.endMap, to: true)
    mapPages(bitmap.pointee, first, pages, true)
    var offset = first &<< geometry.pageShift
    if profile.pageOffsetWidth == .bits32 { offset &= 0xFFFF_FFFF }
    return bitmap.pointee.base &+ offset
  }

  /// Opens as many page tables as the request could need, or what is left of them.
  private mutating func openPageTables(
    _ bitmap: UnsafeMutablePointer<PageBitmap>, pages: UInt64
  ) throws(Halt) -> Bool {
    let open = bitmap.pointee.openPages
    let step = bitmap.pointee.growthPages
    guard step != 0, open < bitmap.pointee.pages else { return false }
    let tables = (pages &- 1) / step &+ 1
    let (wanted, overflow) = tables.multipliedReportingOverflow(by: step)
    let left = bitmap.pointee.pages &- open
    let opened = overflow ? left : min(wanted, left)
    try setBits(open, opened, of: bitmap.pointee.allocationMap, to: false)
    bitmap.pointee.openPages = open &+ opened
    mechanisms.insert(.openedPageTables)
    return true
  }

  /// Frees the allocation that starts at `address`, up to the next end mark.
  mutating func freeToBitmap(
    _ address: Address, _ bitmap: UnsafeMutablePointer<PageBitmap>, _ kind: PoolKind
  ) throws(Halt) -> UInt64 {
    let first = (address &- bitmap.pointee.base) &>> geometry.pageShift
    var last = first
    while try !bit(last, of: bitmap.pointee.endMap) { last &+= 1 }
    let pages = last &- first &+ 1
    setSmallBlocks(address, kind, false)
    if pages == 1, let list = singlePageList(kind, 1), try push(address, list) { return 1 }
    countHandedOut(kind, 0 &- pages)
    mapPages(bitmap.pointee, first, pages, false)
    if mutant != .bitmapKeepsEnd { try setBits(last, 1, of: bitmap.pointee.endMap, to: false) }
    try setBits(first, pages, of: bitmap.pointee.allocationMap, to: false)
    if first < bitmap.pointee.hint, mutant != .pagedHintNotLowered,
      mutant != .sessionHintNotLowered || kind != .session
    {
      bitmap.pointee.hint = first
    }
    return pages
  }

  /// Marks pages as mapped, or takes the mapping away; what they held is then lost.
  private mutating func mapPages(
    _ bitmap: PageBitmap, _ first: UInt64, _ pages: UInt64, _ mapped: Bool
  ) {
    let region = memory.regions[bitmap.region]
    let marks = region.marksPointer
    for page in first..<min(first &+ pages, bitmap.pages) {
      memory.journal?.noteMarks(bitmap.base &+ page &<< geometry.pageShift)
      if mapped {
        marks[Int(page)] |= PageMarks.mapped.rawValue
      } else if marks[Int(page)] & PageMarks.mapped.rawValue != 0 {
        let wasTouched = marks[Int(page)] & PageMarks.touched.rawValue != 0
        marks[Int(page)] = 0
        guard wasTouched else { continue }
        let host = region.host + Int(page &<< geometry.pageShift)
        host.clearWhatIsSet(byteCount: Int(geometry.pageBytes))
      }
    }
  }

  // MARK: Nonpaged pages from Vista on

  /// As paged pages, but pages stay mapped and keep their contents.
  mutating func allocateNonPagedFromBitmap(pages: UInt64) throws(Halt) -> Address? {
    let bitmap = nonPagedBitmap
    var found = try findClear(bitmap.pointee, pages, hint: 0)
    if found == nil {
      guard variables.pointee.availablePages >= pages,
        try openPageTables(bitmap, pages: pages)
      else { return nil }
      found = try findClear(bitmap.pointee, pages, hint: 0)
    }
    guard let first = found else { return nil }
    // Page tables were opened for more pages than have been mapped since.
    var unmapped: UInt64 = 0
    for page in first..<(first &+ pages) where !isMapped(page) { unmapped &+= 1 }
    guard unmapped <= variables.pointee.availablePages else { return nil }
    try setBits(first, pages, of: bitmap.pointee.allocationMap, to: true)
    if unmapped != 0 {
      for page in first..<(first &+ pages) where !isMapped(page) { setMarks(page, .mapped) }
      variables.pointee.availablePages &-= unmapped
      variables.pointee.expansionUsed &+= unmapped
    }
    setMarks(first, .start)
    setMarks(first &+ pages &- 1, .end)
    memory.touch(pages: pages, from: first)
    return addressOfNonPagedPage(first)
  }

  /// Frees the pages from `address` to the next end of an allocation.
  mutating func freeNonPagedToBitmap(_ address: Address) throws(Halt) -> UInt64 {
    guard let first = nonPagedPage(at: address), isMapped(first) else { throw frameFault() }
    var last = first
    while !marks(last).contains(.end) {
      last &+= 1
      guard last < variables.pointee.maximumPages, isMapped(last) else { throw frameFault() }
    }
    let pages = last &- first &+ 1
    for page in first...last { clearMarks(page, .smallBlocks) }
    if let list = singlePageList(.nonPaged, pages), try push(address, list) { return pages }
    countHandedOut(.nonPaged, 0 &- pages)
    clearMarks(first, .start)
    clearMarks(last, .end)
    try setBits(first, pages, of: nonPagedBitmap.pointee.allocationMap, to: false)
    return pages
  }

  // MARK: Bits

  /// One bit of a map.
  mutating func bit(_ index: UInt64, of map: Address) throws(Halt) -> Bool {
    try memory.load8(map &+ index &>> 3) &>> UInt8(index & 7) & 1 != 0
  }

  /// Sets or clears a range of bits.
  mutating func setBits(
    _ first: UInt64, _ count: UInt64, of map: Address, to value: Bool
  ) throws(Halt) {
    guard count != 0 else { return }
    let firstByte = first &>> 3
    let lastByte = (first &+ count &- 1) &>> 3
    let place = map &+ firstByte
    guard let host = memory.locateRange(place, lastByte &- firstByte &+ 1) else {
      throw memory.fault(at: place)
    }
    for byte in 0...(lastByte &- firstByte) {
      let start = (firstByte &+ byte) &<< 3
      let from = max(first, start) &- start
      let to = min(first &+ count, start &+ 8) &- start
      let mask = UInt8(truncatingIfNeeded: (0xFF &<< from) & (0xFF &>> (8 &- to)))
      let old = host.load(fromByteOffset: Int(byte), as: UInt8.self)
      host.storeBytes(of: value ? old | mask : old & ~mask, toByteOffset: Int(byte), as: UInt8.self)
    }
  }

  /// The lowest clear run of `count` bits at or after the hint, then before it.
  ///
  /// The version decides whether a run that would end exactly at the limit is looked for.
  private mutating func findClear(
    _ bitmap: PageBitmap, _ count: UInt64, hint: UInt64
  ) throws(Halt) -> UInt64? {
    guard count <= bitmap.pages, let map = memory.kernelData(at: bitmap.allocationMap) else {
      return nil
    }
    let start = hint >= bitmap.pages ? 0 : hint
    let first = findClear(map, bitmap.pages, count, from: start, limit: bitmap.pages)
    guard first == nil, start != 0 else { return first }
    return findClear(
      map, bitmap.pages, count, from: 0, limit: min(start &+ count, bitmap.pages))
  }

  /// The lowest clear run of `count` bits at or after `start`.
  ///
  /// The kernel goes from run to run, and looks whether it has come to the limit before it passes the
  /// used bits in front of a run; so a run is found where the end of the clear bits before it is
  /// below the limit, wherever it lies itself.
  private mutating func findClear(
    _ map: UnsafeMutableRawPointer, _ pages: UInt64, _ count: UInt64, from start: UInt64,
    limit: UInt64
  ) -> UInt64? {
    let mayTouchLimit = profile.bitmapSearch == .throughLimit && mutant != .bitmapNoLastRun
    guard let found = Self.clearRun(map, pages, count, from: start) else { return nil }
    var place = found
    if place &+ count >= limit {
      while place > start, Self.isSet(map, place &- 1) { place &-= 1 }
    }
    let end = place &+ count
    return end < limit || (end == limit && mayTouchLimit) ? found : nil
  }

  private static func isSet(_ map: UnsafeMutableRawPointer, _ page: UInt64) -> Bool {
    map.word64(Int((page &>> 6) &<< 3)) &>> (page & 63) & 1 != 0
  }

  /// The first bit of the lowest clear run of `count` bits at or after `start`, or nil; on the host's
  /// bytes, 64 bits at a time.
  private static func clearRun(
    _ map: UnsafeMutableRawPointer, _ pages: UInt64, _ count: UInt64, from start: UInt64
  ) -> UInt64? {
    guard start < pages else { return nil }
    let lastWord = (pages &- 1) &>> 6
    var word = start &>> 6
    var clear = ~map.word64(Int(word &<< 3)) & (.max &<< (start & 63))
    // Clear bits at the end of the words so far.
    var open: UInt64 = 0
    while true {
      if word == lastWord { clear &= .max &>> (63 &- ((pages &- 1) & 63)) }
      if open &+ UInt64((~clear).trailingZeroBitCount) >= count { return word &<< 6 &- open }
      if clear == .max {
        open &+= 64
      } else {
        if clear != 0, count <= 64 {
          // A bit stays where as many as are looked for follow each other.
          var runs = clear
          var left = count
          while left > 1, runs != 0 {
            let half = left &>> 1
            runs &= runs &>> half
            left &-= half
          }
          if runs != 0 { return word &<< 6 &+ UInt64(runs.trailingZeroBitCount) }
        }
        open = UInt64((~clear).leadingZeroBitCount)
      }
      guard word != lastWord else { return nil }
      word &+= 1
      clear = ~map.word64(Int(word &<< 3))
    }
  }
}
