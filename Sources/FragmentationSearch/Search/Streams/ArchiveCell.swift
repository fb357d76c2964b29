import PoolBounds

/// The kind of behaviour a run showed; an archive keeps the best run of each kind.
public struct ArchiveCell: Sendable, Hashable, Comparable {
  /// The largest free block at the end, in sixteenths of a page, 0...16.
  public let largestFree: Int
  /// The share of pages with a single live block, in eighths, 0...8.
  public let pinnedShare: Int
  /// Live blocks in a page on average: the binary digits of that number, 0...16.
  public let blocksPerPage: Int

  /// The cell of an outcome.
  public init(_ outcome: SearchOutcome, _ geometry: PoolGeometry) {
    largestFree = outcome.largestFreeUnits * 16 / geometry.pageUnits
    let pages = max(1, outcome.finalPages)
    pinnedShare = outcome.pinnedPages * 8 / pages
    blocksPerPage = Int.bitWidth - (outcome.liveBlocks / pages).leadingZeroBitCount
  }

  /// A name for files: `hole-8_pinned-8_blocks-1`.
  public var name: String { "hole-\(largestFree)_pinned-\(pinnedShare)_blocks-\(blocksPerPage)" }

  /// In the order of the fields.
  public static func < (first: ArchiveCell, second: ArchiveCell) -> Bool {
    (first.largestFree, first.pinnedShare, first.blocksPerPage)
      < (second.largestFree, second.pinnedShare, second.blocksPerPage)
  }
}
