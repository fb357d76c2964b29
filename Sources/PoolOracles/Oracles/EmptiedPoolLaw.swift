import ContentHash
import KernelPool
import PoolInvariants
import PoolTrace

/// The end-of-run law: a pool whose callers have freed everything equals a fresh one.
///
/// Before the comparison the deferred frees are processed, the lookaside lists are emptied into
/// the lists and the single-page lists into the page level: these are the places where memory may
/// rest. What may still differ: pages by which the pool has grown, where the big-page table lies
/// and how large it is, tags that were entered into the tag table, and counts of events.
struct EmptiedPoolLaw {
  private let held: [UInt64]
  private let smallPages: [Int]
  private let tablePages: UInt64
  private let counters: [[UInt32]]
  private let bigInUse: UInt64

  private static let kinds: [PoolKind] = [.nonPaged, .paged, .session]

  /// What a fresh pool holds by itself.
  init(_ view: PoolView) {
    held = Self.kinds.map { PageCensus(view, $0).held }
    smallPages = Self.kinds.map { view.smallBlockPages($0).count }
    tablePages = Self.tablePages(view)
    counters = Self.counters(view)
    bigInUse = view.variables.bigTableInUse
  }

  /// What is wrong with an emptied pool.
  func failures(_ pool: inout KernelPool) -> [PoolFailure] {
    for outcome in [pool.drainDeferredFrees(), pool.drainLookasides(), pool.drainSinglePages()] {
      if case .halted(let reason) = outcome { return [.halted(reason)] }
    }
    var failures = pageFailures(pool.view)
    failures += counterFailures(pool.view)
    if failures.isEmpty, let failure = Self.pageAgain(&pool) { failures.append(failure) }
    return failures
  }

  private func pageFailures(_ view: PoolView) -> [PoolFailure] {
    var failures: [PoolFailure] = []
    for (index, kind) in Self.kinds.enumerated() {
      let small = view.smallBlockPages(kind).count
      if small != smallPages[index] {
        failures.append(.oracle(.emptied, "\(small) pages of small blocks remain in \(kind) pool"))
      }
      var expected = held[index]
      if kind == .nonPaged { expected = expected &+ Self.tablePages(view) &- tablePages }
      let now = PageCensus(view, kind).held
      if now != expected {
        failures.append(
          .oracle(.emptied, "\(kind) pool holds \(now) pages, a fresh one \(expected)"))
      }
    }
    return failures
  }

  private func counterFailures(_ view: PoolView) -> [PoolFailure] {
    guard view.variables.bigTableExpansionFailures == 0 else { return [] }
    var failures: [PoolFailure] = []
    for (index, now) in Self.counters(view).enumerated() where now != counters[index] {
      failures.append(
        .oracle(
          .emptiedCounters,
          "blocks, pages, large pages of descriptor \(index): \(now), fresh \(counters[index])"))
    }
    if view.variables.bigTableInUse != bigInUse {
      failures.append(.oracle(.emptiedCounters, "entries of the big-page table remain in use"))
    }
    let charged = view.variables.chargedBytes
    if charged.nonPaged != 0 || charged.paged != 0 {
      failures.append(.oracle(.emptiedCounters, "the process is still charged"))
    }
    return failures
  }

  /// A whole page can be had again, unless growth is impossible and the fresh pool was full.
  private static func pageAgain(_ pool: inout KernelPool) -> PoolFailure? {
    let census = PageCensus(pool.view, .nonPaged)
    guard census.longestRun > 0 else { return nil }
    pool.setInterruptLevel(0)
    let bytes = pool.profile.pageBytes
    guard case .address(let address) = pool.allocate(.nonPaged, bytes: bytes, tag: PoolTag("Test"))
    else { return .oracle(.emptiedPage, "an emptied pool refuses a page") }
    _ = pool.free(address, tag: PoolTag("Test"))
    return nil
  }

  /// Blocks, pages and large pages of every descriptor. Where nothing tells which of the two
  /// nonpaged descriptors a large allocation was of, the first counts for both.
  private static func counters(_ view: PoolView) -> [[UInt32]] {
    var counters = view.descriptors.map { Self.counters(view, $0) }
    guard view.profile.storedPoolType != .orTwo,
      let other = view.descriptors.firstIndex(where: { $0.kind == .nonPagedNoExecute })
    else { return counters }
    let both = zip(counters[0], counters[other]).map { $0 &+ $1 }
    counters[0] = both
    counters[other] = both
    return counters
  }

