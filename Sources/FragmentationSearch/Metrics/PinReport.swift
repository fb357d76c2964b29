/// Which blocks hold the most memory back: pages in order of the fewest live units that keep them.
public struct PinReport: Sendable, Hashable {
  /// A page and the blocks that keep it.
  public struct Entry: Sendable, Hashable {
    /// The page's number.
    public let page: Int
    /// Its live blocks.
    public let blocks: [BlockHandle]
    /// Their units.
    public let liveUnits: Int
    /// Units of its largest free run.
    public let largestFreeUnits: Int
  }

  /// Pages, the cheapest to win back first: by live blocks, then live units, then page number.
  public let entries: [Entry]

  /// The report for a pool's present state.
  public init(_ pool: borrowing AbstractPool) {
    entries = pool.pageMaps().map { map in
      Entry(
        page: map.page, blocks: map.runs.compactMap(\.handle),
        liveUnits: map.runs.filter { $0.handle != nil }.reduce(0) { $0 + $1.units },
        largestFreeUnits: map.largestFreeUnits)
    }
    .sorted {
      ($0.blocks.count, $0.liveUnits, $0.page) < ($1.blocks.count, $1.liveUnits, $1.page)
    }
  }

  /// Pages that the release of at most `blocks` blocks can give back.
  public func pagesWonBack(releasing blocks: Int) -> Int {
    var left = blocks
    var pages = 0
    for entry in entries {
      left -= entry.blocks.count
      if left < 0 { break }
      pages += 1
    }
    return pages
  }
}
