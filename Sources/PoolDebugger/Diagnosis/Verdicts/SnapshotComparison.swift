/// What two snapshots of the tag tables say of the time between them: growth, churn, and tags that
/// grew together.
struct SnapshotComparison {
  /// One tag in one kind of pool.
  struct Key: Hashable, Comparable {
    var tag: ListedTag
    var isPaged: Bool

    static func < (left: Key, right: Key) -> Bool {
      (left.tag, left.isPaged ? 1 : 0) < (right.tag, right.isPaged ? 1 : 0)
    }
  }

  /// The counters of a tag at one time.
  struct Counters {
    var outstanding: UInt64
    var bytes: UInt64
    var allocations: UInt64?
    var frees: UInt64?
    var evidence: String
  }

  /// A growth of fewer bytes and allocations is everyday noise.
  static let leastGrownBytes: UInt64 = 4_096
  static let leastGrownAllocations: UInt64 = 100
  static let leastChurn: UInt64 = 1_000

  private struct Growth {
    var key: Key
    var allocations: UInt64
    var bytes: UInt64
    var before: Counters
    var after: Counters
  }

  let before: [Key: Counters]
  let after: [Key: Counters]
  /// The time between the snapshots in seconds, if it is known.
  let seconds: Double?

  init(before: [CheckedListing], after: [CheckedListing], seconds: Double?) {
    self.before = Self.counters(before)
    self.after = Self.counters(after)
    self.seconds = seconds.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
  }

  func entries() -> [DiagnosisEntry] {
    let grown = growths()
    return pairs(grown) + grown.map(leak) + churns()
  }

  // MARK: - Counters

  private static func counters(_ listings: [CheckedListing]) -> [Key: Counters] {
    var counters: [Key: Counters] = [:]
    for checked in listings {
      let source = checked.listing.source
      switch checked.listing.content {
      case .poolUsed(let table):
        for row in table.rows {
          for (isPaged, usage) in [(false, row.nonpaged), (true, row.paged)] {
            counters[Key(tag: row.tag, isPaged: isPaged)] = Counters(
              outstanding: usage.outstanding, bytes: usage.usedBytes,
              allocations: usage.frees == nil ? nil : usage.allocations, frees: usage.frees,
              evidence: "\(source):\(row.line): \(row.tag) \(usage.outstanding) allocations, "
                + "\(usage.usedBytes) bytes")
          }
        }
      case .poolMonitor(let table):
        for row in table.rows {
          counters[Key(tag: row.tag, isPaged: row.isPaged)] = Counters(
            outstanding: UInt64(max(0, row.difference)), bytes: UInt64(max(0, row.usedBytes)),
            allocations: row.allocations, frees: row.frees,
            evidence: "\(source):\(row.line): \(row.tag) \(row.difference) allocations, "
              + "\(row.usedBytes) bytes")
        }
      default: break
      }
    }
    return counters
  }

  private func growths() -> [Growth] {
    before.compactMap { key, old -> Growth? in
      guard let new = after[key], new.outstanding > old.outstanding, new.bytes > old.bytes else {
        return nil
      }
      let growth = Growth(
        key: key, allocations: new.outstanding - old.outstanding, bytes: new.bytes - old.bytes,
        before: old, after: new)
      guard
        growth.bytes >= Self.leastGrownBytes || growth.allocations >= Self.leastGrownAllocations
      else { return nil }
      return growth
    }
    .sorted { ($1.bytes, $0.key) < ($0.bytes, $1.key) }
  }

  // MARK: - Verdicts

  private func leak(_ growth: Growth) -> DiagnosisEntry {
    let each = growth.bytes / growth.allocations
    let same = growth.bytes == each * growth.allocations
    return DiagnosisEntry(
      verdict: .leakCandidate, pool: Self.pool(growth.key), tags: [growth.key.tag],
      bytes: growth.bytes,
      text: "Tag \(growth.key.tag) grew by \(DecimalText.grouped(growth.allocations)) "
        + "allocations and \(DecimalText.grouped(growth.bytes)) bytes"
        + "\(same ? ", all of \(each) bytes" : "")\(rate(growth)).",
      evidence: [growth.before.evidence, growth.after.evidence], guidance: .leakHunt)
  }

  private func rate(_ growth: Growth) -> String {
    guard let seconds else { return "" }
    let perHour = Double(growth.bytes) / seconds * 3_600
    return " (\(DecimalText.oneDecimal(Double(growth.allocations) / seconds)) allocations and "
      + "\(DecimalText.oneDecimal(Double(growth.bytes) / seconds)) bytes a second, "
      + "\(DecimalText.oneDecimal(perHour / 1_048_576)) MB an hour)"
  }

  /// Objects that leak together show as tags that grew by nearly the same number of allocations.
  private func pairs(_ grown: [Growth]) -> [DiagnosisEntry] {
    let byCount = grown.filter { $0.allocations >= Self.leastGrownAllocations }
      .sorted { ($0.allocations, $0.key) < ($1.allocations, $1.key) }
    var groups: [[Growth]] = []
    for growth in byCount {
      if let first = groups.last?.first,
        growth.allocations - first.allocations <= first.allocations / 100
      {
        groups[groups.count - 1].append(growth)
      } else {
        groups.append([growth])
      }
    }
    return groups.filter { $0.count > 1 }.reversed().map { group in
      let bytes = group.reduce(UInt64(0)) { Saturating.sum($0, $1.bytes) }
      let names = group.map { "\($0.key.tag) (+\(DecimalText.grouped($0.allocations)))" }
      return DiagnosisEntry(
        verdict: .pairedLeak, tags: group.map(\.key.tag), bytes: bytes,
        text: "Tags \(names.joined(separator: ", ")) grew by the same number of allocations "
          + "within one per cent: most likely one bug that leaks them together.",
        evidence: group.map(\.after.evidence), guidance: .verifier)
    }
  }

  private func churns() -> [DiagnosisEntry] {
    before.keys.sorted().compactMap { key -> DiagnosisEntry? in
      guard let old = before[key], let new = after[key], let made = Self.made(old, new),
        made >= Self.leastChurn
      else { return nil }
      let change = max(new.outstanding, old.outstanding) - min(new.outstanding, old.outstanding)
      guard change <= made / 100 else { return nil }
      let rate = seconds.map {
        " (\(DecimalText.oneDecimal(Double(made) / $0)) a second)"
      }
      return DiagnosisEntry(
        verdict: .churn, pool: Self.pool(key), tags: [key.tag],
        text: "Tag \(key.tag) was allocated \(DecimalText.grouped(made)) times"
          + "\(rate ?? "") and freed as often.",
        evidence: [old.evidence, new.evidence], guidance: .lookaside)
    }
  }

  /// Allocations made between the snapshots; the counters wrap at 32 bits.
  private static func made(_ old: Counters, _ new: Counters) -> UInt64? {
    guard let first = old.allocations, let last = new.allocations else { return nil }
    if last >= first { return last - first }
    return first < 1 << 32 ? last &+ (1 << 32) - first : nil
  }

  private static func pool(_ key: Key) -> String { key.isPaged ? "paged" : "nonpaged" }
}
