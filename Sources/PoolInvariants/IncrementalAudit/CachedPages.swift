import typealias KernelPool.Address
import struct KernelPool.PageMarks
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct KernelPool.WriteJournal

// Pages change hands: releases are booked first, then claims, and every page concerned is looked at
// when all is done. A claim on a page that somebody has is a broken rule.

extension IncrementalAudit {
  /// Notes that pages are their owner's no more.
  mutating func release(_ first: Int, _ count: Int) {
    touched.releases.append(
      DirtySet.Range(first: Int32(first), count: Int32(count), owner: 0))
  }

  /// Notes that pages are somebody's.
  mutating func claim(_ first: Int, _ count: Int, _ owner: PageOwner) {
    touched.claims.append(
      DirtySet.Range(first: Int32(first), count: Int32(count), owner: owner.rawValue))
  }

  /// The numbers of the pages of an allocation; nil where they are not all in one space.
  @inline(__always) func pages(of address: Address, _ count: UInt64) -> Int? {
    guard let space = spaces.space(of: address), facts.isPageAligned(address), count > 0
    else { return nil }
    let offset = (address &- space.base) &>> facts.pageShift
    guard count <= UInt64(space.pageCount) &- offset else { return nil }
    return space.firstPage &+ Int(offset)
  }

  /// Pages that became pages of small blocks, or are none any more.
  mutating func updateMarks(_ view: PoolView, _ journal: WriteJournal) {
    for address in journal.markedPages where fallback == nil {
      guard let page = spaces.page(of: address) else { continue }
      touched.pages.append(Int32(page))
      let marks =
        page < spaces.initialCount
        ? view.marks(ofInitialPage: page) : view.marks(ofPageAt: address) ?? []
      let isSmall = PageShare.owner(owners[page]) == .smallBlocks
      guard marks.contains(.smallBlocks) != isSmall else { continue }
      // A page may be noted twice.
      var isNoted = false
      for index in 0..<touched.claims.count where touched.claims[index].first == Int32(page) {
        isNoted = true
      }
      for index in 0..<touched.releases.count where touched.releases[index].first == Int32(page) {
        isNoted = true
      }
      guard !isNoted else { continue }
      if isSmall { release(page, 1) } else { claim(page, 1, .smallBlocks) }
    }
  }

  /// Carries out what was noted: releases, then claims, then a look at every page concerned.
  mutating func settlePages(_ view: PoolView, _ live: LiveAllocations) {
    for index in 0..<touched.releases.count { carryOut(release: touched.releases[index]) }
    for index in 0..<touched.claims.count where fallback == nil {
      carryOut(view, claim: touched.claims[index])
    }
    finishLarge(view, live)
    guard fallback == nil else { return }
    for index in 0..<touched.claims.count where fallback == nil {
      let range = touched.claims[index]
      if range.owner == PageOwner.smallBlocks.rawValue {
        examineWhole(view, live, page: Int(range.first))
      }
    }
  }

  private mutating func carryOut(release range: DirtySet.Range) {
    for page in Int(range.first)..<Int(range.first &+ range.count) {
      dropRecord(page)
      owners[page] = PageOwner.nobody.rawValue
      touched.pages.append(Int32(page))
    }
  }

  private mutating func carryOut(_ view: PoolView, claim range: DirtySet.Range) {
    let first = Int(range.first)
    let last = first &+ Int(range.count) &- 1
    for page in first...last {
      guard owners[page] == PageOwner.nobody.rawValue else { return fallBack() }
      var share = range.owner
      if range.owner == PageOwner.freeRunStart.rawValue, page != first {
        share = PageOwner.freeRun.rawValue
      }
      if range.owner == PageOwner.largeStart.rawValue, page != first {
        share = PageOwner.large.rawValue
      }
      if page == first { share |= PageShare.first }
      if page == last { share |= PageShare.last }
      owners[page] = share
      if !isRebuilding { touched.pages.append(Int32(page)) }
    }
    if range.owner == PageOwner.smallBlocks.rawValue { makeRecord(view, first) }
  }

  private mutating func makeRecord(_ view: PoolView, _ page: Int) {
    let address = spaces.address(of: page)
    guard let fields = facts.fields(view, at: address),
      let descriptor = complete.descriptor(view, ofPageAt: address, index: fields.poolIndex)
    else { return fallBack() }
    // From now on the page is read where it lies; this has it stamped if it was not.
    guard view.bytes(at: address, count: facts.pageBytes) != nil else { return fallBack() }
    _ = records.make(page, descriptor: descriptor, firstUnit: 0)
    tallies.place(descriptor).pointee.pages &+= 1
    touched.descriptors |= 1 &<< UInt64(descriptor)
  }

