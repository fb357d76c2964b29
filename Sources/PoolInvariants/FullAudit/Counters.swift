import typealias KernelPool.Address
import struct KernelPool.DescriptorRoot
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

/// Allocations and bytes by tag, nonpaged and paged apart.
struct TagTally {
  /// What a tag comes to.
  struct Sum: Equatable {
    var allocations: UInt64 = 0
    var bytes: UInt64 = 0

    /// Two sums modulo 2^64.
    static func + (left: Sum, right: Sum) -> Sum {
      Sum(
        allocations: left.allocations &+ right.allocations, bytes: left.bytes &+ right.bytes)
    }
  }

  private var index = AddressIndex()
  private var sums: [Sum] = []
  /// The tags of the sums, as `key` makes them.
  private var keys: [Address] = []
  /// The place that was asked for last: most operations have the tag of the one before.
  private var last: (key: Address, place: Int) = (0, 0)

  /// A number for a tag's column that is never zero.
  private static func key(_ tag: PoolTag, _ isPaged: Bool) -> Address {
    1 &<< 40 | UInt64(tag.unprotected.word) &<< 1 | (isPaged ? 1 : 0)
  }

  /// How many sums there are.
  @inline(__always) var count: Int { sums.count }
  /// True where nothing was ever added.
  @inline(__always) var isEmpty: Bool { sums.isEmpty }

  /// Adds an allocation.
  mutating func add(_ tag: PoolTag, isPaged: Bool, bytes: UInt64, count: UInt64 = 1) {
    let key = Self.key(tag, isPaged)
    if last.key != key {
      let place = index[key].map { Int($0) } ?? sums.count
      if place == sums.count {
        index.set(key, UInt32(place))
        sums.append(Sum())
        keys.append(key)
      }
      last = (key, place)
    }
    sums[last.place].allocations &+= count
    sums[last.place].bytes &+= bytes
  }

  /// The sum of a tag.
  @inline(__always) subscript(tag: PoolTag, isPaged isPaged: Bool) -> Sum {
    let key = Self.key(tag, isPaged)
    if last.key == key { return sums[last.place] }
    return index[key].map { sums[Int($0)] } ?? Sum()
  }

  /// Where a tag's sum is kept, as long as nothing is taken out; nil where the tag was never added.
  func place(of tag: PoolTag, isPaged: Bool) -> Int? {
    index[Self.key(tag, isPaged)].map { Int($0) }
  }

  /// The tag whose sum is kept at a place from 0 to `count` - 1.
  func tag(at place: Int) -> (tag: PoolTag, isPaged: Bool) {
    (PoolTag(word: UInt32(truncatingIfNeeded: keys[place] &>> 1)), keys[place] & 1 != 0)
  }

  /// The sum that is kept at a place; none where the place is negative.
  @inline(__always) func sum(at place: Int) -> Sum { place < 0 ? Sum() : sums[place] }

  /// Every tag with its sum.
  func forEach(_ body: (PoolTag, _ isPaged: Bool, Sum) -> Void) {
    index.forEach { key, place in
      body(PoolTag(word: UInt32(truncatingIfNeeded: key &>> 1)), key & 1 != 0, sums[Int(place)])
    }
  }

  /// Takes everything out.
  mutating func removeAll() {
    index.removeAll()
    last = (0, 0)
    sums.removeAll(keepingCapacity: true)
    keys.removeAll(keepingCapacity: true)
  }
}

// The counters of descriptors against recounts (ReactOS ExAllocatePoolWithTag, ExFreePoolWithTag:
// lookaside hits and pushes move none of them; Mandt 2011 for deferred frees, which count when
// their batch is processed).

extension PoolAudit {
  /// Holds every descriptor's counters against its tally.
  mutating func auditCounters(_ view: PoolView, _ live: LiveAllocations) {
    for (number, root) in view.descriptors.enumerated() {
      auditDescriptor(view, root, tallies[number], drift: shadow.drift[number])
    }
    for kind in PoolKind.allCases { auditServed(view, kind) }
    let chargedBytes = view.variables.chargedBytes
    findings.require(
      .countersQuota, at: view.variables.process, expected: charged.nonPaged,
      found: chargedBytes.nonPaged, "nonpaged bytes charged to the process")
    findings.require(
      .countersQuota, at: view.variables.process, expected: charged.paged,
      found: chargedBytes.paged, "paged bytes charged to the process")
  }

  private mutating func auditDescriptor(
    _ view: PoolView, _ root: DescriptorRoot, _ tally: DescriptorTally, drift: ShadowState.Drift
  ) {
    let layout = facts.profile.descriptor
    let base = root.address
    requireCounter(
      view, .countersPages, base &+ layout.totalPages, tally.pages, "pages of small blocks")
    requireCounter(
      view, .countersBigPages, base &+ layout.totalBigPages,
      tally.largePages &+ drift.largePages,
      "pages of large allocations")
    if let allocations = view.word32(base &+ layout.runningAllocations),
      let frees = view.word32(base &+ layout.runningFrees)
    {
      findings.require(
        .countersOutstanding, at: base &+ layout.runningAllocations,
        expected: (tally.blocksInUse &+ tally.large &+ drift.outstanding) & 0xFFFF_FFFF,
        found: UInt64(allocations &- frees),
        "allocations less frees of a descriptor")
    }
    guard let offset = layout.totalBytes else { return }
    let expected = tally.unitsInUse &<< facts.unitShift &+ tally.largeBytes &+ drift.bytes
    findings.require(
      .countersBytes, at: base &+ offset, expected: expected & facts.wordMask,
      found: view.pointer(base &+ offset) ?? 0, "bytes of a descriptor")
  }

  private mutating func requireCounter(
    _ view: PoolView, _ invariant: Invariant, _ address: Address, _ expected: UInt64,
    _ text: String
  ) {
    findings.require(
      invariant, at: address, expected: expected & 0xFFFF_FFFF,
      found: view.word32(address).map(UInt64.init) ?? .max, text)
  }

  /// Every request that a pool served shows in a descriptor or as a lookaside hit.
  private mutating func auditServed(_ view: PoolView, _ kind: PoolKind) {
    guard let root = view.descriptors.first(where: { $0.kind == kind }) else { return }
    findings.require(
      .countersAllocations, at: root.address &+ facts.profile.descriptor.runningAllocations,
      expected: shadow.served(kind) & 0xFFFF_FFFF, found: UInt64(countedRequests(view, kind)),
      "allocations of a pool, lookaside hits included")
  }

  /// Requests that a pool's descriptors and lookaside lists have counted, modulo 2^32.
  func countedRequests(_ view: PoolView, _ kind: PoolKind) -> UInt32 {
    var count: UInt32 = 0
    for root in view.descriptors where root.kind == kind {
      count &+= view.word32(root.address &+ facts.profile.descriptor.runningAllocations) ?? 0
    }
    for owner in 0..<view.lookasideOwners {
      for units in 1...max(facts.profile.lookasideClasses, 1) {
        count &+= view.lookaside(owner: owner, kind: kind, units: units).allocateHits
      }
    }
    return count
  }
}
