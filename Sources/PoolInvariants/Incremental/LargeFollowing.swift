import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import typealias KernelPool.Address
import struct PoolWalk.BigPageEntry

// Large allocations: entries of the big-page table that changed, allocations without an entry, and
// what callers made or freed.

extension IncrementalAudit {
  /// Books what left and what came, up to the pages, which must be free first.
  mutating func followLarge(_ view: PoolView, _ live: LiveAllocations) {
    for index in 0..<touched.entries.count where doubt == nil {
      followEntry(view, touched.entries[index])
    }
    for index in 0..<touched.large.count where doubt == nil {
      let address = touched.large[index]
      let isUntracked = complete.books.isUntracked(address) && live.position(of: address) != nil
      guard let number = large.number(at: address) else {
        if isUntracked { expect(untracked: address, live) }
        continue
      }
      if large.claims[number].place == 0, !isUntracked { removeLarge(number) }
    }
    for index in 0..<large.pending.count where doubt == nil {
      let claimed = large.pending[index]
      guard let first = pages(of: claimed.address, claimed.pages) else { return suspect() }
      claim(first, Int(claimed.pages), .largeStart)
    }
  }

  private mutating func followEntry(_ view: PoolView, _ place: Address) {
    let entry = BigPageEntry(view, at: place)
    if let number = large.number(ofEntryAt: place) {
      let old = large.claims[number]
      if let entry, entry.address == old.address, entry.tag.word == old.tag,
        facts.pages(entry) == old.pages
      {
        return
      }
      removeLarge(number)
    }
    guard let entry else { return }
    large.pending.append(
      LargeBooks.Claim(
        address: entry.address, place: place, tag: entry.tag.word,
        pages: facts.pages(entry)))
  }

  private mutating func expect(untracked address: Address, _ live: LiveAllocations) {
    for index in 0..<large.pending.count where large.pending[index].address == address { return }
    guard let position = live.position(of: address) else { return }
    let allocation = live.allocation(at: position)
    let bytes = facts.effectiveBytes(allocation)
    large.pending.append(
      LargeBooks.Claim(
        address: address, place: 0, tag: allocation.tag.word, pages: facts.largePages(bytes)))
  }

  private mutating func removeLarge(_ number: Int) {
    let old = large.claims[number]
    takeOutLarge(number)
    if let first = pages(of: old.address, old.pages) { release(first, Int(old.pages)) }
    large.remove(number)
  }

  private mutating func takeOutLarge(_ number: Int) {
    let old = large.claims[number]
    if !old.isKernels { large.liveCount -= 1 }
    guard old.descriptor >= 0 else { return }
    let tally = tallies.place(old.descriptor)
    tally.pointee.large &-= 1
    tally.pointee.largePages &-= old.pages
    tally.pointee.largeBytes &-= old.countedBytes
    charge(number, 0)
    touched.descriptors |= 1 &<< UInt64(old.descriptor)
  }

  /// Enters the new allocations, whose pages are theirs now, and holds those that callers touched
  /// against what they hold.
  mutating func finishLarge(_ view: PoolView, _ live: LiveAllocations) {
    for index in 0..<large.pending.count where doubt == nil {
      guard let number = large.add(large.pending[index]) else { return suspect() }
      putInLarge(view, live, number, isNew: true)
    }
    large.pending.removeAll()
    for index in 0..<touched.large.count where doubt == nil {
      guard let number = large.number(at: touched.large[index]) else { continue }
      if large.claims[number].isFresh { continue }
      takeOutLarge(number)
      putInLarge(view, live, number, isNew: false)
    }
  }

  private mutating func putInLarge(
    _ view: PoolView, _ live: LiveAllocations, _ number: Int, isNew: Bool
  ) {
    let place = large.place(number)
    let address = place.pointee.address
    place.pointee.isFresh = true
    large.suspects.append(UInt32(number))
    if complete.books.isKernels(address) {
      let bytes = facts.profile.descriptor.bytesWithLock
      place.pointee.isKernels = true
      guard facts.pages(bytes) == place.pointee.pages else { return suspect() }
      countLarge(number, .nonPaged, bytes: bytes)
      if isNew { makeTail(view, live, number, .nonPaged, bytes: bytes) }
      return
    }
    guard let position = live.position(of: address) else { return suspect() }
    let allocation = live.allocation(at: position)
    large.liveCount += 1
    let bytes = facts.effectiveBytes(allocation)
    let kind = facts.kind(allocation.type)
    guard place.pointee.tag == allocation.tag.word,
      facts.isLarge(allocation),
      facts.largePages(bytes) == place.pointee.pages,
      spaces.space(of: address)?.kind == (kind == .nonPagedNoExecute ? .nonPaged : kind),
      facts.pages(allocation.requestedBytes) <= place.pointee.pages
    else { return suspect() }
    countLarge(number, kind, bytes: bytes)
    if place.pointee.place != 0 { charge(number, facts.chargedPageBytes(allocation)) }
    if isNew, place.pointee.place != 0 { makeTail(view, live, number, kind, bytes: bytes) }
    guard allocation.patternSeed != nil, !isBuilding else { return }
    guard let host = view.bytes(at: address, count: max(allocation.requestedBytes, 1)),
      allocation.showsPattern(host, from: 0, to: allocation.requestedBytes)
    else { return suspect() }
  }

