import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct KernelPool.WriteJournal

/// The complete audit's verdict after every operation, at the price of what the operation touched.
///
/// How it works. The simulated memory keeps a journal of the lines, marks and lists that were
/// stored to, and `LiveAllocations` one of what callers hold. The audit keeps a cache: the blocks of
/// every page, every list with its links and order, every page's owner, every large allocation,
/// the waiting blocks, and all sums that the rules about more than one page need. After an
/// operation the blocks under changed lines are looked at again, their old share is taken out of
/// the cache and the new one put in; so with links, entries, bits and rows. Then the equalities are
/// checked from the cache.
///
/// Why it misses nothing. Every rule is about bytes, marks, variables, or what callers hold. A rule
/// that held before can only break where one of these changed, and each change has a door that
/// notes it. Nothing is asked of the allocator.
///
/// Why it never says anything else. It reports no violation of its own: where a rule seems broken,
/// or something happened that it does not follow, the complete audit walks everything, and its
/// verdict is returned. So both name the same invariants in the same words, and a mistake in the
/// cache can hide a violation but never invent one. A cache that hides one is found by
/// `confirmationOperations`.
///
/// `checkTouched` is a first tier under the same rule, without a journal and a cache: it looks at what
/// one operation touched by its caller's account.
public struct IncrementalAudit: ~Copyable {
  /// The audit that walks everything.
  public internal(set) var complete: PoolAudit
  /// How often everything was walked, by reason.
  public private(set) var walks: [FallbackReason: UInt64] = [:]
  /// How often a tier, or the cache, found something wrong and the complete audit nothing.
  public private(set) var falseAlarms: UInt64 = 0
  /// Checks between two confirmations of the cache, at least. Where the pool is large there are
  /// sixteen for each page and block, so that confirmations cost an operation a constant.
  public static let confirmationOperations = 4096

  /// What is stored to; nil where nobody keeps a journal, and everything is walked every time.
  let journal: WriteJournal?
  private let constantsStorage: StableStorage<IncrementalConstants>
  let constantsPlace: UnsafePointer<IncrementalConstants>
  var fallback: FallbackReason? {
    didSet { skippedSteps = fallback == nil ? leftOutBits : .max }
  }
  /// Where the last fallback arose, for those who work on this type.
  private(set) var lastFallback: (file: StaticString, line: Int) = ("", 0)
  private var hasCache = false
  /// True from `become` to the next check: most states of an enumeration are left after it, so that
  /// the cache is only made where a second operation goes on from the same state.
  private var isRewound = false
  private var checksLeft = 0

  /// The blocks of every page.
  var records: PageRecords
  /// The owner of every page, with `PageShare` flags.
  var owners: FlatArray<UInt8>
  /// The lists of free blocks.
  var lists = ListMirror()
  /// The lists of free runs.
  var runs = ListMirror(discovers: true)
  /// Blocks that wait on lookaside lists and among deferred frees.
  var waiting = WaitingCache()
  /// Large allocations.
  var large = LargeCache()
  /// Lists of freed pages.
  var singles = SinglePageCache()
  /// Bits of the maps as they were last seen.
  var maps = MapCache()
  /// The kernel's own structures by where they lie.
  var specials = SpecialRanges()
  /// Rows of the tag table.
  var rows = RowCache()
  /// Every descriptor.
  var descriptors = FlatArray<CachedDescriptor>()
  /// The host bytes of the nonpaged pool's first page, and of the tag table.
  var poolHost: UnsafeRawPointer?
  var rowHost: UnsafeRawPointer?
  /// What every descriptor's counters should say.
  var tallies = FlatArray<DescriptorTally>()
  /// Blocks in use, and those that callers hold.
  var blocksInUse = 0
  var liveBlocks = 0
  /// Bytes of charged blocks: nonpaged, then paged.
  var charged: (nonPaged: UInt64, paged: UInt64) = (0, 0)
  /// Mapped pages of the expansion.
  var mappedExpansion = 0
  /// Contiguous allocations outside of the pool.
  var outside = OutsideCache()
  /// Kernel variables that say where things are.
  var roots: IncrementalRoots
  /// Changes of what callers hold that were followed.
  var seenChanges = 0
  /// The blocks that the present walk came by.
  var found = FlatArray<FoundBlock>()
  /// What the present operation touched.
  var touched = DirtySet()
  /// What the present operation filled, if anything.
  var filled: FilledMemory?
  /// Whether the cache is being made: then nothing is checked.
  var isRebuilding = false

  /// A step that is left out: a planted bug, for tests of the tests.
  var leftOut: Step? {
    didSet { skippedSteps = leftOutBits }
  }
  private var leftOutBits: UInt32 { leftOut.map { 1 << UInt32($0.rawValue) } ?? 0 }
  /// A bit for each step that is not taken, which each asks for: that one, and all from a fallback on.
  private(set) var skippedSteps: UInt32 = 0

  /// An audit of the pool that `view` shows, which has served no request yet and keeps `journal`.
  /// Without a journal `check` walks everything.
  public init(_ view: PoolView, journal: WriteJournal?) {
    let complete = PoolAudit(view)
    let facts = complete.factsAddress.pointee
    self.complete = complete
    self.journal = journal
    constantsStorage = StableStorage(IncrementalConstants(view, facts))
    constantsPlace = constantsStorage.place
    records = PageRecords(pages: 0, unitsPerPage: facts.unitsPerPage)
    owners = FlatArray()
    roots = IncrementalRoots(view)
  }

  /// What follows from the profile.
  var facts: PoolFacts {
    @inline(__always) unsafeAddress { complete.factsAddress }
  }

