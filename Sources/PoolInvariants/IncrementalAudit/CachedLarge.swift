import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct PoolWalk.BigPageEntry

/// Every large allocation, by address and by its place in the big-page table.
struct LargeCache: ~Copyable {
  /// A large allocation.
  struct Claim: BitwiseCopyable {
    var address: Address
    /// Its entry; 0 where it found the table full.
    var place: Address
    var tag: UInt32
    /// Its type and size as the entry has them.
    var type: UInt32
    var size: UInt64
    var pages: UInt64
    /// The descriptor that counts it, or -1, and the bytes that this counts.
    var descriptor: Int = -1
    var countedBytes: UInt64 = 0
    /// Bytes that the process is charged.
    var chargedBytes: UInt64 = 0
    var isKernels = false
    /// Its contents were looked at in the present operation.
    var isFresh = true

    /// The place of an entry that has not been found again: no entry lies there.
    static let lostPlace: Address = 1
  }

  private var byAddress = AddressIndex()
  private var byPlace = AddressIndex()
  private(set) var claims = FlatArray<Claim>()
  private var unused = FlatArray<UInt32>()
  /// Entries that were read and wait for their pages to be free.
  var pending = FlatArray<Claim>()
  /// Claims to be held against what callers hold.
  var fresh = FlatArray<UInt32>()
  /// Entries in use.
  private(set) var entryCount: UInt64 = 0
  /// Allocations that callers hold.
  var liveCount = 0

  init() {}

  /// The number of the allocation at an address, or nil.
  func number(at address: Address) -> Int? { byAddress[address].map { Int($0) } }

  /// The number of the allocation of an entry, or nil.
  func number(ofEntryAt place: Address) -> Int? { byPlace[place].map { Int($0) } }

  /// Enters an allocation; nil where the address has one.
  mutating func add(_ claim: Claim) -> Int? {
    guard byAddress[claim.address] == nil else { return nil }
    let number: UInt32
    if unused.count > 0 {
      number = unused.removeLast()
      claims[Int(number)] = claim
    } else {
      number = UInt32(claims.count)
      claims.append(claim)
    }
    byAddress.set(claim.address, number)
    if claim.place != 0 {
      byPlace.set(claim.place, number)
      entryCount &+= 1
    }
    return Int(number)
  }

  /// Takes an allocation out.
  mutating func remove(_ number: Int) {
    let claim = claims[number]
    byAddress.remove(claim.address)
    if claim.place != 0 {
      byPlace.remove(claim.place)
      entryCount &-= 1
    }
    claims.place(number).pointee.address = 0
    unused.append(UInt32(number))
  }

  /// Forgets where the entries are.
  mutating func forgetPlaces() {
    byPlace.removeAll()
    entryCount = 0
    for number in 0..<claims.count
    where claims[number].address != 0 && claims[number].place != 0 {
      claims.place(number).pointee.place = Claim.lostPlace
    }
  }

  /// Notes where an entry is whose place was forgotten.
  mutating func setPlace(_ place: Address, of number: Int) {
    claims.place(number).pointee.place = place
    byPlace.set(place, UInt32(number))
    entryCount &+= 1
  }

  /// The place of an allocation, to be changed there.
  func place(_ number: Int) -> UnsafeMutablePointer<Claim> { claims.place(number) }
}

// Large allocations: entries of the big-page table that changed, allocations without an entry, and
// what callers made or freed.

extension IncrementalAudit {
  /// Books what left and what came, up to the pages, which must be free first.
  mutating func updateLarge(_ view: PoolView, _ live: LiveAllocations) {
    for index in 0..<touched.entries.count where fallback == nil {
      updateEntry(view, touched.entries[index])
    }
    for index in 0..<touched.large.count where fallback == nil {
      let address = touched.large[index]
      let isUntracked = complete.shadow.isUntracked(address) && live.position(of: address) != nil
      guard let number = large.number(at: address) else {
        if isUntracked { expect(untracked: address, live) }
        continue
      }
      if large.claims[number].place == 0, !isUntracked { removeLarge(number) }
    }
    for index in 0..<large.pending.count where fallback == nil {
      let claimed = large.pending[index]
      guard let first = pages(of: claimed.address, claimed.pages) else { return fallBack() }
      claim(first, Int(claimed.pages), .largeStart)
    }
  }

  private mutating func updateEntry(_ view: PoolView, _ place: Address) {
    let entry = BigPageEntry(view, at: place)
    if let number = large.number(ofEntryAt: place) {
      let old = large.claims[number]
      if let entry, entry.address == old.address, entry.tag.word == old.tag,
        entry.type == old.type, entry.size == old.size
      {
        return
      }
      removeLarge(number)
    }
    guard let entry else { return }
    // A moved table's new entries are found in it, and once more where its lines changed.
    for index in 0..<large.pending.count where large.pending[index].place == place { return }
    large.pending.append(
      LargeCache.Claim(
        address: entry.address, place: place, tag: entry.tag.word, type: entry.type,
        size: entry.size, pages: facts.pages(entry)))
  }

