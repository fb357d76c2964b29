/// Draws conclusions from all listings together.
///
/// Each verdict has its own file, names the lines that it rests on and the guidance it follows, and
/// says nothing when its evidence is missing: no `!vm` and `!poolused` of one system, no
/// fragmentation figure; no whole page, nothing about pinning.
public enum Diagnosis {
  /// So many corrupt pages are diagnosed one by one.
  public static let mostCorruptions = 64

  /// Diagnoses one state of a system.
  public static func diagnose(_ listings: [CheckedListing]) -> [DiagnosisEntry] {
    let evidence = SystemEvidence(listings)
    let sparse = SparsePages(listings)
    let holes = HoleCoverage(listings, sparse: sparse, evidence: evidence)
    return wrongListings(listings) + PoolFragmentation(evidence: evidence).entries()
      + sparse.entries() + holes.entries() + PoolLimits(evidence: evidence).entries()
      + PoorFits.entries(listings) + RefreshChanges.entries(listings)
      + debuggerLimits(listings)
  }

  /// Compares two states of a system; `seconds` is the time between them, if it is known.
  public static func compare(
    before: [CheckedListing], after: [CheckedListing], seconds: Double?
  ) -> [DiagnosisEntry] {
    SnapshotComparison(before: before, after: after, seconds: seconds).entries()
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
    case .healthy, .incomplete, .suspicious, .unknown: nil
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