  /// Takes all blocks of a page out of the cache.
  mutating func dropRecord(_ page: Int) {
    guard let record = records.number(of: page) else { return }
    found.removeAll()
    let descriptor = records.descriptor(record)
    let first = records.firstUnit(record)
    let dropped = ExaminedPage(
      page: page, bits: records.bits(record), base: spaces.address(of: page),
      host: UnsafeRawPointer(owners.base), descriptor: descriptor, firstUnit: first)
    takeOut(dropped, from: first, to: Int(facts.unitsPerPage))
    records.drop(page)
    touched.descriptors |= 1 &<< UInt64(descriptor)
    if first == 0 { tallies.place(descriptor).pointee.pages &-= 1 }
  }

  // MARK: The rules of single pages

  /// Looks at the marks, bits and stamps of every page that was touched.
  mutating func auditTouchedPages(_ view: PoolView) {
    // A page that changes hands is touched by its release, its claim, its marks and its bits.
    for index in 0..<touched.pages.count where fallback == nil {
      let page = Int(touched.pages[index])
      let share = owners[page]
      guard share & PageShare.audited == 0 else { continue }
      auditTouched(view, page, share)
      owners[page] = share | PageShare.audited
    }
    for index in 0..<touched.pages.count {
      owners.place(Int(touched.pages[index])).pointee &= ~PageShare.audited
    }
  }

  @inline(__always)
  private mutating func auditTouched(_ view: PoolView, _ page: Int, _ share: UInt8) {
    let owner = PageShare.owner(share)
    let address = spaces.address(of: page)
    let marks =
      page < spaces.initialCount
      ? view.marks(ofInitialPage: page) : view.marks(ofPageAt: address) ?? []
    let isNonPaged = page < spaces.nonPagedCount
    let isFirst = share & PageShare.first != 0
    let isLast = share & PageShare.last != 0
    var isSound = marks.contains(.smallBlocks) == (owner == .smallBlocks)
    var isAllocated = true
    switch owner {
    case .freeRunStart, .freeRun:
      isAllocated = false
      isSound =
        isSound && marks.isDisjoint(with: [.start, .end])
        && isFreePageSound(view, page, address, owner, marks)
    case .nobody:
      isAllocated = false
      if isNonPaged {
        isSound =
          isSound
          && (constants.hasRuns
            ? page >= spaces.initialCount && !marks.contains(.mapped)
            : marks.isDisjoint(with: [.start, .end]))
      }
    default:
      if isNonPaged {
        isSound =
          isSound && marks.contains(.start) == isFirst && marks.contains(.end) == isLast
          && (page < spaces.initialCount || marks.contains(.mapped))
      }
    }
    guard isSound,
      owner == .freeRun || owner == .freeRunStart
        || maps.isSound(
          page, isAllocated: isAllocated, isLast: isLast, marks, isNonPaged: isNonPaged,
          view)
    else { return fallBack() }
    updateMapping(page, marks)
  }

  /// Counts the mapped pages of the expansion.
  private mutating func updateMapping(_ page: Int, _ marks: PageMarks) {
    guard page >= spaces.initialCount, page < spaces.nonPagedCount else { return }
    let isMapped = marks.contains(.mapped)
    guard maps.setMapped(page &- spaces.initialCount, isMapped) else { return }
    mappedExpansion += isMapped ? 1 : -1
  }

  /// A free page names its run in its stamp, and no free run follows it or, at a run's start, comes
  /// before it.
  private mutating func isFreePageSound(
    _ view: PoolView, _ page: Int, _ address: Address, _ owner: PageOwner, _ marks: PageMarks
  ) -> Bool {
    if owner == .freeRunStart, page > 0, page != spaces.initialCount, isFreeRun(page &- 1) {
      return false
    }
    if page &+ 1 < spaces.nonPagedCount, page &+ 1 != spaces.initialCount,
      PageShare.owner(owners[page &+ 1]) == .freeRunStart
    {
      return false
    }
    let isStart = owner == .freeRunStart
    if page < spaces.initialCount, !isStart, !marks.contains(.touched) { return true }
    let place = facts.wordBytes &* 2 &+ 4
    let run: Address
    if page < spaces.initialCount, marks.contains(.touched), let poolHost {
      let host = poolHost + page &<< Int(facts.pageShift)
      guard
        host.loadUnaligned(fromByteOffset: Int(place), as: UInt32.self)
          == PoolAudit.freeRunSignature
      else { return false }
      run = facts.pointer(host, place &+ 4)
    } else {
      guard view.word32(address &+ place) == PoolAudit.freeRunSignature,
        let found = view.pointer(address &+ place &+ 4)
      else { return false }
      run = found
    }
    if isStart { return run == address }
    guard let number = runs.number(run), let first = spaces.page(of: run) else { return false }
    return page > first && page &- first < Int(runs.nodes[number].value)
  }