  private static func counters(_ view: PoolView, _ root: DescriptorRoot) -> [UInt32] {
    func word(_ offset: UInt64) -> UInt32 { view.word32(root.address &+ offset) ?? 0 }
    let layout = view.profile.descriptor
    return [
      word(layout.runningAllocations) &- word(layout.runningFrees), word(layout.totalPages),
      word(layout.totalBigPages),
    ]
  }

  private static func tablePages(_ view: PoolView) -> UInt64 {
    let variables = view.variables
    guard view.isNonPaged(variables.bigTable) else { return 0 }
    let bytes = variables.bigTableEntries &* view.profile.bigEntryBytes
    return (bytes &+ view.profile.pageBytes &- 1) / view.profile.pageBytes
  }
}

/// What a pool was like before an operation that must not change it.
struct PoolBefore {
  private let digest: UInt64
  /// Whether the journal of stores answers for memory and marks: it was empty.
  private let isJournaled: Bool

  /// The pool before the operation. Without a journal every mapped page is read.
  init(_ view: PoolView, _ audit: borrowing IncrementalAudit?) {
    isJournaled = Self.knowsOfNoStore(audit)
    digest = isJournaled ? PoolDigest.ofVariables(view) : PoolDigest.of(view)
  }

  /// Whether the operation changed the pool; one that stored what was there before has.
  func isChanged(_ view: PoolView, _ audit: borrowing IncrementalAudit?) -> Bool {
    guard isJournaled else { return PoolDigest.of(view) != digest }
    return !Self.knowsOfNoStore(audit) || PoolDigest.ofVariables(view) != digest
  }

  private static func knowsOfNoStore(_ audit: borrowing IncrementalAudit?) -> Bool {
    switch audit {
    case .some(let audit): audit.knowsOfNoStore
    case .none: false
    }
  }
}

/// A number that changes with any byte, mark, list or counter of a pool: what "unchanged" means.
enum PoolDigest {
  /// The digest; time proportional to the mapped pages.
  static func of(_ view: PoolView) -> UInt64 {
    var digest = ContentHash()
    func add(_ word: UInt64) { digest.add(word) }
    for base in bases(view) {
      guard let region = view.region(of: base) else { continue }
      let page = view.profile.pageBytes
      for start in stride(from: region.base, to: region.base &+ region.byteCount, by: Int(page)) {
        // The first look at a page may give it its stamp and mark, so the mark is read second.
        let isMapped = view.byte(start) != nil
        add(UInt64(region.marks(at: start)?.rawValue ?? 0))
        // A profile of the fuzzer showed an eighth of its time in looking each word up.
        guard isMapped, let bytes = view.bytes(at: start, count: page) else { continue }
        let lanes = Self.lanes(bytes, lines: Int(page / 64))
        for lane in 0..<8 { add(lanes[lane]) }
      }
    }
    add(ofVariables(view))
    return digest.value
  }

  /// The digest of what lies beside memory: lookaside lists and the kernel's variables.
  static func ofVariables(_ view: PoolView) -> UInt64 {
    var digest = ContentHash()
    func add(_ word: UInt64) { digest.add(word) }
    let variables = view.variables
    for owner in 0..<view.lookasideOwners {
      for kind in PoolKind.allCases {
        for units in 1...view.profile.lookasideClasses {
          let list = view.lookaside(owner: owner, kind: kind, units: units)
          add(list.top)
          add(UInt64(list.count))
        }
      }
    }
    add(variables.bigTableInUse)
    add(variables.expansionUsed)
    add(variables.pagedBitmap.hint)
    add(variables.chargedBytes.nonPaged)
    add(variables.chargedBytes.paged)
    return digest.value
  }

  /// Eight numbers of a page's words, every eighth in one. A change of a word changes its number, for
  /// each step can be undone; one chain through all words takes three times as long.
  private static func lanes(_ bytes: UnsafeRawPointer, lines: Int) -> SIMD8<UInt64> {
    var lanes = SIMD8<UInt64>(repeating: 0)
    for line in 0..<lines {
      let words = bytes.loadUnaligned(fromByteOffset: line &* 64, as: SIMD8<UInt64>.self)
      lanes = ((lanes &<< 7) | (lanes &>> 57)) &+ words
    }
    return lanes
  }

  private static func bases(_ view: PoolView) -> [Address] {
    let profile = view.profile
    var bases = [profile.nonPagedBase, profile.pagedBase, profile.bitmapBase]
    if let expansion = profile.expansionBase { bases.append(expansion) }
    if profile.hasSessionPool { bases.append(profile.sessionBase) }
    return bases + view.descriptors.map(\.address).filter { view.region(of: $0)?.kind == nil }
  }
}
