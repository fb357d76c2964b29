import typealias KernelPool.Address
import struct KernelPool.LookasideList
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct KernelPool.WriteJournal
import struct PoolWalk.ChainWalk

/// Blocks that wait on lookaside lists and among deferred frees, with the links they should have.
struct WaitingCache: ~Copyable {
  /// A waiting block.
  struct Block: BitwiseCopyable {
    var body: Address
    var next: Address
    /// Units of its lookaside list; 0 for a deferred free.
    var units: UInt32

    var isDeferred: Bool { units == 0 }
  }

  /// A list: its first block and how many there are.
  struct List: BitwiseCopyable {
    var top: Address = 0
    var count: UInt32 = 0
    var allocateHits: UInt32 = 0
  }

  private var index = AddressIndex()
  private var blocks = FlatArray<Block>()
  private var unused = FlatArray<UInt32>()
  /// Lookaside lists, then deferred frees by descriptor.
  var lists = FlatArray<List>()
  /// Requests that lookaside lists served, by pool.
  var hits = FlatArray<UInt32>()

  init() {}

  /// How many blocks wait.
  var count: Int { index.count }

  @inline(__always) func contains(_ body: Address) -> Bool {
    index.count != 0 && index[body] != nil
  }

  /// The block with its body at an address, or nil.
  @inline(__always) subscript(body: Address) -> Block? {
    index.count == 0 ? nil : index[body].map { blocks[Int($0)] }
  }

  /// Adds a block; false where it waits already.
  mutating func add(_ block: Block) -> Bool {
    guard block.body != 0, index[block.body] == nil else { return false }
    let number: UInt32
    if unused.count > 0 {
      number = unused.removeLast()
      blocks[Int(number)] = block
    } else {
      number = UInt32(blocks.count)
      blocks.append(block)
    }
    index.set(block.body, number)
    return true
  }

  /// Takes a block out.
  mutating func remove(_ body: Address) {
    if let number = index.remove(body) { unused.append(number) }
  }
}

// Lookaside lists and deferred frees grow and shrink at their top, so a changed list is mostly
// followed by one step; whatever else happened to it, it is walked.

extension IncrementalAudit {
  /// Follows the lists that the journal names.
  mutating func updateLookasides(_ view: PoolView, _ journal: WriteJournal) {
    for index in journal.lookasides where fallback == nil {
      updateLookaside(view, Int(index))
    }
  }

  mutating func updateLookaside(_ view: PoolView, _ index: Int) {
    let list = view.lookaside(at: index)
    let old = waiting.lists[index]
    let classes = Int(facts.profile.lookasideClasses)
    let kind = (index / classes) & 3
    let units = UInt32(truncatingIfNeeded: index % classes + 1)
    if list.allocateHits != old.allocateHits {
      waiting.hits[kind] = waiting.hits[kind] &+ list.allocateHits &- old.allocateHits
      touched.kinds |= 1 &<< UInt64(kind)
      waiting.lists.place(index).pointee.allocateHits = list.allocateHits
    }
    if list.freeHits &- list.allocateHits != UInt32(list.count) { fallBack() }
    if UInt64(list.count) > lookasideLimit(view, list) { fallBack() }
    guard list.top != old.top || UInt32(list.count) != old.count else { return }
    let pool = PoolKind(rawValue: UInt8(kind)) ?? .nonPaged
    update(
      view, list: index, top: list.top, count: UInt32(list.count), units: units,
      pool == .nonPagedNoExecute ? .nonPaged : pool)
  }

  private func lookasideLimit(_ view: PoolView, _ list: LookasideList) -> UInt64 {
    guard facts.profile.lookasideDepthRule != .fixed else { return UInt64(list.depth) }
    let highest = max(
      facts.profile.lookasideMaximumDepth,
      view.configuration.lookasideDepth ?? facts.profile.lookasideDepth)
    return UInt64(max(list.depth, highest))
  }

