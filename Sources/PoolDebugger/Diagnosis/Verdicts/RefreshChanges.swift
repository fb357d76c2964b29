/// What one PoolMon screen tells by its changes since the last refresh (five seconds unless told
/// otherwise). One interval proves no leak, so the words are careful.
struct RefreshChanges {
  static let leastAllocations: Int64 = 50

  static func entries(_ listings: [CheckedListing]) -> [DiagnosisEntry] {
    listings.flatMap { checked -> [DiagnosisEntry] in
      guard case .poolMonitor(let table) = checked.listing.content else { return [] }
      return table.rows.compactMap { entry($0, source: checked.listing.source) }
    }
  }

  private static func entry(_ row: PoolMonitorListing.Row, source: String) -> DiagnosisEntry? {
    guard let change = row.change, change.allocations >= 0, change.frees >= 0 else { return nil }
    let (grown, overflow) = change.allocations.subtractingReportingOverflow(change.frees)
    guard !overflow else { return nil }
    let evidence = [
      "\(source):\(row.line): \(row.tag) +\(change.allocations) -\(change.frees), "
        + "\(change.bytes) bytes since the last refresh"
    ]
    let pool = row.isPaged ? "paged" : "nonpaged"
    if grown > 0, change.bytes >= Int64(TagSeries.leastGrownBytes) {
      return DiagnosisEntry(
        verdict: .growth, pool: pool, tags: [row.tag], bytes: UInt64(change.bytes),
        text: "Tag \(row.tag) grew by \(grown) allocations and "
          + "\(DecimalText.grouped(UInt64(change.bytes))) bytes within one refresh; compare two "
          + "snapshots further apart before calling it a leak.",
        evidence: evidence, guidance: .leakHunt)
    }
    guard change.allocations >= leastAllocations, grown.magnitude <= 1 else { return nil }
    return DiagnosisEntry(
      verdict: .churn, pool: pool, tags: [row.tag],
      text: "Tag \(row.tag) was allocated \(change.allocations) times and freed as often within "
        + "one refresh.",
      evidence: evidence, guidance: .lookaside)
  }
}
