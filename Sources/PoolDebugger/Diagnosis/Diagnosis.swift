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
    return corruptions(listings) + PoolFragmentation(evidence: evidence).entries()
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

  private static func corruptions(_ listings: [CheckedListing]) -> [DiagnosisEntry] {
    let corrupt = listings.filter { $0.verdict == .corrupt }.prefix(mostCorruptions)
    return corrupt.compactMap { checked in
      guard let finding = checked.findings.first(where: \.isCorruption) else { return nil }
      var tags: [ListedTag] = []
      if case .pool(let page) = checked.listing.content, let address = finding.address,
        let before = page.blocksByAddress.last(where: { $0.address < address })
      {
        tags = before.tag.map { [$0] } ?? []
      }
      let place = finding.address.map { "0x" + Hexadecimal.text($0) + ": " } ?? ""
      return DiagnosisEntry(
        verdict: .corruption, tags: tags, text: place + finding.text,
        evidence: finding.evidence, guidance: .specialPool)
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
