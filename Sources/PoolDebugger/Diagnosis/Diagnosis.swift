/// Draws conclusions from all listings together.
///
/// Each verdict has its own file, names the lines that it rests on and the guidance it follows, and
/// says nothing when its evidence is missing: no `!vm` and `!poolused` of one system, no
/// fragmentation figure; no whole page, nothing about pinning.
///
/// Listings are added one by one and not kept: what stays of them is counts by tag and size, the
/// figures of tables, and for each page its address, so that a log of any length can be judged.
public struct Diagnosis: Sendable {
  /// So many corrupt pages are diagnosed one by one.
  static let mostCorruptions = 64

  /// A listing's own conclusion with the listing's place.
  private typealias Placed = (ordinal: Int, entry: DiagnosisEntry)

  private let owners: PoolTagDescriptions
  private(set) var pages = ListedPages()
  private var corruptions: [Placed] = []
  private var otherWrongs: [Placed] = []
  private var tags: TagConclusions
  private var evidence = SystemEvidence()
  private var sparse = SparsePages()
  private var holes = HoleCoverage()
  private var poorFits = PoorFits()
  private var refreshes = FirstConclusions()
  private var uneven = FirstConclusions()
  private var limits: [(ordinal: Int, finding: Finding)] = []

  /// What the listings say of one state of a system, for a comparison with another.
  var state: TagSeries.Snapshot { tags.state }
  /// Bytes that are left before each pool's maximum.
  var bytesLeft: (nonpaged: UInt64?, paged: UInt64?) { evidence.bytesLeft }

  init(owners: PoolTagDescriptions = .builtIn) {
    self.owners = owners
    tags = TagConclusions(owners: owners)
  }

  /// Takes a listing in; they come in the order of their places, bug checks perhaps later.
  mutating func add(_ checked: CheckedListing) {
    let ordinal = checked.listing.ordinal
    if let entry = Self.wrong(checked) {
      if entry.verdict == .corruption {
        Self.insert((ordinal, entry), into: &corruptions)
      } else {
        Self.insert((ordinal, entry), into: &otherWrongs)
      }
    }
    for finding in checked.findings where finding.rule == .debuggerLimit && limits.count < 32 {
      limits.append((ordinal, finding))
    }
    pages.add(checked)
    sparse.add(checked)
    holes.add(checked)
    poorFits.add(checked)
    tags.add(checked)
    evidence.add(checked)
    switch checked.listing.content {
    case .poolMonitor(let table):
      RefreshChanges.entries(table, source: checked.listing.source).forEach {
        refreshes.append($0)
      }
    case .virtualMemory(let memory):
      Self.unevenPools(memory, source: checked.listing.source).map { uneven.append($0) }
    default: break
    }
  }

  private static func insert(_ placed: Placed, into wrongs: inout [Placed]) {
    let index = wrongs.lastIndex { $0.ordinal <= placed.ordinal }.map { $0 + 1 } ?? 0
    guard index < mostCorruptions else { return }
    wrongs.insert(placed, at: index)
    if wrongs.count > mostCorruptions { wrongs.removeLast() }
  }

  /// The conclusions from all that was added, what matters most first.
  func entries() -> [DiagnosisEntry] {
    let wrongs = (corruptions + otherWrongs).map(\.entry).prefix(Self.mostCorruptions)
    let tagEntries = tags.entries()
    return wrongs + tagEntries.filter(\.verdict.isFinding)
      + PoolFragmentation(evidence: evidence).entries()
      + sparse.entries(wholePages: pages.wholeCount)
      + holes.entries(sparse: sparse, evidence: evidence)
      + PoolLimits(evidence: evidence).entries() + poorFits.entries.told
      + refreshes.told + tagEntries.filter { !$0.verdict.isFinding } + uneven.told
      + debuggerLimits()
  }

  /// Diagnoses one state of a system; tables of tags with several times are a series.
  public static func diagnose(
    _ listings: [CheckedListing], owners: PoolTagDescriptions = .builtIn
  ) -> [DiagnosisEntry] {
    diagnosis(of: listings, owners: owners).entries()
  }

  private static func diagnosis(
    of listings: [CheckedListing], owners: PoolTagDescriptions = .builtIn
  ) -> Diagnosis {
    var diagnosis = Diagnosis(owners: owners)
    for (ordinal, checked) in listings.enumerated() {
      var checked = checked
      checked.listing.ordinal = ordinal
      diagnosis.add(checked)
    }
    return diagnosis
  }

  /// Compares two states of a system; `seconds` is the time between them, if it is known.
  public static func compare(
    before: [CheckedListing], after: [CheckedListing], seconds: Double?
  ) -> [DiagnosisEntry] {
    let later = diagnosis(of: after)
    var states = [diagnosis(of: before).state, later.state]
    if let seconds { (states[0].time, states[1].time) = (0, seconds) }
    var series = TagSeries(states)
    series.left = later.bytesLeft
    return series.entries()
  }

  /// The paged pools are used in turns, so one apart from others that are alike draws a remark.
  private static func unevenPools(
    _ memory: VirtualMemoryListing, source: String
  ) -> DiagnosisEntry? {
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

  /// What a listing shows by itself to be wrong.
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

  private func debuggerLimits() -> [DiagnosisEntry] {
    let limits = limits.sorted { $0.ordinal < $1.ordinal }.map(\.finding)
    guard let first = limits.first else { return [] }
    return [
      DiagnosisEntry(
        verdict: .debuggerLimit, text: first.text,
        evidence: Array(limits.flatMap(\.evidence).prefix(16)), guidance: .newerDebugger)
    ]
  }
}

/// The first conclusions of one kind.
struct FirstConclusions: Sendable {
  /// So many are kept.
  static let most = 1_000

  private var entries: [DiagnosisEntry] = []
  /// Whether there were more.
  private(set) var isShortened = false

  /// Takes one in, where there is room.
  mutating func append(_ entry: DiagnosisEntry) {
    if entries.count < Self.most { entries.append(entry) } else { isShortened = true }
  }

  /// Those that are kept; where there were more the last says so.
  var told: [DiagnosisEntry] {
    var told = entries
    if isShortened { told[told.count - 1].sayMore() }
    return told
  }

  /// What the last says where there were more.
  fileprivate static let sentence =
    " There are more like these: the first \(DecimalText.grouped(UInt64(most))) are told."

  /// The entry that `isSame` holds for says that there are more.
  mutating func sayMore(where isSame: (DiagnosisEntry) -> Bool) {
    if let index = entries.lastIndex(where: isSame) { entries[index].sayMore() }
  }
}

extension DiagnosisEntry {
  /// Whether its text ends with the sentence that there are more like it than are told.
  var saysMore: Bool { text.hasSuffix(FirstConclusions.sentence) }

  /// Its text ends with that sentence, once.
  mutating func sayMore() {
    if !saysMore { text += FirstConclusions.sentence }
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
  /// A remark that leads the report where nothing is wrong: pages are seen to be kept, or to be
  /// about to be kept.
  var keepsPages = false
}
