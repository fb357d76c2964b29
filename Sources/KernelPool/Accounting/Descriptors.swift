// Descriptors: which one serves a request, where it lies, what it counts, and which of its lists may
// have blocks.

/// A descriptor as the algorithm works with it: where it and its list heads lie in the host.
///
/// Descriptors lie in the kernel's data or on pages of the nonpaged pool that were mapped at start;
/// neither is ever taken away.
struct Owner {
  /// The pool it describes.
  let kind: PoolKind
  /// Its index, as headers keep it: shifted into place, or nothing where versions leave the field.
  let indexBits: UInt32
  /// The descriptor.
  let address: Address
  let host: UnsafeMutableRawPointer
  /// The head of its first list.
  let headsAddress: Address
  let heads: UnsafeMutableRawPointer
  /// Which of its lists may have blocks.
  let used: UsedLists
  /// True where memory tells `used` of every store to the heads that is not the algorithm's own.
  let hasSummary: Bool
}

typealias OwnerPointer = UnsafeMutablePointer<Owner>

/// Which lists of a descriptor may have blocks. A profile of small-block traces showed half of an
/// allocation's instructions in reading list heads that point at themselves, 26 of them on average;
/// the summary leaves one head to be read.
///
/// A missing list's head points at itself; of a list that is in the set nothing is known. So whoever
/// stores to the first link of a head enters its list, and memory enters all of them when anybody
/// else stores there.
struct UsedLists {
  /// One bit a list; bits behind the last list are always set, so that every search ends.
  private let words: UnsafeMutablePointer<UInt64>
  private let wordCount: Int

  /// A set of so many lists, all of them in it.
  init(lists: UInt64) {
    // A search starts at most two lists behind the last.
    wordCount = Int(lists / 64) + 2
    words = .allocate(capacity: wordCount)
    words.initialize(repeating: .max, count: wordCount)
  }

  func deallocate() { words.deallocate() }

  /// Enters every list.
  func insertAll() { words.update(repeating: .max, count: wordCount) }

  /// Enters the list of `units`, which must be one.
  @inline(__always) func insert(_ units: UInt64) {
    let list = units &- 1
    words[Int(truncatingIfNeeded: list &>> 6)] |= 1 &<< (list & 63)
  }

  /// The first list from the one of `units` up that is in the set and that `isUsed` confirms; those
  /// that it does not are removed. Nil where there is none.
  @inline(__always)
  func first(from units: UInt64, last: UInt64, where isUsed: (UInt64) -> Bool) -> UInt64? {
    var position = Int(truncatingIfNeeded: (units &- 1) &>> 6)
    var bits = words[position] & (UInt64.max &<< ((units &- 1) & 63))
    while true {
      while bits == 0 {
        position &+= 1
        bits = words[position]
      }
      let list = UInt64(truncatingIfNeeded: position &<< 6 &+ bits.trailingZeroBitCount) &+ 1
      if list > last { return nil }
      if isUsed(list) { return list }
      words[position] &= ~(bits & (0 &- bits))
      bits &= bits &- 1
    }
  }
}

extension PoolState {
  /// The descriptor of a pool that has one only, or the first of several.
  @inline(__always)
  mutating func descriptor(of kind: PoolKind) -> Int {
    switch kind {
    case .nonPaged: 0
    case .paged: firstPagedDescriptor
    case .nonPagedNoExecute, .session:
      (0..<descriptorCount).first { descriptors[$0].kind == kind } ?? 0
    }
  }

  /// The pool that serves a request of `type`.
  @inline(__always)
  mutating func kind(for type: PoolType) -> PoolKind {
    if type.isPaged {
      guard mutant != .sessionAsPaged else { return .paged }
      return type.contains(.session) && profile.hasSessionPool ? .session : .paged
    }
    return type.contains(.noExecute) && profile.hasNoExecutePool ? .nonPagedNoExecute : .nonPaged
  }

  /// The descriptor for a new small block: paged requests take turns (Mandt 2011).
  ///
  /// Index 0 of several paged descriptors is left to large allocations.
  mutating func descriptorForAllocation(_ kind: PoolKind) -> Int {
    guard kind != .nonPaged else { return 0 }
    guard kind == .paged, profile.pagedDescriptors > 1 else { return descriptor(of: kind) }
    let turns = UInt32(profile.pagedDescriptors - 1)
    let last = variables.pointee.pagedRoundRobin
    let next = last % turns + 1
    if mutant != .roundRobinStuck { variables.pointee.pagedRoundRobin = next }
    let chosen = profile.roundRobin == .advanceThenUse ? next : (last == 0 ? turns : last)
    return firstPagedDescriptor + Int(chosen)
  }
}

extension SmallBlocks {
  /// A descriptor by its number.
  @inline(__always) func owner(_ descriptor: Int) -> OwnerPointer {
    pool.pointee.owners + descriptor
  }

  /// A counter of a descriptor.
  @inline(__always) func counter(_ owner: OwnerPointer, _ offset: UInt64) -> UInt32 {
    owner.pointee.host.word32(Int(truncatingIfNeeded: offset))
  }

  @inline(__always)
  func setCounter(_ owner: OwnerPointer, _ offset: UInt64, _ value: UInt32) {
    note(owner.pointee.address &+ offset, 4)
    owner.pointee.host.store32(value, Int(truncatingIfNeeded: offset))
  }

  /// Adds `difference`, modulo 2^32, to a counter.
  @inline(__always)
  func add(_ owner: OwnerPointer, _ offset: UInt64, _ difference: UInt32) {
    setCounter(owner, offset, counter(owner, offset) &+ difference)
  }

  /// A pointer, or a number as wide, in a descriptor.
  @inline(__always) func pointer(_ owner: OwnerPointer, _ offset: UInt64) -> Address {
    pointer(owner.pointee.host, offset)
  }

  @inline(__always)
  func setPointer(_ owner: OwnerPointer, _ offset: UInt64, _ value: Address) {
    note(owner.pointee.address &+ offset, wordBytes)
    store(value, owner.pointee.host, offset)
  }

  /// Adds bytes, or with a wrapped negative number takes them from, the descriptor's count where it
  /// has one.
  @inline(__always) func addBytes(_ owner: OwnerPointer, _ bytes: UInt64) {
    guard let offset = pool.pointee.profile.descriptor.totalBytes else { return }
    setPointer(owner, offset, pointer(owner, offset) &+ bytes)
  }

  /// Books a small allocation.
  @inline(__always) func countAllocation(_ owner: OwnerPointer, bytes: UInt64) {
    addBytes(owner, bytes)
    add(owner, pool.pointee.profile.descriptor.runningAllocations, 1)
  }

  /// Books a free that reaches the lists or the page level.
  @inline(__always) func countFree(_ owner: OwnerPointer, bytes: UInt64) {
    if !has(.freeNotCounted) { add(owner, pool.pointee.profile.descriptor.runningFrees, 1) }
    if !has(.bytesNotSubtracted) { addBytes(owner, 0 &- bytes) }
  }

  /// Adds pages to, or with a wrapped negative number takes them from, the count of small-block
  /// pages.
  @inline(__always) func countPages(_ owner: OwnerPointer, _ difference: UInt32) {
    add(owner, pool.pointee.profile.descriptor.totalPages, difference)
  }
}
