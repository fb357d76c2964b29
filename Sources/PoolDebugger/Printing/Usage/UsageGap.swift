import KernelPool
import PoolWalk

/// What pages hold beyond what tags account for: the figure that tells of fragmentation.
///
/// A debugger's `!vm` says how many pages a pool holds, its `!poolused` how many bytes are
/// outstanding. The difference is free space inside of held pages, blocks parked on lookaside lists,
/// and pages kept for reuse. A large one next to a small peak is a fragmented pool.
public struct UsageGap: Sendable, Equatable {
  /// What the line calls the pool.
  public let name: String
  /// Pages held.
  public let pages: UInt64
  /// Bytes in these pages.
  public let heldBytes: UInt64
  /// Bytes outstanding by the tag table.
  public let taggedBytes: UInt64

  /// A gap from its two figures.
  public init(name: String, pages: UInt64, pageBytes: UInt64, taggedBytes: UInt64) {
    self.name = name
    self.pages = pages
    heldBytes = pages &* pageBytes
    self.taggedBytes = taggedBytes
  }

  /// The gaps of nonpaged pool and of paged pool, the session's included because the tag table does
  /// not tell them apart.
  public static func all(in view: PoolView) -> [UsageGap] {
    all(PoolUsage(view), TagRow.all(in: view))
  }

  static func all(_ usage: PoolUsage, _ rows: [TagRow]) -> [UsageGap] {
    let nonPaged = rows.reduce(0) { $0 &+ $1.nonPaged.bytes }
    let paged = rows.reduce(0) { $0 &+ $1.paged.bytes }
    return [
      UsageGap(
        name: "NonPaged pool", pages: usage.nonPagedPages, pageBytes: usage.pageBytes,
        taggedBytes: nonPaged),
      UsageGap(
        name: "Paged pool", pages: usage.pagedTotal + (usage.sessionPages ?? 0),
        pageBytes: usage.pageBytes, taggedBytes: paged),
    ]
  }

  /// The line for people.
  public var text: String {
    let held = "\(name): \(heldBytes) bytes in \(pages) pages, \(taggedBytes) bytes tagged"
    guard heldBytes >= taggedBytes else {
      return "\(held); the tags count \(taggedBytes - heldBytes) bytes that no page holds"
    }
    let gap = heldBytes - taggedBytes
    let share = Columns.percent(gap, of: heldBytes)
    return "\(held); \(gap) bytes (\(share) %) are held but not allocated"
  }
}
