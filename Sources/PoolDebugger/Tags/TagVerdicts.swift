import KernelPool

/// What one table of tags gives reason for. It proves no leak: a leak is growth, and growth needs a
/// second table.
struct TagVerdicts {
  /// Below so many bytes a tag is no reason for anything, whatever its share.
  static let leastBytes: UInt64 = 1 << 30
  /// The share of the pool from which a tag of so many bytes is named.
  static let leastShare = 0.25
  /// Tags freed less often than this share of their allocations only grow.
  static let hardlyFreedShare = 0.10
  /// Allocations below this are what a system makes once.
  static let leastAllocations: UInt64 = 10_000
  /// Bytes below this are what a system makes once.
  static let leastUnfreedBytes: UInt64 = 16 << 20
  /// Counts below this are equal by chance, unless hardly anything is freed.
  static let leastEqualLive: UInt64 = 10_000
  static let leastEqualUnfreed: UInt64 = 100
  /// So many entries of one kind are given.
  static let mostEntries = 8

  let source: String
  let table: TagTableListing
  let owners: PoolTagDescriptions

  init(source: String, table: TagTableListing, owners: PoolTagDescriptions = .builtIn) {
    self.source = source
    self.table = table
    self.owners = owners
  }

  var isSuspicious: Bool { entries().contains { $0.verdict.isFinding } }

  func entries() -> [DiagnosisEntry] {
    largeTags() + equalLive() + unknownLarge() + comingAndGoing()
  }

  // MARK: - Tags that hold much, or only grow

  private func largeTags() -> [DiagnosisEntry] {
    let rows = table.rows.filter { isLarge($0) || isHardlyFreed($0) }
      .sorted { ($1.bytes ?? 0, $0.tag) < ($0.bytes ?? 0, $1.tag) }
    return rows.prefix(Self.mostEntries).map { row in
      DiagnosisEntry(
        verdict: isLarge(row) ? .dominantTag : .hardlyFreed, pool: pool(row), tags: [row.tag],
        bytes: row.bytes, text: "Tag \(row.tag) \(words(row).joined(separator: "; ")).",
        evidence: [evidence(row)] + TagOwner(row.tag, owners, toldBy: row.text).lines,
        guidance: .secondTable)
    }
  }

  private func isLarge(_ row: TagTableListing.Row) -> Bool {
    guard let bytes = row.bytes, bytes >= Self.leastBytes else { return false }
    return Double(bytes) >= Double(table.poolBytes(isPaged: row.isPaged)) * Self.leastShare
  }

  private func isHardlyFreed(_ row: TagTableListing.Row) -> Bool {
    guard isUnfreed(row), let allocations = row.allocations else { return false }
    return allocations >= Self.leastAllocations && (row.bytes ?? 0) >= Self.leastUnfreedBytes
  }

  private func isUnfreed(_ row: TagTableListing.Row) -> Bool {
    guard let allocations = row.allocations, let frees = row.frees, allocations > 0 else {
      return false
    }
    return Double(frees) < Double(allocations) * Self.hardlyFreedShare
  }

  private func words(_ row: TagTableListing.Row) -> [String] {
    var words: [String] = []
    if let bytes = row.bytes {
      let whole = table.poolBytes(isPaged: row.isPaged)
      let name = pool(row).map { "\($0) " } ?? ""
      let share =
        table.rows.count > 1 || whole > bytes
        ? "\(DecimalText.percent(bytes, of: whole)) of the listed \(name)bytes: " : ""
      words.append("holds \(share)\(DecimalText.grouped(bytes)) bytes")
    }
    if let live = row.outstanding, live > 0 {
      let mean = row.bytes.map {
        " of \(DecimalText.oneDecimal(Double($0) / Double(live))) bytes on average"
      }
      words.append("\(DecimalText.grouped(live)) blocks\(mean ?? "")")
    }
    if let allocations = row.allocations, let frees = row.frees, allocations > 0 {
      words.append(
        isUnfreed(row)
          ? "hardly ever freed: \(DecimalText.grouped(allocations)) allocations against "
            + "\(DecimalText.grouped(frees)) frees (\(DecimalText.percent(frees, of: allocations)))"
          : "\(DecimalText.percent(row.outstanding ?? 0, of: allocations)) of its "
            + "\(DecimalText.grouped(allocations)) allocations were never freed")
    }
    return words
  }

  // MARK: - Parts of one object

