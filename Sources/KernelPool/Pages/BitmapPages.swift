// Pages from a bitmap: paged pool on every version, nonpaged pool from Vista on (ReactOS
// MiAllocatePoolPages and RtlFindClearBits; Mandt 2011). A second map marks the last page of each
// allocation. Pages without page tables are marked as used until growth opens them.

extension PoolState {
  /// Takes the lowest clear run at or after the hint, growing the pool if there is none.
  mutating func allocateFromBitmap(
    _ bitmap: UnsafeMutablePointer<PageBitmap>, pages: UInt64
  ) throws(Halt) -> Address? {
    var found = try findClear(bitmap, pages, hint: bitmap.pointee.hint)
    if found == nil {
      guard try openPageTables(bitmap, pages: pages) else { return nil }
      found = try findClear(bitmap, pages, hint: 0)
    }
    guard let first = found else { return nil }
    let marked = mutant == .bitmapOneBitTooFew && pages > 1 ? pages &- 1 : pages
    try setBits(first, marked, of: bitmap.pointee.allocationMap, to: true)
    if pages == 1 || mutant == .pagedHintAlwaysMoves { bitmap.pointee.hint = first &+ 1 }
    try setBits(first &+ pages &- 1, 1, of: bitmap.pointee.endMap, to: true)
    mapPages(bitmap, first, pages, true)
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
    let last = try endOfAllocation(bitmap, from: first)
    let pages = last &- first &+ 1
    setSmallBlocks(address, kind, false)
    if pages == 1, let list = singlePageList(kind, 1), try push(address, list) { return 1 }
    countHandedOut(kind, 0 &- pages)
    mapPages(bitmap, first, pages, false)
    if mutant != .bitmapKeepsEnd { try setBits(last, 1, of: bitmap.pointee.endMap, to: false) }
    try setBits(first, pages, of: bitmap.pointee.allocationMap, to: false)
    if first < bitmap.pointee.hint, mutant != .pagedHintNotLowered,
      mutant != .sessionHintNotLowered || kind != .session
    {
      bitmap.pointee.hint = first
    }
    return pages
  }

  /// The next page from `first` on that is marked as the last of an allocation.
  private mutating func endOfAllocation(
    _ bitmap: UnsafeMutablePointer<PageBitmap>, from first: UInt64
  ) throws(Halt) -> UInt64 {
    let pages = bitmap.pointee.pages
    // 64 pages at a time, on the host's bytes.
    if let map = memory.kernelData(at: bitmap.pointee.endMap) {
      var page = first
      while page < pages {
        let marks = map.word64(Int((page &>> 6) &<< 3)) &>> (page & 63)
        if marks != 0 {
          let last = page &+ UInt64(marks.trailingZeroBitCount)
          if last < pages { return last }
          break
        }
        page = (page | 63) &+ 1
      }
    }
    var last = first
    while try !bit(last, of: bitmap.pointee.endMap) { last &+= 1 }
    return last
  }

  /// Marks pages as mapped, or takes the mapping away; what they held is then lost.
  private mutating func mapPages(
    _ bitmap: UnsafeMutablePointer<PageBitmap>, _ first: UInt64, _ pages: UInt64, _ mapped: Bool
  ) {
    let region = memory.regions + bitmap.pointee.region
    let marks = region.pointee.marksPointer
    let base = bitmap.pointee.base
    for page in first..<min(first &+ pages, bitmap.pointee.pages) {
      memory.journal?.noteMarks(base &+ page &<< geometry.pageShift)
      let old = marks[Int(page)]
      if mapped {
        marks[Int(page)] = old | PageMarks.mapped.rawValue
      } else if old & PageMarks.mapped.rawValue != 0 {
        marks[Int(page)] = 0
        guard old & PageMarks.touched.rawValue != 0 else { continue }
        let host = region.pointee.host + Int(page &<< geometry.pageShift)
        host.clear(byteCount: Int(geometry.pageBytes))
      }
    }
  }

  // MARK: Nonpaged pages from Vista on

