import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

/// What the operations so far must have added up to, where the pool's state alone cannot tell.
///
/// Most expectations are recounts of the state. Three are not: how counters drift when a free
/// subtracts elsewhere, or something else, than its allocation added, what allocations came to that
/// found the big-page table full, and how many requests were served at all.
struct ShadowState {
  /// What a descriptor's counters differ by from a recount, modulo 2^64.
  struct Drift {
    var bytes: UInt64 = 0
    /// Allocations less frees.
    var outstanding: UInt64 = 0
    var largePages: UInt64 = 0
  }

  /// Page allocations of the kernel's own initialisation, by address.
  private var kernels = AddressIndex()
  /// Live large allocations that the big-page table does not know.
  private var untracked = AddressIndex()
  /// What the counters of each descriptor differ by from a recount.
  private(set) var drift: [Drift]
  /// The descriptors of which that has changed since somebody asked, by position.
  private var drifted: UInt64 = 0
  /// What each tag's row differs by from a recount.
  private(set) var tagDrift = TagTally()
  /// What single rows of the tag table differ by: a tag of zero counts in the first empty row,
  /// whose next owner inherits the counts. Rows stand for tags here.
  private(set) var rowDrift = TagTally()
  /// True where a row of the tag table may differ from a recount.
  ///
  /// This and what follows is asked for every operation, and inlined: a call would copy all of this
  /// value.
  @inline(__always) var hasDrift: Bool { !tagDrift.isEmpty || !rowDrift.isEmpty }
  /// What a tag's row differs by from a recount.
  @inline(__always)
  func drift(of tag: PoolTag, isPaged: Bool) -> TagTally.Sum {
    tagDrift.isEmpty ? TagTally.Sum() : tagDrift[tag, isPaged: isPaged]
  }
  /// What a row differs by, whatever its tag.
  @inline(__always)
  func drift(ofRow row: UInt64, isPaged: Bool) -> TagTally.Sum {
    rowDrift.isEmpty
      ? TagTally.Sum() : rowDrift[PoolTag(word: UInt32(truncatingIfNeeded: row)), isPaged: isPaged]
  }
  /// Live allocations by tag, kept up operation by operation.
  private(set) var tags = TagTally()
  /// Requests served, by pool.
  private var served: [UInt64]
  /// Times that the big-page table could not take an entry, up to the operation before.
  var expansionFailures: UInt64

  init(_ view: PoolView, _ facts: PoolFacts) {
    drift = Array(repeating: Drift(), count: view.descriptors.count)
    served = Array(repeating: 0, count: PoolKind.allCases.count)
    let variables = view.variables
    expansionFailures = variables.bigTableExpansionFailures
    for descriptor in view.descriptors where facts.isPageAligned(descriptor.address) {
      guard descriptor.kind == .paged, view.marks(ofPageAt: descriptor.address) != nil else {
        continue
      }
      kernels.set(descriptor.address, 1)
    }
    served[Int(PoolKind.nonPaged.rawValue)] = UInt64(kernels.count)
  }

  /// True for a page allocation of the kernel's own.
  @inline(__always)
  func isKernels(_ address: Address) -> Bool { kernels[address] != nil }

  /// Live large allocations without an entry, in the order of their addresses.
  var untrackedAddresses: [Address] {
    var addresses: [Address] = []
    untracked.forEach { address, _ in addresses.append(address) }
    return addresses.sorted()
  }

  /// True where the big-page table was full when the allocation was made.
  @inline(__always)
  func isUntracked(_ address: Address) -> Bool { untracked[address] != nil }

  /// Requests that a pool has served.
  @inline(__always)
  func served(_ kind: PoolKind) -> UInt64 { served[Int(kind.rawValue)] }

  /// Books a request that a pool served.
  mutating func countServed(_ kind: PoolKind) { served[Int(kind.rawValue)] &+= 1 }

  /// Adds to, or with a count of -1 takes from, a tag's live allocations.
  mutating func countTag(_ tag: PoolTag, isPaged: Bool, bytes: UInt64, count: UInt64) {
    tags.add(tag, isPaged: isPaged, bytes: bytes, count: count)
  }

  /// Notes a large allocation without an entry.
  mutating func noteUntracked(_ address: Address) { untracked.set(address, 1) }

  /// Forgets one; false where it has an entry.
  mutating func forgetUntracked(_ address: Address) -> Bool { untracked.remove(address) != nil }

  /// Notes what a descriptor's byte counter gained without a recount showing it.
  mutating func drift(_ descriptor: Int, by bytes: UInt64) {
    guard drift.indices.contains(descriptor) else { return }
    drift[descriptor].bytes &+= bytes
    drifted |= 1 &<< UInt64(descriptor)
  }

  /// Notes that a large allocation of one descriptor was freed from the count of another.
  mutating func driftLarge(from counted: Int, to other: Int, pages: UInt64) {
    guard drift.indices.contains(counted), drift.indices.contains(other) else { return }
    drift[counted].outstanding &+= 1
    drift[counted].largePages &+= pages
    drift[other].outstanding &-= 1
    drift[other].largePages &-= pages
    drifted |= 1 &<< UInt64(counted) | 1 &<< UInt64(other)
  }

  /// The descriptors whose drift has changed since the last call, by position.
  mutating func takeDrifted() -> UInt64 {
    defer { drifted = 0 }
    return drifted
  }

  /// Notes what a tag's row gained without a recount showing it.
  mutating func driftTag(_ tag: PoolTag, isPaged: Bool, by bytes: UInt64) {
    tagDrift.add(tag, isPaged: isPaged, bytes: bytes, count: 0)
  }

