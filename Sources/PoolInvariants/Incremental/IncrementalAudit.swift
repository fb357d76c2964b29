import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct KernelPool.WriteJournal

/// The complete audit's verdict after every operation, at the price of what the operation touched.
///
/// How it works. The simulated memory keeps a journal of the lines, marks and lists that were
/// stored to, and `LiveAllocations` one of what callers hold. The audit has books: the blocks of
/// every page, every list with its links and order, every page's owner, every large allocation,
/// the waiting blocks, and all sums that the rules about more than one page need. After an
/// operation the blocks under changed lines are looked at again, their old share is taken out of
/// the books and the new one put in; so with links, entries, bits and rows. Then the equalities are
/// checked from the books.
///
/// Why it misses nothing. Every rule is about bytes, marks, variables, or what callers hold. A rule
/// that held before can only break where one of these changed, and each change has a door that
/// notes it. Nothing is asked of the allocator.
///
/// Why it never says anything else. It reports no violation of its own: where a rule seems broken,
/// or something happened that it does not follow, the complete audit walks everything, and its
/// verdict is returned. So both name the same invariants in the same words, and a mistake in these
/// books can hide a violation but never invent one. Books that hide one are found by
/// `confirmationOperations`.
public struct IncrementalAudit: ~Copyable {
  /// The audit that walks everything.
  public internal(set) var complete: PoolAudit
  /// How often everything was walked, by reason.
  public private(set) var walks: [Doubt: UInt64] = [:]
  /// How often the books seemed wrong and the complete audit found nothing.
  public private(set) var falseAlarms: UInt64 = 0
  /// Checks between two confirmations of the books, at least. Where the pool is large there are
  /// sixteen for each page and block, so that confirmations cost an operation a constant.
  public static let confirmationOperations = 4096

  /// What is stored to; nil where nobody keeps a journal, and everything is walked every time.
  let journal: WriteJournal?
  private let fixedConstants: Fixed<IncrementalConstants>
  let constantsPlace: UnsafePointer<IncrementalConstants>
  var doubt: Doubt?
  /// Where the last doubt arose, for those who work on this type.
  private(set) var lastSuspicion: (file: StaticString, line: Int) = ("", 0)
  private var hasBooks = false
  /// True from `become` to the next check: most states of an enumeration are left after it, so that
  /// books are only made where a second operation goes on from the same state.
  private var isRewound = false
  private var checksLeft = 0

  /// The blocks of every page.
  var records: PageRecords
  /// The owner of every page, with `PageShare` flags.
  var owners: FlatArray<UInt8>
  /// The lists of free blocks.
  var lists = Rings()
  /// The lists of free runs.
  var runs = Rings(discovers: true)
  /// Blocks that wait on lookaside lists and among deferred frees.
  var waiting = WaitingBooks()
  /// Large allocations.
  var large = LargeBooks()
  /// Lists of freed pages.
  var singles = SinglePageBooks()
  /// Bits of the maps as they were last seen.
  var maps = MapBooks()
  /// The kernel's own structures by where they lie.
  var specials = SpecialRanges()
  /// Rows of the tag table.
  var rows = RowBooks()
  /// Every descriptor.
  var descriptors = FlatArray<DescriptorBook>()
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
  var outside = OutsideBooks()
  /// Kernel variables that say where things are.
  var roots: IncrementalRoots
  /// Changes of what callers hold that were followed.
  var followedChanges = 0
  /// The blocks that the present walk came by.
  var found = FlatArray<FoundBlock>()
  /// What the present operation touched.
  var touched = TouchedThings()
  /// Whether the books are being made: then nothing is checked.
  var isBuilding = false

  /// A step that is left out: a planted bug, for tests of the tests.
  var leftOut: Step?

  /// An audit of the pool that `view` shows, which has served no request yet and keeps `journal`.
  /// Without a journal `check` walks everything.
  public init(_ view: PoolView, journal: WriteJournal?) {
    let complete = PoolAudit(view)
    let facts = complete.factsAddress.pointee
    self.complete = complete
    self.journal = journal
    fixedConstants = Fixed(IncrementalConstants(view, facts))
    constantsPlace = fixedConstants.place
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
    touched.tags.append(TouchedThings.key(.contiguous))
    touched.tags.append(TouchedThings.key(.big))
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
    touched.tags.append(TouchedThings.key(allocation.tag.unprotected))
    touched.kinds |= 1 << UInt64(facts.kind(allocation.type).rawValue)
    guard facts.isPageAligned(address) else { return }
    // A large allocation may count under another tag, and drifts its descriptor's bytes.
    touched.tags.append(TouchedThings.key(.big))
    touched.descriptors = .max
    touched.large.append(address)
  }

  /// Goes on from the account of another pool in the same state; the books are made anew.
  public mutating func become(_ other: borrowing IncrementalAudit?) {
    switch other {
    case .some(let other): complete = PoolAudit(continuing: other.complete)
    case .none: return
    }
    hasBooks = false
    isRewound = true
  }

  /// Checks everything that can have changed since the last check. The verdict is that of
  /// `complete`; its time depends on what was touched.
  public mutating func check(_ view: PoolView, _ live: LiveAllocations) -> [Violation] {
    checksLeft -= 1
    doubt = hasBooks ? nil : .noBooks
    if hasBooks, checksLeft <= 0 { doubt = .confirmation }
    if doubt == nil, let journal { follow(view, live, journal) }
    guard let reason = doubt else {
      forget()
      return []
    }
    return walkAll(view, live, because: reason)
  }

  /// Walks everything, whatever was touched. The books stay as they are.
  public mutating func full(_ view: PoolView, _ live: LiveAllocations) -> [Violation] {
    let violations = complete.full(view, live)
    if !violations.isEmpty { hasBooks = false }
    return violations
  }

  /// Checks what one operation touched by its caller's account. Its time does not depend on the
  /// size of the pool, and no books are needed.
  public mutating func cheap(
    _ view: PoolView, _ live: LiveAllocations, _ touched: TouchedByOperation
  ) -> [Violation] {
    complete.cheap(view, live, touched)
  }

  private mutating func walkAll(
    _ view: PoolView, _ live: LiveAllocations, because reason: Doubt
  ) -> [Violation] {
    walks[reason, default: 0] += 1
    let violations = complete.full(view, live)
    hasBooks = false
    if violations.isEmpty, journal != nil, !isRewound {
      if reason == .brokenRule || reason == .sums { falseAlarms += 1 }
      doubt = nil
      build(view, live)
      hasBooks = doubt == nil
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
  mutating func suspect(
    _ reason: Doubt = .brokenRule, _ file: StaticString = #fileID, _ line: Int = #line
  ) {
    guard doubt == nil else { return }
    doubt = reason
    lastSuspicion = (file, line)
  }
}