  private func isFreeRun(_ page: Int) -> Bool {
    let owner = PageShare.owner(owners[page])
    return owner == .freeRun || owner == .freeRunStart
  }
}

/// Bits of the page maps as they were last seen, so that a changed line tells which pages changed.
struct MapCache: ~Copyable {
  /// One map of one space.
  struct Map: BitwiseCopyable {
    var address: Address
    var firstPage: Int
    var pages: Int
    /// Where its words begin.
    var firstWord: Int
    var isEndMap: Bool
  }

  private(set) var maps = FlatArray<Map>()
  private var words = FlatArray<UInt64>()
  private var mapped = FlatArray<UInt64>()

  init() {}

  /// Adds a map, all bits clear.
  mutating func add(_ address: Address, firstPage: Int, pages: Int, isEndMap: Bool) {
    maps.append(
      Map(
        address: address, firstPage: firstPage, pages: pages, firstWord: words.count,
        isEndMap: isEndMap))
    for _ in 0..<((pages + 63) / 64) { words.append(0) }
  }

  /// Reads words of a map anew, which it must have, those of a line at once, and adds every page whose
  /// bit changed; false where they cannot be read.
  mutating func update(
    _ view: PoolView, _ number: Int, words range: Range<Int>,
    _ changed: inout FlatArray<Int32>
  ) -> Bool {
    let map = maps.place(number)
    let (first, end) = (range.lowerBound, range.upperBound)
    guard first < end else { return true }
    let address = map.pointee.address &+ UInt64(first) &* 8
    guard let host = view.bytes(at: address, count: UInt64(end &- first) &* 8) else { return false }
    let known = words.place(map.pointee.firstWord &+ first)
    for word in 0..<end &- first {
      let bits = host.loadUnaligned(fromByteOffset: word &* 8, as: UInt64.self)
      var difference = known[word] ^ bits
      known[word] = bits
      while difference != 0 {
        let page = (first &+ word) &* 64 &+ difference.trailingZeroBitCount
        difference &= difference &- 1
        if page < map.pointee.pages { changed.append(Int32(map.pointee.firstPage &+ page)) }
      }
    }
    return true
  }

  /// Makes room for the mapped pages of an expansion.
  mutating func addExpansion(pages: Int) {
    for _ in 0..<((pages + 63) / 64) { mapped.append(0) }
  }

  /// Notes whether a page of the expansion is mapped; false where that is no news.
  mutating func setMapped(_ index: Int, _ isMapped: Bool) -> Bool {
    let bit: UInt64 = 1 &<< UInt64(index & 63)
    let place = mapped.place(index &>> 6)
    guard (place.pointee & bit != 0) != isMapped else { return false }
    place.pointee ^= bit
    return true
  }

  /// True where the bits and the mapping of a page are those of its owner.
  @inline(__always)
  func isSound(
    _ page: Int, isAllocated: Bool, isLast: Bool, _ marks: PageMarks, isNonPaged: Bool,
    _ view: PoolView
  ) -> Bool {
    let variables = view.variablesAddress
    for number in 0..<maps.count {
      let map = maps.place(number).pointee
      let index = page &- map.firstPage
      guard index >= 0, index < map.pages else { continue }
      let isSet = words[map.firstWord &+ index &>> 6] &>> UInt64(index & 63) & 1 != 0
      if map.isEndMap {
        guard isSet == (isAllocated && isLast), marks.contains(.mapped) == isAllocated
        else { return false }
      } else if isAllocated {
        guard isSet else { return false }
      } else {
        let open =
          isNonPaged
          ? variables.pointee.nonPagedBitmap.openPages
          : map.address == variables.pointee.pagedBitmap.allocationMap
            ? variables.pointee.pagedBitmap.openPages
            : variables.pointee.sessionBitmap.openPages
        guard isSet == (UInt64(index) >= open) else { return false }
      }
    }
    return true
  }
}