  /// Notes what a row gained from an allocation or free with a tag of zero.
  mutating func driftRow(_ row: UInt64, isPaged: Bool, bytes: UInt64, count: UInt64) {
    rowDrift.add(
      PoolTag(word: UInt32(truncatingIfNeeded: row)), isPaged: isPaged, bytes: bytes, count: count)
  }
}

extension PoolAudit {
  /// Books an allocation that an operation got. Call it after the operation and before an audit.
  public mutating func recordAllocation(
    _ view: PoolView, at address: Address, _ allocation: LiveAllocation
  ) {
    guard spaces.page(of: address) != nil else {
      if allocation.isContiguous {
        recordContiguousRefusal(view, bytes: allocation.requestedBytes)
      }
      return
    }
    shadow.expansionFailures = view.variables.bigTableExpansionFailures
    let kind = facts.kind(allocation.type)
    let bytes = facts.effectiveBytes(allocation)
    var tag = allocation.tag
    shadow.countServed(kind)
    let isLarge = facts.isLarge(allocation)
    if isLarge, bigPlace(view, of: address) == nil {
      shadow.noteUntracked(address)
      tag = .big
    }
    bookTag(
      view, tag, allocation, bytes: trackedBytes(allocation, bytes, isLarge: isLarge), count: 1)
  }

  /// Books a contiguous request that got nothing from the pool: the pool may have served it with
  /// page frames that did not suit, and taken them back. Call it right after the operation.
  ///
  /// Nothing but the counters tells whether it did, so these are believed, for one request.
  public mutating func recordContiguousRefusal(_ view: PoolView, bytes requestedBytes: UInt64) {
    let bytes = facts.contiguousBytes(requestedBytes)
    let foundTableFull = view.variables.bigTableExpansionFailures != shadow.expansionFailures
    shadow.expansionFailures = view.variables.bigTableExpansionFailures
    let served = UInt32(truncatingIfNeeded: shadow.served(.nonPaged))
    guard countedRequests(view, .nonPaged) == served &+ 1 else { return }
    shadow.countServed(.nonPaged)
    guard facts.isLarge(bytes, .cacheAligned) else { return }
    // A free subtracts what the table knows: whole pages, or nothing.
    let removed = foundTableFull ? 0 : facts.largePages(bytes) &<< facts.pageShift
    shadow.drift(0, by: facts.countedBytes(bytes) &- removed)
    let tag: PoolTag = foundTableFull ? .big : .contiguous
    let tracked = facts.pageRounded(bytes)
    if tracked != removed { shadow.driftTag(tag, isPaged: false, by: tracked &- removed) }
  }

  /// Books a free. Call it after the operation and before an audit.
  public mutating func recordFree(
    _ view: PoolView, at address: Address, _ allocation: LiveAllocation
  ) {
    guard
      let descriptor = view.descriptors.firstIndex(where: {
        $0.kind == facts.kind(allocation.type)
      }), spaces.page(of: address) != nil
    else { return }
    let bytes = facts.effectiveBytes(allocation)
    let isLarge = facts.isLarge(allocation)
    let tracked = trackedBytes(allocation, bytes, isLarge: isLarge)
    guard isLarge else {
      return bookTag(view, allocation.tag, allocation, bytes: 0 &- tracked, count: 0 &- 1)
    }
    let counted = facts.countedBytes(bytes)
    let isUntracked = shadow.forgetUntracked(address)
    // Nonpaged pages look alike: only an entry that keeps the type names the descriptor that
    // counted them, and without one the first is taken.
    let isMistaken =
      view.descriptors[descriptor].kind == .nonPagedNoExecute
      && (isUntracked || !facts.bigEntriesKeepTypes)
    let freeing = isMistaken ? 0 : descriptor
    if isMistaken {
      shadow.driftLarge(from: descriptor, to: freeing, pages: facts.largePages(bytes))
    }
    shadow.drift(descriptor, by: counted)
    if isUntracked {
      // Nobody knows its size any more: the free subtracts nothing.
      shadow.driftTag(.big, isPaged: allocation.type.isPaged, by: tracked)
      return bookTag(view, .big, allocation, bytes: 0 &- tracked, count: 0 &- 1)
    }
    let removed = facts.largePages(bytes) &<< facts.pageShift
    shadow.drift(freeing, by: 0 &- removed)
    if tracked != removed {
      shadow.driftTag(allocation.tag, isPaged: allocation.type.isPaged, by: tracked &- removed)
    }
    bookTag(view, allocation.tag, allocation, bytes: 0 &- tracked, count: 0 &- 1)
  }

  /// Bytes that the tag table books for an allocation.
  @inline(__always)
  private func trackedBytes(_ allocation: LiveAllocation, _ bytes: UInt64, isLarge: Bool)
    -> UInt64
  {
    isLarge ? facts.pageRounded(bytes) : facts.units(allocation) &<< facts.unitShift
  }

  private mutating func bookTag(
    _ view: PoolView, _ tag: PoolTag, _ allocation: LiveAllocation, bytes: UInt64, count: UInt64
  ) {
    let isPaged = allocation.type.isPaged
    shadow.countTag(tag, isPaged: isPaged, bytes: bytes, count: count)
    guard tag.unprotected.word == 0 else { return }
    // A full table has no empty row: then the extra last one counts, if the version has it so and an
    // allocation has found the table full before.
    let last = view.variables.trackerRows &- 1
    let hasRest =
      facts.profile.trackerOverflow == .lastSlot && view.word32(rowAddress(view, last)) != 0
    guard let row = trackerRow(view, of: PoolTag(word: 0)) ?? (hasRest ? last : nil) else { return }
    shadow.driftRow(row, isPaged: isPaged, bytes: bytes, count: count)
  }
}