  /// Follows the deferred frees of descriptors whose fields changed.
  mutating func updateDeferred(_ view: PoolView) {
    var left = touched.pending
    while left != 0, fallback == nil {
      let descriptor = left.trailingZeroBitCount
      left &= left &- 1
      let host = descriptors.place(descriptor).pointee.host
      let top = facts.pointer(host, facts.profile.descriptor.pendingFrees)
      let depth = host.loadUnaligned(
        fromByteOffset: Int(facts.profile.descriptor.pendingFreeDepth), as: UInt32.self)
      let index = view.lookasideCount + descriptor
      let old = waiting.lists[index]
      guard top != old.top || depth != old.count else { continue }
      let limit = facts.profile.deferredFrees ? facts.profile.deferredFreeLimit : 0
      guard depth <= limit else { return fallBack() }
      update(view, list: index, top: top, count: depth, units: 0, nil)
    }
  }

  /// Brings the cache of a list up to its new top and count.
  private mutating func update(
    _ view: PoolView, list: Int, top: Address, count: UInt32, units: UInt32, _ kind: PoolKind?
  ) {
    let old = waiting.lists[list]
    let place = waiting.lists.place(list)
    place.pointee.top = top
    place.pointee.count = count
    if count == old.count &+ 1, top != 0, view.pointer(top) == old.top {
      return add(top, next: old.top, units: units, kind)
    }
    if count &+ 1 == old.count, let first = waiting[old.top], first.next == top {
      return removeWaiting(old.top)
    }
    var body = old.top
    while let block = waiting[body] {
      removeWaiting(body)
      body = block.next
    }
    var chain = ChainWalk(view, top: top)
    while chain.count <= count, fallback == nil, let entry = chain.next() {
      guard let next = entry.next else { return fallBack() }
      add(entry.address, next: next, units: units, kind)
    }
    if chain.count != count || chain.upcoming != 0 { fallBack() }
  }

  private mutating func add(_ body: Address, next: Address, units: UInt32, _ kind: PoolKind?) {
    if let kind, spaces.space(of: body)?.kind != kind { fallBack() }
    if !waiting.add(WaitingCache.Block(body: body, next: next, units: units)) { fallBack() }
    touched.waiting.append(body)
  }

  private mutating func removeWaiting(_ body: Address) {
    waiting.remove(body)
    touched.waiting.append(body)
  }
}

/// Contiguous allocations that the pool could not serve, a handful at most times.
struct OutsideCache {
  /// Their addresses.
  private(set) var addresses: [Address] = []

  /// How many there are.
  var count: Int { addresses.count }

  /// Adds an allocation, unless it is known.
  mutating func add(_ address: Address) {
    if !addresses.contains(address) { addresses.append(address) }
  }

  /// Takes an allocation out.
  mutating func remove(_ address: Address) { addresses.removeAll { $0 == address } }
}

extension IncrementalAudit {
  /// Follows what callers hold outside of the pool.
  mutating func updateOutside(_ view: PoolView, _ live: LiveAllocations, _ address: Address) {
    guard let position = live.position(of: address) else { return outside.remove(address) }
    let allocation = live.allocation(at: position)
    guard allocation.isContiguous else { return fallBack() }
    outside.add(address)
    if address & facts.pageMask != 0 { fallBack() }
    let end = address &+ max(allocation.requestedBytes, 1)
    for other in outside.addresses where other != address {
      guard let place = live.position(of: other) else { return fallBack() }
      let otherEnd = other &+ max(live.allocation(at: place).requestedBytes, 1)
      if other < end, address < otherEnd { fallBack() }
    }
    auditOutside(view, live, address)
  }

  /// Compares contents outside of the pool with their patterns where a line of them changed.
  mutating func auditOutsideLines(_ view: PoolView, _ live: LiveAllocations) {
    for index in 0..<touched.outsideLines.count where fallback == nil {
      let chunk = touched.outsideLines[index]
      for address in outside.addresses {
        guard let position = live.position(of: address) else { return fallBack() }
        let bytes = live.allocation(at: position).requestedBytes
        if address < chunk &+ 4096, chunk < address &+ bytes { auditOutside(view, live, address) }
      }
    }
  }

  private mutating func auditOutside(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address
  ) {
    guard let position = live.position(of: address) else { return fallBack() }
    let allocation = live.allocation(at: position)
    guard allocation.patternSeed != nil, allocation.requestedBytes > 0 else { return }
    // Bytes behind the last page are nobody's, and the complete audit says so.
    guard let host = view.bytes(at: address, count: allocation.requestedBytes),
      allocation.showsPattern(host, from: 0, to: allocation.requestedBytes, filled: filled)
    else { return fallBack() }
  }
}
