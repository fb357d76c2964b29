/// Draws conclusions from all listings together.
///
/// Each verdict has its own file, names the lines that it rests on and the guidance it follows, and
/// says nothing when its evidence is missing: no `!vm` and `!poolused` of one system, no
/// fragmentation figure; no whole page, nothing about pinning.
public enum Diagnosis {
  /// So many corrupt pages are diagnosed one by one.
  static let mostCorruptions = 64

  /// Diagnoses one state of a system; tables of tags with several times are a series.
  public static func diagnose(
    _ listings: [CheckedListing], owners: PoolTagDescriptions = .builtIn
  ) -> [DiagnosisEntry] {
    let evidence = SystemEvidence(listings)
    let sparse = SparsePages(listings)
    let holes = HoleCoverage(listings, sparse: sparse, evidence: evidence)
    let tagEntries = tags(listings, owners: owners)
    return wrongListings(listings) + tagEntries.filter(\.verdict.isFinding)
      + PoolFragmentation(evidence: evidence).entries() + sparse.entries() + holes.entries()
      + PoolLimits(evidence: evidence).entries() + PoorFits.entries(listings)
      + RefreshChanges.entries(listings) + tagEntries.filter { !$0.verdict.isFinding }
      + unevenPools(evidence) + debuggerLimits(listings)
  }

  /// Compares two states of a system; `seconds` is the time between them, if it is known.
  public static func compare(
    before: [CheckedListing], after: [CheckedListing], seconds: Double?
  ) -> [DiagnosisEntry] {
    let times: [Double?] = seconds.map { [0, $0] } ?? [nil, nil]
    return series([(before, times[0]), (after, times[1])])
  }

  /// What several states of a system, one after the other, say of the time between them. Without a
  /// time of its own a state has that of its tables, if they have one.
  static func series(
    _ states: [(listings: [CheckedListing], time: Double?)], owners: PoolTagDescriptions = .builtIn
  ) -> [DiagnosisEntry] {
    var series = TagSeries(
      states.map { TagSeries.Snapshot($0.listings, time: $0.time) }, owners: owners)
    series.left = SystemEvidence(states.last?.listings ?? []).bytesLeft
    return series.entries()
  }

  /// Each table by itself; of a series only the last one, and what its course says.
  private static func tags(
    _ listings: [CheckedListing], owners: PoolTagDescriptions
  ) -> [DiagnosisEntry] {
    let tables = listings.filter { $0.tagTable != nil }
    let timed = Dictionary(grouping: tables.filter { $0.tagTable?.time != nil }) {
      $0.tagTable?.time ?? 0
    }
    var single = tables
    var entries: [DiagnosisEntry] = []
    if timed.count >= 2 {
      let ordered = timed.sorted { $0.key < $1.key }
      entries = series(ordered.map { ($0.value, $0.key) }, owners: owners)
      single = ordered.last?.value ?? []
    }
    var seen: Set<TagConclusion> = []
    for checked in single {
      guard let table = checked.tagTable else { continue }
      let source = checked.listing.source
      entries += TagVerdicts(source: source, table: table, owners: owners).entries().filter {
        seen.insert(TagConclusion(verdict: $0.verdict, pool: $0.pool, tags: $0.tags)).inserted
      }
    }
    return entries
  }

  /// The same tags in two sortings of one state give one conclusion.
  private struct TagConclusion: Hashable {
    var verdict: DiagnosisEntry.Verdict
    var pool: String?
    var tags: [ListedTag]
  }

  /// The paged pools are used in turns, so one apart from others that are alike draws a remark.
  private static func unevenPools(_ evidence: SystemEvidence) -> [DiagnosisEntry] {
    evidence.memories.compactMap { source, memory -> DiagnosisEntry? in
      let pools = memory.values.filter { value in
        let label = value.label.hasSuffix(" Usage") ? value.label.dropLast(6) : value.label[...]
        return label.hasPrefix("PagedPool ") && label.dropFirst(10).allSatisfy(\.isNumber)
          && !label.dropFirst(10).isEmpty
      }
      let odd = pools.first { pool in
        let others = pools.filter { $0.label != pool.label }.map(\.pages)
        guard let least = others.min(), let most = others.max(), most >= 1_000,
          most / 5 * 4 <= least
        else { return false }
        return most < pool.pages / 5 * 4 || pool.pages < least / 5 * 4
      }
      guard pools.count >= 3, let odd else { return nil }
      return DiagnosisEntry(
        verdict: .unevenPools, pool: "paged", bytes: nil,
        text: "\(odd.label) holds \(DecimalText.grouped(odd.pages)) pages, apart from the other "
          + "\(pools.count - 1) paged pools.",
        evidence: pools.map { "\(source):\($0.line): \($0.label) \($0.pages) pages" },
        guidance: .pagedDifference)
    }
  }

  /// Listings that show something wrong by themselves, a corruption before anything else.
  private static func wrongListings(_ listings: [CheckedListing]) -> [DiagnosisEntry] {
    let entries = listings.compactMap(wrong)
    return Array(
      (entries.filter { $0.verdict == .corruption } + entries.filter { $0.verdict != .corruption })
        .prefix(mostCorruptions))
  }

