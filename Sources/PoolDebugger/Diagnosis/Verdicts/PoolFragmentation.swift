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

  /// The two totals in one unit, to be compared at a glance.
  private static func rounded(_ pages: UInt64, _ bytes: UInt64) -> String {
    func mebibytes(_ bytes: UInt64) -> String { DecimalText.oneDecimal(Double(bytes) / 1_048_576) }
    return "\(mebibytes(Saturating.product(pages, PageCheck.pageBytes))) MiB in !vm, "
      + "\(mebibytes(bytes)) MiB in !poolused"
  }
}

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
      let physical = evidence.physicalMemory, physical.pages > 0,
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
      let table = evidence.firstTable
    else { return [] }
    let pool = isPaged ? "paged" : "nonpaged"
    return table.rows.compactMap { row in
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

/// What one PoolMon screen tells by its changes since the last refresh (five seconds unless told
/// otherwise). One interval proves no leak, so the words are careful.
struct RefreshChanges {
  static let leastAllocations: Int64 = 50

  static func entries(_ table: PoolMonitorListing, source: String) -> [DiagnosisEntry] {
    table.rows.compactMap { entry($0, source: source) }
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

/// What the tables among the listings say of one system, where they agree.
struct SystemEvidence {
  typealias Pages = (pages: UInt64, evidence: [String])
  typealias Bytes = (bytes: UInt64, evidence: [String])

  /// A figure of the system, of which all tables must say the same.
  private enum Figure: Int, CaseIterable {
    case nonpagedUsage, pagedUsage, nonpagedMaximum, pagedMaximum, physicalMemory

    /// The lines of `!vm` that it is the sum of.
    var labels: [String] {
      switch self {
      case .nonpagedUsage: ["NonPagedPool Usage", "NonPagedPoolNx Usage"]
      case .pagedUsage: ["PagedPool Usage"]
      case .nonpagedMaximum: ["NonPagedPool Max"]
      case .pagedMaximum: ["PagedPool Maximum"]
      case .physicalMemory: ["Physical Memory"]
      }
    }
  }

  /// The first that was said, and whether all that came behind agree.
  private struct Agreed<Value: Equatable & Sendable> {
    var first: (value: Value, evidence: [String])?
    var isContradicted = false

    var found: (value: Value, evidence: [String])? { isContradicted ? nil : first }

    mutating func add(_ value: Value, _ evidence: @autoclosure () -> [String]) {
      if let first {
        if first.value != value { isContradicted = true }
      } else {
        first = (value, evidence())
      }
    }
  }

  private var figures = [Agreed<UInt64>](repeating: .init(), count: Figure.allCases.count)
  private var nonpagedTags = Agreed<UInt64>()
  private var pagedTags = Agreed<UInt64>()
  /// The rows of tags in the first table that has them.
  private var rows: [ListedTag: (source: String, row: PoolUsedListing.Row)] = [:]
  /// The first table that covers everything.
  private(set) var firstTable: (source: String, rows: [PoolUsedListing.Row])?

  mutating func add(_ checked: CheckedListing) {
    let source = checked.listing.source
    switch checked.listing.content {
    case .virtualMemory(let memory):
      for figure in Figure.allCases {
        let values = figure.labels.compactMap { memory.value($0) }
        guard !values.isEmpty else { continue }
        figures[figure.rawValue].add(
          values.reduce(0) { Saturating.sum($0, $1.pages) },
          values.map {
            "\(source):\($0.line): \($0.label) \($0.pages) pages (\($0.kilobytes) Kb)"
          })
      }
    case .poolUsed(let table)
    where (checked.verdict == .healthy || checked.verdict == .suspicious)
      && Self.coversEverything(table):
      if firstTable == nil { firstTable = (source, table.rows) }
      for row in table.rows
      where rows[row.tag] == nil && rows.count < TagSeries.Snapshot.mostCounters {
        rows[row.tag] = (source, row)
      }
      guard let total = table.total else { return }
      nonpagedTags.add(
        total.nonpaged.usedBytes,
        ["\(source):\(total.line): TOTAL \(total.nonpaged.usedBytes) bytes nonpaged"])
      pagedTags.add(
        total.paged.usedBytes,
        ["\(source):\(total.line): TOTAL \(total.paged.usedBytes) bytes paged"])
    default: break
    }
  }

  /// A table made with a pattern sums up that pattern only, and so does one whose few rows are
  /// already all of its TOTAL.
  private static func coversEverything(_ table: PoolUsedListing) -> Bool {
    guard let total = table.total, table.tagPattern ?? "*" == "*" else { return false }
    let nonpaged = table.rows.reduce(UInt64(0)) { Saturating.sum($0, $1.nonpaged.usedBytes) }
    let paged = table.rows.reduce(UInt64(0)) { Saturating.sum($0, $1.paged.usedBytes) }
    let isAll = nonpaged == total.nonpaged.usedBytes && paged == total.paged.usedBytes
    return table.rows.count > 3 || !isAll
  }

  private func pages(_ figure: Figure) -> Pages? {
    figures[figure.rawValue].found.map { ($0.value, $0.evidence) }
  }

  /// Pages of the machine's memory.
  var physicalMemory: Pages? { pages(.physicalMemory) }

  /// Pages of the pool; nil when the figure exceeds the machine's memory and thus cannot be true.
  func poolUsage(isPaged: Bool) -> Pages? {
    guard let usage = pages(isPaged ? .pagedUsage : .nonpagedUsage), usage.pages < 1 << 40 else {
      return nil
    }
    if !isPaged, let physical = physicalMemory, usage.pages > physical.pages { return nil }
    return usage
  }

  func poolMaximum(isPaged: Bool) -> Pages? {
    guard let maximum = pages(isPaged ? .pagedMaximum : .nonpagedMaximum),
      maximum.pages > 0, maximum.pages < 1 << 32
    else { return nil }
    return maximum
  }

  /// Bytes that are left before each pool's maximum.
  var bytesLeft: (nonpaged: UInt64?, paged: UInt64?) {
    func left(isPaged: Bool) -> UInt64? {
      guard let usage = poolUsage(isPaged: isPaged), let most = poolMaximum(isPaged: isPaged)
      else { return nil }
      return Saturating.product(
        Saturating.difference(most.pages, usage.pages), PageCheck.pageBytes)
    }
    return (left(isPaged: false), left(isPaged: true))
  }

  func taggedBytes(isPaged: Bool) -> Bytes? {
    (isPaged ? pagedTags : nonpagedTags).found.map { ($0.value, $0.evidence) }
  }

  /// The row of a tag in a table that covers everything.
  func row(_ tag: ListedTag) -> (source: String, row: PoolUsedListing.Row)? { rows[tag] }
}
