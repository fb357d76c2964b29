/// One page of an ``AbstractPool`` as a reader sees it.
public struct PageMap: Sendable, Hashable {
  /// A run of units in a page.
  public struct Run: Sendable, Hashable {
    /// Where it begins, in units from the start of the page.
    public let offset: Int
    /// How long it is, in units.
    public let units: Int
    /// The block's handle, nil for a free run.
    public let handle: BlockHandle?
  }

  /// The page's number in the pool.
  public let page: Int
  /// The runs, in order of their offsets.
  public let runs: [Run]

  /// Units of the largest free run.
  public var largestFreeUnits: Int { runs.filter { $0.handle == nil }.map(\.units).max() ?? 0 }
  /// Live blocks in the page.
  public var liveBlocks: Int { runs.count { $0.handle != nil } }
}

extension AbstractPool {
  /// Held pages with a single live block. Costs time proportional to all blocks.
  public var pinnedPages: Int {
    var pinned = 0
    for page in 0..<pageCount {
      var block = firstBlocks[page]
      var live = 0
      while block >= 0, live < 2 {
        if records[Int(block)].state == .live { live += 1 }
        block = records[Int(block)].right
      }
      if live == 1 { pinned += 1 }
    }
    return pinned
  }

  /// Every held page in order of page numbers.
  public func pageMaps() -> [PageMap] {
    var maps: [PageMap] = []
    for page in 0..<pageCount where firstBlocks[page] >= 0 {
      var runs: [PageMap.Run] = []
      var block = firstBlocks[page]
      while block >= 0 {
        let record = records[Int(block)]
        runs.append(
          PageMap.Run(
            offset: Int(record.offset), units: Int(record.units),
            handle: record.state == .live ? BlockHandle(index: block) : nil))
        block = record.right
      }
      maps.append(PageMap(page: page, runs: runs))
    }
    return maps
  }

  /// The number of listed free blocks of each size, indexed by units.
  public func freeBlockCounts() -> [Int] {
    var counts = Array(repeating: 0, count: geometry.pageUnits + 1)
    for map in pageMaps() {
      for run in map.runs where run.handle == nil && run.units >= geometry.smallestListedUnits {
        counts[run.units] += 1
      }
    }
    return counts
  }
}