  /// As paged pages, but pages stay mapped and keep their contents.
  mutating func allocateNonPagedFromBitmap(pages: UInt64) throws(Halt) -> Address? {
    let bitmap = nonPagedBitmap
    if memory.clearRuns.region < 0 { memory.watchMap(bitmap.pointee.allocationMap) }
    var found = try findClear(bitmap, pages, hint: 0)
    if found == nil {
      guard variables.pointee.availablePages >= pages,
        try openPageTables(bitmap, pages: pages)
      else { return nil }
      found = try findClear(bitmap, pages, hint: 0)
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
    let isOwnMap = map == nonPagedBitmap.pointee.allocationMap
    guard
      let host = memory.locateRange(place, lastByte &- firstByte &+ 1, isOwnMap: isOwnMap)
    else { throw memory.fault(at: place) }
    if isOwnMap, !value {
      memory.clearRuns.cleared(
        from: first, count, inMap: host - Int(firstByte), of: nonPagedBitmap.pointee.pages)
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
    _ bitmap: UnsafeMutablePointer<PageBitmap>, _ count: UInt64, hint: UInt64
  ) throws(Halt) -> UInt64? {
    let pages = bitmap.pointee.pages
    guard count <= pages, let map = memory.kernelData(at: bitmap.pointee.allocationMap) else {
      return nil
    }
    if bitmap == nonPagedBitmap, count != 0 {
      let known = memory.clearRuns.start(ofRunsOf: count)
      let found = Self.clearRun(map, pages, count, from: known)
      memory.clearRuns.searched(count, found: found ?? pages &- 1)
      return found.flatMap { checkedForLimit(map, $0, count, from: 0, limit: pages) }
    }
    let start = hint >= pages ? 0 : hint
    let first = findClear(map, pages, count, from: start, limit: pages)
    guard first == nil, start != 0 else { return first }
    return findClear(map, pages, count, from: 0, limit: min(start &+ count, pages))
  }

  /// The lowest clear run of `count` bits at or after `start`.
  private mutating func findClear(
    _ map: UnsafeMutableRawPointer, _ pages: UInt64, _ count: UInt64, from start: UInt64,
    limit: UInt64
  ) -> UInt64? {
    Self.clearRun(map, pages, count, from: start).flatMap {
      checkedForLimit(map, $0, count, from: start, limit: limit)
    }
  }

  /// The run that a search from `start` came to, or nil where the version does not look for it.
  ///
  /// The kernel goes from run to run, and looks whether it has come to the limit before it passes the
  /// used bits in front of a run; so a run is found where the end of the clear bits before it is
  /// below the limit, wherever it lies itself.
  private mutating func checkedForLimit(
    _ map: UnsafeMutableRawPointer, _ found: UInt64, _ count: UInt64, from start: UInt64,
    limit: UInt64
  ) -> UInt64? {
    let mayTouchLimit = profile.bitmapSearch == .throughLimit && mutant != .bitmapNoLastRun
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
      // Words of pages in use pass by quickly.
      if clear == 0 {
        while word != lastWord, clear == 0 {
          word &+= 1
          clear = ~map.word64(Int(word &<< 3))
        }
        open = 0
      }
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

/// From where on the map of nonpaged pages has clear runs: every search begins at the map's start, and
/// most come by the same pages in use.
///
/// It only says where there are none, so it may forget everything at any time; it does so when the
/// map is stored to in another way than by taking and giving back pages.
struct ClearRunBounds {
  /// The memory region that the map is; negative where there is none.
  var region = -1
  /// By the length of a run, from 1 on: the first word of the map in which one can begin. The last
  /// stands for all longer ones.
  private var words: [16 of UInt32] = .init(repeating: 0)

  /// The first bit at which a run of `count` bits, at least one, can begin.
  @inline(__always) func start(ofRunsOf count: UInt64) -> UInt64 {
    UInt64(words[Int(truncatingIfNeeded: min(count, 16) &- 1)]) &<< 6
  }

  /// Notes that no run of `count` bits begins before `found`.
  mutating func searched(_ count: UInt64, found: UInt64) {
    guard count <= 16, let word = UInt32(exactly: found &>> 6) else { return }
    for place in Int(truncatingIfNeeded: count &- 1)..<16 { words[place] = max(words[place], word) }
  }

  /// Notes that `count` bits from `first` on are cleared in a map of so many bits. New are the runs
  /// with one of them, none longer than what is clear around them comes to: the bounds of longer runs
  /// stay, or a search for one would go through all that is in use again after every free.
  mutating func cleared(
    from first: UInt64, _ count: UInt64, inMap map: UnsafeMutableRawPointer, of bits: UInt64
  ) {
    let before = Self.clearBits(before: first, map)
    let end = first &+ count
    let behind = end < bits ? Self.clearBits(from: end, map) : 0
    let longest = min(before &+ min(count, 16) &+ behind, 16)
    // Of 16 bits at least one is among the cleared ones.
    let word = UInt32(truncatingIfNeeded: (first &- min(before, 15)) &>> 6)
    // Where a longer run can begin a shorter one can, so that the words ascend with the length.
    var place = Int(truncatingIfNeeded: longest) &- 1
    while place >= 0, words[place] > word {
      words[place] = word
      place &-= 1
    }
  }

  /// How many bits are clear right before a bit, as far as its word tells; 16 where that is not told.
  @inline(__always)
  private static func clearBits(before bit: UInt64, _ map: UnsafeMutableRawPointer) -> UInt64 {
    let place = bit & 63
    let used = map.word64(Int((bit &>> 6) &<< 3)) & ~(.max &<< place)
    if used != 0 { return UInt64(used.leadingZeroBitCount) &- (64 &- place) }
    return bit < 64 ? place : 16
  }

  /// How many bits are clear from a bit on, as far as its word tells; 16 where that is not told.
  @inline(__always)
  private static func clearBits(from bit: UInt64, _ map: UnsafeMutableRawPointer) -> UInt64 {
    let place = bit & 63
    let used = map.word64(Int((bit &>> 6) &<< 3)) & (.max &<< place)
    return used == 0 ? 16 : UInt64(used.trailingZeroBitCount) &- place
  }

  /// Notes a store to a region.
  @inline(__always) mutating func stored(toRegion index: Int) {
    if index == region { forget() }
  }

  /// Forgets everything.
  mutating func forget() { words = .init(repeating: 0) }
}
