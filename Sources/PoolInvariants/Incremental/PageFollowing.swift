import struct KernelPool.PageMarks
import struct KernelPool.PoolView
import struct KernelPool.WriteJournal
import typealias KernelPool.Address

// Pages change hands: releases are booked first, then claims, and every page concerned is looked at
// when all is done. A claim on a page that somebody has is a broken rule.

extension IncrementalAudit {
  /// Notes that pages are their owner's no more.
  mutating func release(_ first: Int, _ count: Int) {
    touched.releases.append(
      TouchedThings.Range(first: Int32(first), count: Int32(count), owner: 0))
  }

  /// Notes that pages are somebody's.
  mutating func claim(_ first: Int, _ count: Int, _ owner: PageOwner) {
    touched.claims.append(
      TouchedThings.Range(first: Int32(first), count: Int32(count), owner: owner.rawValue))
  }

  /// The numbers of the pages of an allocation; nil where they are not all in one space.
  func pages(of address: Address, _ count: UInt64) -> Int? {
    guard let space = spaces.space(of: address), facts.isPageAligned(address), count > 0
    else { return nil }
    let offset = (address &- space.base) &>> facts.pageShift
    guard count <= UInt64(space.pageCount) &- offset else { return nil }
    return space.firstPage &+ Int(offset)
  }

  /// Pages that became pages of small blocks, or are none any more.
  mutating func followMarks(_ view: PoolView, _ journal: WriteJournal) {
    for address in journal.markedPages where doubt == nil {
      guard let page = spaces.page(of: address) else { continue }
      touched.pages.append(Int32(page))
      let marks = view.marks(ofPageAt: address) ?? []
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
    for index in 0..<touched.claims.count where doubt == nil {
      carryOut(view, claim: touched.claims[index])
    }
    finishLarge(view, live)
    guard doubt == nil else { return }
    for index in 0..<touched.claims.count where doubt == nil {
      let range = touched.claims[index]
      if range.owner == PageOwner.smallBlocks.rawValue {
        examineWhole(view, live, page: Int(range.first))
      }
    }
  }

  private mutating func carryOut(release range: TouchedThings.Range) {
    for page in Int(range.first)..<Int(range.first &+ range.count) {
      dropRecord(page)
      owners[page] = PageOwner.nobody.rawValue
      touched.pages.append(Int32(page))
    }
  }

  private mutating func carryOut(_ view: PoolView, claim range: TouchedThings.Range) {
    let first = Int(range.first)
    let last = first &+ Int(range.count) &- 1
    for page in first...last {
      guard owners[page] == PageOwner.nobody.rawValue else { return suspect() }
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
      if !isBuilding { touched.pages.append(Int32(page)) }
    }
    if range.owner == PageOwner.smallBlocks.rawValue { makeRecord(view, first) }
  }

  private mutating func makeRecord(_ view: PoolView, _ page: Int) {
    let address = spaces.address(of: page)
    guard let fields = facts.fields(view, at: address),
      let descriptor = complete.descriptor(view, ofPageAt: address, index: fields.poolIndex)
    else { return suspect() }
    // From now on the page is read where it lies; this has it stamped if it was not.
    guard view.bytes(at: address, count: facts.pageBytes) != nil else { return suspect() }
    _ = records.make(page, descriptor: descriptor, firstUnit: 0)
    tallies.place(descriptor).pointee.pages &+= 1
    touched.descriptors |= 1 &<< UInt64(descriptor)
  }

  /// Takes all blocks of a page out of the books.
  mutating func dropRecord(_ page: Int) {
    guard let record = records.number(of: page) else { return }
    found.removeAll()
    let descriptor = records.descriptor(record)
    let first = records.firstUnit(record)
    let dropped = ExaminedPage(
      page: page, record: record, base: spaces.address(of: page),
      host: UnsafeRawPointer(owners.base), descriptor: descriptor, firstUnit: first)
    takeOut(dropped, from: first, to: Int(facts.unitsPerPage))
    records.drop(page)
    touched.descriptors |= 1 &<< UInt64(descriptor)
    if first == 0 { tallies.place(descriptor).pointee.pages &-= 1 }
  }

  // MARK: The rules of single pages

  /// Looks at the marks, bits and stamps of every page that was touched.
  mutating func auditTouchedPages(_ view: PoolView) {
    for index in 0..<touched.pages.count where doubt == nil {
      auditTouched(view, Int(touched.pages[index]))
    }
  }

  private mutating func auditTouched(_ view: PoolView, _ page: Int) {
    let share = owners[page]
    let owner = PageShare.owner(share)
    let address = spaces.address(of: page)
    let marks = view.marks(ofPageAt: address) ?? []
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
        || maps.isSound(page, isAllocated: isAllocated, isLast: isLast, marks, spaces, view)
    else { return suspect() }
    followMapping(page, marks)
  }

  /// Counts the mapped pages of the expansion.
  private mutating func followMapping(_ page: Int, _ marks: PageMarks) {
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
    guard view.word32(address &+ facts.wordBytes &* 2 &+ 4) == PoolAudit.freeRunSignature,
      let run = view.pointer(address &+ facts.wordBytes &* 2 &+ 8)
    else { return false }
    if isStart { return run == address }
    guard let number = runs.number(run), let first = spaces.page(of: run) else { return false }
    return page > first && page &- first < Int(runs.nodes[number].value)
  }

  private func isFreeRun(_ page: Int) -> Bool {
    let owner = PageShare.owner(owners[page])
    return owner == .freeRun || owner == .freeRunStart
  }
}