  private static func wrong(_ checked: CheckedListing) -> DiagnosisEntry? {
    guard let verdict = verdict(checked.verdict),
      let finding = checked.findings.first(where: \.isWrong)
    else { return nil }
    var guidance = Guidance.specialPool
    var tags: [ListedTag] = []
    switch checked.listing.content {
    case .pool(let page):
      if let address = finding.address,
        let before = page.blocksByAddress.last(where: { $0.address < address })
      {
        tags = before.tag.map { [$0] } ?? []
      }
    case .bugCheck(let check):
      let meaning = check.code.flatMap { code in
        BugCheckMeaning.find(
          code: code, selector: check.parameters[BugCheckMeaning.selectorIndex(of: code)])
      }
      if let meaning { guidance = meaning.kind.guidance }
    case .poolEmpty: guidance = .leakHunt
    case .allocations: guidance = .verifier
    default: break
    }
    let isBugCheck = if case .bugCheck = checked.listing.content { true } else { false }
    let place =
      isBugCheck ? "" : finding.address.map { "0x" + Hexadecimal.text($0) + ": " } ?? ""
    return DiagnosisEntry(
      verdict: verdict, tags: tags, text: place + finding.text, evidence: finding.evidence,
      guidance: guidance, isOfListing: true)
  }

  private static func verdict(_ verdict: ListingVerdict) -> DiagnosisEntry.Verdict? {
    switch verdict {
    case .corrupt: .corruption
    case .wrongCall: .wrongCall
    case .leak: .leak
    case .exhausted: .exhausted
    case .suspicious: .corruption
    case .healthy, .incomplete, .unknown: nil
    }
  }

  private static func debuggerLimits(_ listings: [CheckedListing]) -> [DiagnosisEntry] {
    let limits = listings.flatMap(\.findings).filter { $0.rule == .debuggerLimit }
    guard let first = limits.first else { return [] }
    return [
      DiagnosisEntry(
        verdict: .debuggerLimit, text: first.text,
        evidence: Array(limits.flatMap(\.evidence).prefix(16)), guidance: .newerDebugger)
    ]
  }
}

/// One thing that the listings together show, with its evidence and what to do about it.
public struct DiagnosisEntry: Sendable, Hashable {
  /// The kind of conclusion; the raw value is its name in JSON.
  public enum Verdict: String, Sendable, Hashable {
    /// Pool pages hold far more than the tagged blocks: the rest are holes.
    case fragmentation
    /// Paged pool pages hold far more than the tagged blocks; why is open without their listings.
    case untaggedPaged = "untagged-paged"
    /// A tag's small blocks keep nearly empty pages.
    case pinnedPages = "pinned-pages"
    /// Request sizes that no hole of the listed pages serves.
    case unservedSizes = "unserved-sizes"
    /// Blocks of nearly a page, which force fresh pages and leave remainders behind.
    case nearPageRequests = "near-page-requests"
    /// Blocks of nearly a page that leave remainders; no page shows yet what settles there.
    case pageRemainders = "page-remainders"
    /// Blocks just over half a page: one to a page.
    case poorFit = "poor-fit"
    /// How far the pool is from its maximum.
    case limitDistance = "limit-distance"
    /// The pool is close to its maximum, or over it.
    case limitNear = "limit-near"
    /// Nonpaged pool takes a large part of the machine's memory.
    case memoryShare = "memory-share"
    /// One tag holds a large part of the pool.
    case largestConsumer = "largest-consumer"
    /// A tag grew between two snapshots.
    case leakCandidate = "leak-candidate"
    /// Several tags grew by the same number of allocations: one bug.
    case pairedLeak = "paired-leak"
    /// A tag holds a large part of a pool, and much of it.
    case dominantTag = "dominant-tag"
    /// A tag is allocated in great numbers and hardly ever freed.
    case hardlyFreed = "hardly-freed"
    /// Tags with the same great number of blocks in use: parts of one object.
    case equalLive = "equal-live"
    /// The same with numbers too small to call it more than a remark.
    case equalCounts = "equal-counts"
    /// An unknown tag with blocks of many pages.
    case unknownLargeBlocks = "unknown-large-blocks"
    /// Tags that are freed as often as allocated, or grew and shrank again.
    case noGrowth = "no-growth"
    /// One paged pool stands apart from the others.
    case unevenPools = "uneven-pools"
    /// A tag is allocated and freed at a high rate without growing.
    case churn
    /// A tag grew within one refresh of PoolMon.
    case growth
    /// A page or a bug check shows corruption.
    case corruption
    /// A call was wrong.
    case wrongCall = "wrong-call"
    /// Allocations were left behind.
    case leak
    /// A pool, or what feeds it, was used up.
    case exhausted
    /// The debugger could not read the pool; no conclusion about the pool itself.
    case debuggerLimit = "debugger-limit"

    /// Whether the conclusion is of something wrong, rather than a figure to know.
    public var isFinding: Bool {
      switch self {
      case .fragmentation, .nearPageRequests, .limitNear,
        .leakCandidate, .pairedLeak, .dominantTag, .hardlyFreed, .equalLive, .corruption,
        .wrongCall, .leak, .exhausted:
        true
      case .untaggedPaged, .pinnedPages, .unservedSizes, .poorFit, .limitDistance, .memoryShare,
        .largestConsumer, .churn,
        .growth, .pageRemainders, .equalCounts, .unknownLargeBlocks, .noGrowth, .unevenPools,
        .debuggerLimit:
        false
      }
    }
  }

  /// The conclusion.
  public var verdict: Verdict
  /// The pool it concerns, `nonpaged` or `paged`, if it is of one.
  public var pool: String?
  /// The tags it concerns; the first is the main one.
  public var tags: [ListedTag] = []
  /// The bytes at stake: lost, pinned, grown or left, as the text says.
  public var bytes: UInt64?
  /// The conclusion in a sentence or two, with its numbers.
  public var text: String
  /// The lines it rests on.
  public var evidence: [String]
  /// The fact from public guidance that says what to do.
  public var guidance: Guidance
  /// A listing's own finding, which stands beside the listing already.
  var isOfListing = false
}