  /// Tags whose live counts are equal are parts of one object, and leak together if they do.
  private func equalLive() -> [DiagnosisEntry] {
    let counted = table.rows.filter { ($0.outstanding ?? 0) >= Self.leastEqualUnfreed }
    let groups = Dictionary(grouping: counted) { $0.outstanding ?? 0 }
    return groups.sorted { $0.key > $1.key }.compactMap { live, rows -> DiagnosisEntry? in
      let tags = Set(rows.map(\.tag)).sorted()
      let isUnfreed = rows.allSatisfy(isUnfreed)
      guard tags.count >= 2, live >= Self.leastEqualLive || isUnfreed else { return nil }
      let names = tags.map(\.description).joined(separator: ", ")
      let isCertain = live >= Self.leastEqualLive || tags.count >= 3
      return DiagnosisEntry(
        verdict: isCertain ? .equalLive : .equalCounts, tags: tags,
        bytes: rows.reduce(0) { Saturating.sum($0, $1.bytes ?? 0) },
        text: "Tags \(names) have the same number of blocks in use, \(DecimalText.grouped(live))"
          + "\(isUnfreed ? ", and hardly any was ever freed" : ""): parts of one object, so if one "
          + "leaks, they leak together.",
        evidence: rows.prefix(8).map(evidence), guidance: .secondTable)
    }
    .prefix(Self.mostEntries).map { $0 }
  }

  // MARK: - Smaller remarks

  /// A tag that nobody knows with blocks of many pages.
  private func unknownLarge() -> [DiagnosisEntry] {
    let rows = table.rows.filter { row in
      guard let bytes = row.bytes, let live = row.outstanding, live > 0, bytes >= 1 << 20 else {
        return false
      }
      return row.text.hasPrefix("UNKNOWN pooltag") && bytes / live >= 0x10000
        && owners.description(of: row.tag) == nil
    }
    return rows.prefix(Self.mostEntries).map { row in
      DiagnosisEntry(
        verdict: .unknownLargeBlocks, pool: pool(row), tags: [row.tag], bytes: row.bytes,
        text: "Tag \(row.tag), which no list knows, holds "
          + "\(DecimalText.grouped(row.bytes ?? 0)) bytes in "
          + "\(DecimalText.grouped(row.outstanding ?? 0)) blocks of many pages each.",
        evidence: [evidence(row), TagOwner.search(row.tag)], guidance: .leakHunt)
    }
  }

  /// Allocated often and freed as often, among tags that are not: said so that nobody blames them.
  private func comingAndGoing() -> [DiagnosisEntry] {
    guard table.rows.contains(where: isUnfreed) else { return [] }
    let rows = table.rows.filter { row in
      guard let allocations = row.allocations, let live = row.outstanding else { return false }
      return allocations >= 1_000 && live <= allocations / 1_000
    }
    guard !rows.isEmpty else { return [] }
    let names = rows.prefix(16).map(\.tag.description).joined(separator: ", ")
    return [
      DiagnosisEntry(
        verdict: .noGrowth, tags: rows.map(\.tag),
        text: "\(names): freed as often as allocated, so no leak.",
        evidence: rows.prefix(8).map(evidence), guidance: .secondTable)
    ]
  }

  private func pool(_ row: TagTableListing.Row) -> String? {
    row.isPaged.map { $0 ? "paged" : "nonpaged" }
  }

  private func evidence(_ row: TagTableListing.Row) -> String {
    var text = "\(source):\(row.line): \(row.tag)"
    if let allocations = row.allocations { text += " \(allocations) allocations" }
    if let frees = row.frees { text += " \(frees) frees" }
    if let live = row.outstanding { text += " \(live) in use" }
    if let bytes = row.bytes { text += " \(bytes) bytes" }
    return text
  }
}

/// Whose a tag is, as far as lists tell, and how to find out where they do not.
struct TagOwner {
  /// Lines for a person: component, known cause, next step.
  let lines: [String]

  init(_ tag: ListedTag, _ owners: PoolTagDescriptions, toldBy text: String) {
    var lines: [String] = []
    if let known = owners.description(of: tag) {
      lines.append("owner: \(known.text)" + (known.binary.map { " (\($0))" } ?? ""))
      if let cause = known.knownCause { lines.append("known: \(cause.text) [\(cause.source)]") }
    } else if text.isEmpty || text.hasPrefix("UNKNOWN") || text == "Unknown Driver" {
      lines.append("owner: not in the list")
    } else {
      lines.append("owner, as the table says: \(text)")
    }
    let isKernels = owners.description(of: tag)?.binary?.hasPrefix("nt!") ?? false
    lines.append(isKernels ? Self.stacks(tag) : Self.search(tag))
    self.lines = lines
  }

  /// The step that finds the driver, which holds its tag as text.
  static func search(_ tag: ListedTag) -> String {
    "next: findstr /m /l \"\(tag)\" %SystemRoot%\\System32\\drivers\\*.sys names the drivers that "
      + "hold these letters"
  }

  /// The step that finds for whom the kernel allocates.
  static func stacks(_ tag: ListedTag) -> String {
    "next: the kernel allocates it for somebody, whom the stacks name: xperf -on "
      + "PROC_THREAD+LOADER+POOL -stackwalk PoolAlloc -PoolTag \(tag)"
  }
}

extension PoolTagDescriptions {
  /// What is known of a tag as a listing shows it.
  func description(of tag: ListedTag) -> TagDescription? {
    description(of: PoolTag(word: tag.rawValue))
  }
}