  /// Every page that the pool could have.
  var spaces: PageSpaces {
    @inline(__always) unsafeAddress { complete.spacesAddress }
  }

  /// What blocks are held against.
  var constants: IncrementalConstants {
    @inline(__always) unsafeAddress { constantsPlace }
  }

  /// Books an allocation that an operation got. Call it after the operation and before an audit.
  public mutating func recordAllocation(
    _ view: PoolView, at address: Address, _ allocation: LiveAllocation
  ) {
    complete.recordAllocation(view, at: address, allocation)
    note(address, allocation)
  }

  /// Books a contiguous request that got nothing from the pool.
  public mutating func recordContiguousRefusal(_ view: PoolView, bytes: UInt64) {
    complete.recordContiguousRefusal(view, bytes: bytes)
    touched.tags.append(DirtySet.key(.contiguous))
    touched.tags.append(DirtySet.key(.big))
    touched.descriptors |= 1
    touched.kinds = .max
  }

  /// Books a free. Call it after the operation and before an audit.
  public mutating func recordFree(
    _ view: PoolView, at address: Address, _ allocation: LiveAllocation
  ) {
    complete.recordFree(view, at: address, allocation)
    note(address, allocation)
  }

  private mutating func note(_ address: Address, _ allocation: LiveAllocation) {
    touched.tags.append(DirtySet.key(allocation.tag.unprotected))
    touched.kinds |= 1 << UInt64(facts.kind(allocation.type).rawValue)
    touched.descriptors |= complete.shadow.takeDrifted()
    guard facts.isPageAligned(address) else { return }
    // A large allocation may count under another tag.
    touched.tags.append(DirtySet.key(.big))
    touched.large.append(address)
  }

  /// Goes on from the account of another pool in the same state; the cache is made anew.
  public mutating func become(_ other: borrowing IncrementalAudit?) {
    switch other {
    case .some(let other): complete = PoolAudit(continuing: other.complete)
    case .none: return
    }
    hasCache = false
    isRewound = true
  }

  /// Checks everything that can have changed since the last check. The verdict is that of
  /// `complete`; its time depends on what was touched. What was `filled` last of all shows its pattern
  /// by that, and is not read.
  public mutating func check(
    _ view: PoolView, _ live: LiveAllocations, filled: FilledMemory? = nil
  ) -> [Violation] {
    self.filled = filled
    checksLeft -= 1
    fallback = hasCache ? nil : .noCache
    if hasCache, checksLeft <= 0 { fallback = .confirmation }
    if fallback == nil, let journal { update(view, live, journal) }
    guard let reason = fallback else {
      forget()
      return []
    }
    return walkAll(view, live, because: reason)
  }

  /// True where it is known that nothing was stored to memory or marks since the last check.
  public var knowsOfNoStore: Bool { journal?.hasNoStores ?? false }

  /// True where everything was walked once and found sound, and every change since can be followed:
  /// the next check looks at what has changed, and a complete audit would see no more.
  public var followsChanges: Bool { hasCache && journal != nil }

  /// Walks everything, whatever was touched. The cache stays as it is.
  public mutating func full(_ view: PoolView, _ live: LiveAllocations) -> [Violation] {
    let violations = complete.full(view, live)
    if !violations.isEmpty { hasCache = false }
    return violations
  }

  /// Checks what one operation touched by its caller's account; where that is not sound, everything.
  /// Its time does not depend on the size of the pool, and no cache is needed.
  public mutating func checkTouched(
    _ view: PoolView, _ live: LiveAllocations, _ touched: TouchedByOperation
  ) -> [Violation] {
    if complete.isSound(view, live, touched: touched) { return [] }
    walks[.brokenRule, default: 0] += 1
    let violations = full(view, live)
    if violations.isEmpty { falseAlarms += 1 }
    return violations
  }

  private mutating func walkAll(
    _ view: PoolView, _ live: LiveAllocations, because reason: FallbackReason
  ) -> [Violation] {
    walks[reason, default: 0] += 1
    let violations = complete.full(view, live)
    hasCache = false
    if violations.isEmpty, journal != nil, !isRewound {
      if reason == .brokenRule || reason == .sums { falseAlarms += 1 }
      fallback = nil
      rebuild(view, live)
      hasCache = fallback == nil
      checksLeft = max(
        Self.confirmationOperations, (spaces.count + live.count + blocksInUse) * 16)
    }
    isRewound = false
    forget()
    return violations
  }

  private mutating func forget() {
    journal?.clear()
    touched.removeAll()
  }

  /// Notes that the complete audit has to look; the first reason counts.
  @inline(never)
  mutating func fallBack(
    _ reason: FallbackReason = .brokenRule, _ file: StaticString = #fileID, _ line: Int = #line
  ) {
    guard fallback == nil else { return }
    fallback = reason
    lastFallback = (file, line)
  }
}

/// Why the incremental audit had everything walked.
///
/// Its own word is only ever that all is well. Whatever else it meets, it hands over to the
/// complete audit, whose verdict is the one that counts.
public enum FallbackReason: String, Sendable, CaseIterable {
  /// There is no cache yet, or the last complete audit found a violation.
  case noCache = "no cache"
  /// It was time to have the cache confirmed.
  case confirmation
  /// A rule does not hold where something was touched.
  case brokenRule = "broken rule"
  /// The sums do not come out even.
  case sums
  /// A table was moved or resized.
  case movedTable = "moved table"
  /// More happened in one operation than the journals keep.
  case overflow
  /// Something happened that is not followed step by step: a page that changed hands twice.
  case unusual
}