  private mutating func expect(untracked address: Address, _ live: LiveAllocations) {
    for index in 0..<large.pending.count where large.pending[index].address == address { return }
    guard let position = live.position(of: address) else { return }
    let allocation = live.allocation(at: position)
    let bytes = facts.effectiveBytes(allocation)
    large.pending.append(
      LargeCache.Claim(
        address: address, place: 0, tag: allocation.tag.word, type: facts.entryType(allocation),
        size: facts.entrySize(bytes), pages: facts.largePages(bytes)))
  }

  mutating func removeLarge(_ number: Int) {
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
    for index in 0..<large.pending.count where fallback == nil {
      guard let number = large.add(large.pending[index]) else { return fallBack() }
      putInLarge(view, live, number, isNew: true)
    }
    large.pending.removeAll()
    for index in 0..<touched.large.count where fallback == nil {
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
    large.fresh.append(UInt32(number))
    if complete.shadow.isKernels(address) {
      let bytes = facts.profile.descriptor.bytesWithLock
      place.pointee.isKernels = true
      guard facts.entrySize(bytes) == place.pointee.size, place.pointee.type == 0
      else { return fallBack() }
      countLarge(number, .nonPaged, bytes: bytes)
      if isNew { makeTail(view, live, number, .nonPaged, bytes: bytes) }
      return
    }
    guard let position = live.position(of: address) else { return fallBack() }
    let allocation = live.allocation(at: position)
    large.liveCount += 1
    let bytes = facts.effectiveBytes(allocation)
    let kind = facts.kind(allocation.type)
    guard place.pointee.tag == allocation.tag.word,
      facts.entryType(allocation) == place.pointee.type,
      facts.isLarge(allocation),
      facts.entrySize(bytes) == place.pointee.size,
      spaces.space(of: address)?.kind == (kind == .nonPagedNoExecute ? .nonPaged : kind),
      facts.pages(allocation.requestedBytes) <= place.pointee.pages
    else { return fallBack() }
    countLarge(number, kind, bytes: bytes)
    if place.pointee.place != 0 { charge(number, facts.chargedPageBytes(allocation)) }
    if isNew, place.pointee.place != 0 { makeTail(view, live, number, kind, bytes: bytes) }
    guard allocation.patternSeed != nil, !isRebuilding else { return }
    guard let host = view.bytes(at: address, count: max(allocation.requestedBytes, 1)),
      allocation.showsPattern(host, from: 0, to: allocation.requestedBytes, filled: filled)
    else { return fallBack() }
  }

  /// The first descriptor of a pool.
  private mutating func position(of kind: PoolKind) -> Int? {
    for position in 0..<descriptors.count where descriptors.place(position).pointee.kind == kind {
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
      return fallBack()
    }
    _ = records.make(last, descriptor: owner, firstUnit: Int(unit))
    examineWhole(view, live, page: last)
  }

  /// Compares the changed lines of large allocations with their patterns.
  mutating func auditLargeLines(_ view: PoolView, _ live: LiveAllocations) {
    var known: Int?
    for index in 0..<touched.largeLines.count where fallback == nil {
      let lines = touched.largeLines[index]
      let page = Int(lines.page)
      guard PageShare.owner(owners[page]) == .large || PageShare.owner(owners[page]) == .largeStart
      else { continue }
      let address = spaces.address(of: page)
      if let number = known, covers(number, address) {} else { known = largeClaim(page) }
      guard let number = known else { return fallBack() }
      guard !large.claims[number].isFresh, !large.claims[number].isKernels else { continue }
      auditLines(view, live, large.claims[number].address, page: address, lines.lines)
    }
  }

  private func covers(_ number: Int, _ address: Address) -> Bool {
    let claim = large.claims[number]
    return address &- claim.address < claim.pages &<< facts.pageShift
  }

  // Called, it gets a copy of the whole audit.
  @inline(__always) private func largeClaim(_ page: Int) -> Int? {
    var first = page
    while owners[first] & PageShare.first == 0, first > 0 { first -= 1 }
    return large.number(at: spaces.address(of: first))
  }

  private mutating func auditLines(
    _ view: PoolView, _ live: LiveAllocations, _ start: Address, page: Address, _ lines: UInt64
  ) {
    guard let position = live.position(of: start) else { return fallBack() }
    let allocation = live.allocation(at: position)
    guard allocation.patternSeed != nil else { return }
    guard let host = view.bytes(at: page, count: facts.pageBytes) else { return fallBack() }
    let offset = page &- start
    let first = UInt64(lines.trailingZeroBitCount) &<< WriteJournalLine.shift
    let end = UInt64(64 &- lines.leadingZeroBitCount) &<< WriteJournalLine.shift
    let to = min(offset &+ end, allocation.requestedBytes)
    guard offset &+ first < to else { return }
    let shows = allocation.showsPattern(
      host - Int(offset), from: offset &+ first, to: to, filled: filled)
    if !shows { fallBack() }
  }
}
