/// What an allocator holds and what of it is in use, now and at its highest.
public struct Footprint: Sendable, Hashable {
  /// Pages held now.
  public var pagesHeld: Int
  /// The most pages held at any moment.
  public var peakPagesHeld: Int
  /// Units in live blocks now, headers included.
  public var liveUnits: Int
  /// The most live units at any moment.
  public var peakLiveUnits: Int
  /// Live blocks now.
  public var liveBlocks: Int
  /// Live units when ``peakPagesHeld`` was first reached.
  var liveUnitsAtPeakPages: Int
  /// Pages held when ``peakLiveUnits`` was first reached.
  var pagesHeldAtPeakLive: Int

  /// Nothing held, nothing live.
  public init() {
    pagesHeld = 0
    peakPagesHeld = 0
    liveUnits = 0
    peakLiveUnits = 0
    liveBlocks = 0
    liveUnitsAtPeakPages = 0
    pagesHeldAtPeakLive = 0
  }

  /// Counts a block that was taken, when so many pages are held with it. For targets that learn
  /// elsewhere what they hold.
  public mutating func noteAllocation(units: Int, pagesHeld: Int) {
    self.pagesHeld = pagesHeld
    liveUnits += units
    liveBlocks += 1
    if liveUnits > peakLiveUnits {
      peakLiveUnits = liveUnits
      pagesHeldAtPeakLive = pagesHeld
    }
    if pagesHeld > peakPagesHeld {
      peakPagesHeld = pagesHeld
      liveUnitsAtPeakPages = liveUnits
    }
  }

  /// Counts a block that was given back, when so many pages are still held.
  public mutating func noteRelease(units: Int, pagesHeld: Int) {
    self.pagesHeld = pagesHeld
    liveUnits -= units
    liveBlocks -= 1
  }
}

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
