import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

/// What the operations so far must have added up to, where the pool's state alone cannot tell.
///
/// Most expectations are recounts of the state. Three are not: how counters drift when a free
/// subtracts elsewhere, or something else, than its allocation added, what allocations came to that
/// found the big-page table full, and how many requests were served at all.
struct ShadowBooks {
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
  /// What each tag's row differs by from a recount.
  private(set) var tagDrift = TagTally()
  /// What single rows of the tag table differ by: a tag of zero counts in the first empty row,
  /// whose next owner inherits the counts. Rows stand for tags here.
  private(set) var rowDrift = TagTally()
  /// True where a row of the tag table may differ from a recount.
  var hasDrift: Bool { !tagDrift.isEmpty || !rowDrift.isEmpty }
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
  func isKernels(_ address: Address) -> Bool { kernels[address] != nil }

  /// Live large allocations without an entry, in the order of their addresses.
  var untrackedAddresses: [Address] {
    var addresses: [Address] = []
    untracked.forEach { address, _ in addresses.append(address) }
    return addresses.sorted()
  }

  /// True where the big-page table was full when the allocation was made.
  func isUntracked(_ address: Address) -> Bool { untracked[address] != nil }

  /// Requests that a pool has served.
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
    if drift.indices.contains(descriptor) { drift[descriptor].bytes &+= bytes }
  }

  /// Notes that a large allocation of one descriptor was freed from the count of another.
  mutating func driftLarge(from counted: Int, to other: Int, pages: UInt64) {
    guard drift.indices.contains(counted), drift.indices.contains(other) else { return }
    drift[counted].outstanding &+= 1
    drift[counted].largePages &+= pages
    drift[other].outstanding &-= 1
    drift[other].largePages &-= pages
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
