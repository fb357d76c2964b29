/// Draws conclusions from all listings together.
///
/// Each verdict has its own file, names the lines that it rests on and the guidance it follows, and
/// says nothing when its evidence is missing: no `!vm` and `!poolused` of one system, no
/// fragmentation figure; no whole page, nothing about pinning.
public enum Diagnosis {
  /// So many corrupt pages are diagnosed one by one.
  public static let mostCorruptions = 64

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
