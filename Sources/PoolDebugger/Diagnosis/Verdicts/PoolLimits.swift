/// How far the pools are from their maxima, and the tags and shares worth a look by themselves.
struct PoolLimits {
  /// The share of the maximum at which the system begins to trim paged pool (KB312362).
  static let nearShare = 0.80
  /// The share of the tagged bytes from which one tag is worth naming.
  static let consumerShare = 0.25

  let evidence: SystemEvidence

  func entries() -> [DiagnosisEntry] {
    [distance(isPaged: false), distance(isPaged: true), memoryShare()].compactMap { $0 }
      + consumers(isPaged: false) + consumers(isPaged: true)
  }

  private func distance(isPaged: Bool) -> DiagnosisEntry? {
    guard let usage = evidence.poolUsage(isPaged: isPaged),
      let maximum = evidence.poolMaximum(isPaged: isPaged)
    else { return nil }
    let pool = isPaged ? "paged" : "nonpaged"
    let left = Saturating.difference(maximum.pages, usage.pages)
    let isNear = Double(usage.pages) >= Double(maximum.pages) * Self.nearShare
    let bytes = Saturating.product(left, PageCheck.pageBytes)
    return DiagnosisEntry(
      verdict: isNear ? .limitNear : .limitDistance, pool: pool, bytes: bytes,
      text: "The \(pool) pool is at \(DecimalText.percent(usage.pages, of: maximum.pages)) of its "
        + "maximum: \(DecimalText.grouped(left)) pages (\(DecimalText.grouped(bytes)) bytes) are "
        + "left before event \(isPaged ? 2020 : 2019).",
      evidence: usage.evidence + maximum.evidence,
      guidance: isPaged ? .event2020 : .event2019)
  }

  private func memoryShare() -> DiagnosisEntry? {
    guard let usage = evidence.poolUsage(isPaged: false),
      let physical = evidence.value(["Physical Memory"]), physical.pages > 0,
      usage.pages >= physical.pages / 10
    else { return nil }
    return DiagnosisEntry(
      verdict: .memoryShare, pool: "nonpaged",
      bytes: Saturating.product(usage.pages, PageCheck.pageBytes),
      text: "The nonpaged pool takes \(DecimalText.percent(usage.pages, of: physical.pages)) of "
        + "the machine's memory.",
      evidence: usage.evidence + physical.evidence, guidance: .memoryShare)
  }

  private func consumers(isPaged: Bool) -> [DiagnosisEntry] {
    guard let total = evidence.taggedBytes(isPaged: isPaged), total.bytes > 0,
      let table = evidence.tables.first
    else { return [] }
    let pool = isPaged ? "paged" : "nonpaged"
    return table.listing.rows.compactMap { row in
      let usage = isPaged ? row.paged : row.nonpaged
      guard usage.usedBytes < TagVerdicts.leastBytes,
        Double(usage.usedBytes) >= Double(total.bytes) * Self.consumerShare
      else { return nil }
      return DiagnosisEntry(
        verdict: .largestConsumer, pool: pool, tags: [row.tag], bytes: usage.usedBytes,
        text: "Tag \(row.tag) holds \(DecimalText.percent(usage.usedBytes, of: total.bytes)) of "
          + "the \(pool) pool's tagged bytes: \(DecimalText.grouped(usage.outstanding)) "
          + "allocations, \(DecimalText.grouped(usage.usedBytes)) bytes.",
        evidence: [
          "\(table.source):\(row.line): \(row.tag) \(usage.allocations) \(usage.usedBytes)"
        ] + total.evidence,
        guidance: .leakHunt)
    }
  }
}
