/// What the tables among the listings say of one system, where they agree.
struct SystemEvidence {
  typealias Pages = (pages: UInt64, evidence: [String])
  typealias Bytes = (bytes: UInt64, evidence: [String])

  let memories: [(source: String, listing: VirtualMemoryListing)]
  let tables: [(source: String, listing: PoolUsedListing)]

  init(_ listings: [CheckedListing]) {
    memories = listings.compactMap { checked in
      guard case .virtualMemory(let memory) = checked.listing.content else { return nil }
      return (checked.listing.source, memory)
    }
    tables = listings.compactMap { checked in
      guard case .poolUsed(let table) = checked.listing.content,
        checked.verdict == .healthy || checked.verdict == .suspicious, Self.coversEverything(table)
      else { return nil }
      return (checked.listing.source, table)
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

  func value(_ labels: [String]) -> Pages? {
    var found: Pages?
    for memory in memories {
      let values = labels.compactMap { memory.listing.value($0) }
      guard !values.isEmpty else { continue }
      let sum = values.reduce(UInt64(0)) { Saturating.sum($0, $1.pages) }
      if let found, found.pages != sum { return nil }
      if found == nil {
        found = (
          sum,
          values.map {
            "\(memory.source):\($0.line): \($0.label) \($0.pages) pages (\($0.kilobytes) Kb)"
          }
        )
      }
    }
    return found
  }

  /// Pages of the pool; nil when the figure exceeds the machine's memory and thus cannot be true.
  func poolUsage(isPaged: Bool) -> Pages? {
    let labels =
      isPaged ? ["PagedPool Usage"] : ["NonPagedPool Usage", "NonPagedPoolNx Usage"]
    guard let usage = value(labels), usage.pages < 1 << 40 else { return nil }
    if !isPaged, let physical = value(["Physical Memory"]), usage.pages > physical.pages {
      return nil
    }
    return usage
  }

  func poolMaximum(isPaged: Bool) -> Pages? {
    guard let maximum = value([isPaged ? "PagedPool Maximum" : "NonPagedPool Max"]),
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
    var found: Bytes?
    for table in tables {
      guard let total = table.listing.total else { continue }
      let bytes = isPaged ? total.paged.usedBytes : total.nonpaged.usedBytes
      if let found, found.bytes != bytes { return nil }
      found = (
        bytes,
        ["\(table.source):\(total.line): TOTAL \(bytes) bytes \(isPaged ? "paged" : "nonpaged")"]
      )
    }
    return found
  }

  /// The row of a tag in a table that covers everything.
  func row(_ tag: ListedTag) -> (source: String, row: PoolUsedListing.Row)? {
    for table in tables {
      if let row = table.listing.rows.first(where: { $0.tag == tag }) {
        return (table.source, row)
      }
    }
    return nil
  }
}