  /// The first descriptor of a pool.
  private func position(of kind: PoolKind) -> Int? {
    for position in 0..<descriptors.count where descriptors[position].kind == kind {
      return position
    }
    return nil
  }

  private mutating func countLarge(_ number: Int, _ kind: PoolKind, bytes: UInt64) {
    guard let owner = position(of: kind) else { return }
    let place = large.place(number)
    place.pointee.descriptor = owner
    place.pointee.countedBytes = facts.countedBytes(bytes)
    let tally = tallies.place(owner)
    tally.pointee.large &+= 1
    tally.pointee.largePages &+= place.pointee.pages
    tally.pointee.largeBytes &+= place.pointee.countedBytes
    touched.descriptors |= 1 &<< UInt64(owner)
  }

  /// Replaces what the process is charged for a large allocation.
  private mutating func charge(_ number: Int, _ bytes: UInt64) {
    let place = large.place(number)
    let difference = bytes &- place.pointee.chargedBytes
    place.pointee.chargedBytes = bytes
    if descriptors[place.pointee.descriptor].kind.isPaged {
      charged.paged &+= difference
    } else {
      charged.nonPaged &+= difference
    }
  }

  /// Makes a record of the blocks behind a large allocation, where the version makes any.
  private mutating func makeTail(
    _ view: PoolView, _ live: LiveAllocations, _ number: Int, _ kind: PoolKind, bytes: UInt64
  ) {
    guard let unit = complete.tailUnit(bytes),
      let owner = position(of: kind),
      let last = spaces.page(
        of: large.claims[number].address &+ (facts.pages(bytes) &- 1) &<< facts.pageShift)
    else { return }
    guard view.bytes(at: spaces.address(of: last), count: facts.pageBytes) != nil else {
      return suspect()
    }
    _ = records.make(last, descriptor: owner, firstUnit: Int(unit))
    examineWhole(view, live, page: last)
  }

  /// Compares the changed lines of large allocations with their patterns.
  mutating func auditLargeLines(_ view: PoolView, _ live: LiveAllocations) {
    var known: Int?
    for index in 0..<touched.largeLines.count where doubt == nil {
      let lines = touched.largeLines[index]
      let page = Int(lines.page)
      guard PageShare.owner(owners[page]) == .large || PageShare.owner(owners[page]) == .largeStart
      else { continue }
      let address = spaces.address(of: page)
      if let number = known, covers(number, address) {} else { known = largeClaim(page) }
      guard let number = known else { return suspect() }
      guard !large.claims[number].isFresh, !large.claims[number].isKernels else { continue }
      auditLines(view, live, large.claims[number].address, page: address, lines.lines)
    }
  }

  private func covers(_ number: Int, _ address: Address) -> Bool {
    let claim = large.claims[number]
    return address &- claim.address < claim.pages &<< facts.pageShift
  }

  private func largeClaim(_ page: Int) -> Int? {
    var first = page
    while owners[first] & PageShare.first == 0, first > 0 { first -= 1 }
    return large.number(at: spaces.address(of: first))
  }

  private mutating func auditLines(
    _ view: PoolView, _ live: LiveAllocations, _ start: Address, page: Address, _ lines: UInt64
  ) {
    guard let position = live.position(of: start) else { return suspect() }
    let allocation = live.allocation(at: position)
    guard allocation.patternSeed != nil else { return }
    guard let host = view.bytes(at: page, count: facts.pageBytes) else { return suspect() }
    let offset = page &- start
    let first = UInt64(lines.trailingZeroBitCount) &<< WriteJournalLine.shift
    let end = UInt64(64 &- lines.leadingZeroBitCount) &<< WriteJournalLine.shift
    let to = min(offset &+ end, allocation.requestedBytes)
    guard offset &+ first < to else { return }
    if !allocation.showsPattern(host - Int(offset), from: offset &+ first, to: to) { suspect() }
  }
}
