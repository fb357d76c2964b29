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
public struct AbstractPage: Sendable, Hashable {
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
  public func pages() -> [AbstractPage] {
    var maps: [AbstractPage] = []
    for page in 0..<pageCount where firstBlocks[page] >= 0 {
      var runs: [AbstractPage.Run] = []
      var block = firstBlocks[page]
      while block >= 0 {
        let record = records[Int(block)]
        runs.append(
          AbstractPage.Run(
            offset: Int(record.offset), units: Int(record.units),
            handle: record.state == .live ? BlockHandle(index: block) : nil))
        block = record.right
      }
      maps.append(AbstractPage(page: page, runs: runs))
    }
    return maps
  }

  /// The number of listed free blocks of each size, indexed by units.
  public func freeBlockCounts() -> [Int] {
    var counts = Array(repeating: 0, count: geometry.pageUnits + 1)
    for map in pages() {
      for run in map.runs where run.handle == nil && run.units >= geometry.smallestListedUnits {
        counts[run.units] += 1
      }
    }
    return counts
  }
}
