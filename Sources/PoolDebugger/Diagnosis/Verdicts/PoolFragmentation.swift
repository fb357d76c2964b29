/// The arithmetic of the article: what `!vm` says the pool holds, less what `!poolused` says its
/// tagged blocks take, lies in holes.
///
/// For paged pool the same difference proves less, since session allocations have tables of their
/// own; it is stated, not judged.
///
/// Both tables must cover the whole pool of one system: several that disagree, a table restricted
/// to some tags, and usage figures that exceed the machine's memory are no evidence.
struct PoolFragmentation {
  /// Below this share the difference is ordinary: free blocks, lookaside lists, page tails.
  static let leastShare = 0.10

  let evidence: SystemEvidence

  func entries() -> [DiagnosisEntry] {
    [entry(isPaged: false), entry(isPaged: true)].compactMap { $0 }
  }

  private func entry(isPaged: Bool) -> DiagnosisEntry? {
    guard let usage = evidence.poolUsage(isPaged: isPaged),
      let tagged = evidence.taggedBytes(isPaged: isPaged)
    else { return nil }
    let held = Saturating.product(usage.pages, PageCheck.pageBytes)
    guard held > tagged.bytes, tagged.bytes > 0 else { return nil }
    let lost = held - tagged.bytes
    guard Double(lost) >= Double(held) * Self.leastShare else { return nil }
    let pool = isPaged ? "paged" : "nonpaged"
    let pages = lost / PageCheck.pageBytes
    let difference =
      "The \(pool) pool holds \(DecimalText.grouped(usage.pages)) pages "
      + "(\(DecimalText.grouped(held)) bytes), its tagged blocks only "
      + "\(DecimalText.grouped(tagged.bytes)) bytes (\(Self.rounded(usage.pages, tagged.bytes))): "
      + "\(DecimalText.grouped(lost)) bytes (\(DecimalText.grouped(pages)) pages, "
      + "\(DecimalText.percent(lost, of: held))) "
    return DiagnosisEntry(
      verdict: isPaged ? .untaggedPaged : .fragmentation, pool: pool, bytes: lost,
      text: difference
        + (isPaged
          ? "belong to no block of this table."
          : "are holes in its pages. The pool is fragmented."),
      evidence: usage.evidence + tagged.evidence,
      guidance: isPaged ? .pagedDifference : .longLivedBuffers)
  }

  /// The two totals as people quote them from the printouts, thousands of Kb against millions of
  /// bytes: `101 MB in !vm, 65 MB in !poolused`.
  private static func rounded(_ pages: UInt64, _ bytes: UInt64) -> String {
    "\(Saturating.product(pages, 4) / 1_000) MB in !vm, \(bytes / 1_000_000) MB in !poolused"
  }
}
