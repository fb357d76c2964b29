import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct KernelPool.Profile

/// The independent check of a pool: raw bytes, layouts and roots against the published rules.
///
/// How it works. A full audit collects every claim on memory first: lookaside lists and deferred
/// frees claim blocks; free runs, single-page lists, tables, the big-page table and small-block
/// marks claim pages. Then it walks the blocks of every page of small blocks, which yields a
/// summary of each page, a set of free blocks and a tally for each descriptor. Lists, live
/// allocations, counters and tag rows are held against these. Each family of rules is an extension
/// in a file of its own, and shares no function with the allocator.
///
/// Nothing traps on corrupt memory: every read is optional, every walk is bounded by the number of
/// things that could be on it, and no value read from the pool indexes an array unchecked.
///
/// What state alone cannot tell (how a byte counter drifted, how many requests were ever served) an
/// audit learns from `recordAllocation` and `recordFree`; it must be made when the pool is.
public struct PoolAudit: ~Copyable {
  private let profileStorage: StableStorage<Profile>
  private let factsStorage: StableStorage<PoolFacts>
  let factsAddress: UnsafePointer<PoolFacts>
  private let spacesStorage: StableStorage<PageSpaces>
  let spacesAddress: UnsafePointer<PageSpaces>
  var findings = Findings()
  /// Blocks on lookaside lists and deferred frees, by body address.
  var waiting = WaitingBlocks()
  /// Free blocks with room for links, by header address.
  var free = FreeBlocks()
  /// The descriptors, by position, of whose list heads not all were found to lead to themselves.
  var descriptorsWithLists: UInt64 = 0
  /// The owner of every page.
  var owners: [PageOwner] = []
  /// What the walks found, by descriptor.
  var tallies: [DescriptorTally] = []
  /// What the live allocations come to, by tag.
  var tags = TagTally()
  /// Live allocations found in their block or pages, by slot.
  var isSeen: [Bool] = []
  /// How many were found.
  var seenCount = 0
  /// Bytes of charged blocks: nonpaged, then paged.
  var charged: (nonPaged: UInt64, paged: UInt64) = (0, 0)
  /// What the operations so far have come to.
  var shadow: ShadowState
  /// The tag row that the first tier looked at last.
  var lastRow: (tag: PoolTag, table: Address, host: UnsafeRawPointer?) = (PoolTag(word: 0), 0, nil)
  /// The heads of the lists of free runs when they were last looked at.
  var runHeads = RunHeads()

  /// An audit of the pool that `view` shows, which has served no request yet.
  public init(_ view: PoolView) {
    profileStorage = StableStorage(view.profile)
    let facts = PoolFacts(profileStorage)
    factsStorage = StableStorage(facts)
    factsAddress = factsStorage.place
    spacesStorage = StableStorage(PageSpaces(view, facts))
    spacesAddress = spacesStorage.place
    shadow = ShadowState(view, facts)
  }

  /// An audit with the account of another one, for a pool in the same state.
  init(continuing other: borrowing PoolAudit) {
    profileStorage = other.profileStorage
    factsStorage = other.factsStorage
    factsAddress = other.factsAddress
    spacesStorage = other.spacesStorage
    spacesAddress = other.spacesAddress
    shadow = other.shadow
  }

  /// What follows from the profile.
  var facts: PoolFacts {
    @inline(__always) unsafeAddress { factsAddress }
  }

  /// Every page that the pool could have.
  var spaces: PageSpaces {
    @inline(__always) unsafeAddress { spacesAddress }
  }

  /// Checks everything. Violations come in the order of the families, at most a few dozen.
  ///
  /// The time is proportional to the pages, the blocks and the live bytes.
  public mutating func full(_ view: PoolView, _ live: LiveAllocations) -> [Violation] {
    begin(view, live)
    collectLookasides(view)
    collectDeferred(view)
    claimPages(view, live)
    auditSmallPages(view, live)
    auditWaitingOwners(live)
    auditLists(view)
    auditLeftovers(view, live)
    auditCounters(view, live)
    auditTracker(view)
    return findings.violations
  }

  private mutating func begin(_ view: PoolView, _ live: LiveAllocations) {
    findings = Findings()
    waiting.removeAll()
    free.removeAll()
    tags.removeAll()
    Self.resetArray(&owners, to: .nobody, count: spaces.count)
    Self.resetArray(&isSeen, to: false, count: live.slotCount)
    Self.resetArray(&tallies, to: DescriptorTally(), count: view.descriptors.count)
    seenCount = 0
    charged = (0, 0)
  }

  private static func resetArray<Element>(_ array: inout [Element], to value: Element, count: Int) {
    guard array.count == count else { return array = Array(repeating: value, count: count) }
    array.withUnsafeMutableBufferPointer { $0.update(repeating: value) }
  }
}

/// Recounts of what a descriptor's counters should say.
struct DescriptorTally {
  /// Pages of small blocks.
  var pages: UInt64 = 0
  /// Blocks in use, those on lookaside lists and deferred ones included.
  var blocksInUse: UInt64 = 0
  /// Units of these blocks.
  var unitsInUse: UInt64 = 0
  /// Large allocations.
  var large: UInt64 = 0
  /// Pages of large allocations.
  var largePages: UInt64 = 0
  /// Bytes of large allocations as the version counts them.
  var largeBytes: UInt64 = 0
}
