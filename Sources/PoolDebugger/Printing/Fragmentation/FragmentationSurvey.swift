import KernelPool
import PoolWalk

/// What one pool's pages are made of, as counts.
///
/// A page costs eight bytes while it is counted, so a pool of many gigabytes can be surveyed.
public struct FragmentationSurvey: Sendable {
  /// The pool.
  public let family: PoolFamily
  /// Pages carved into small blocks.
  public private(set) var smallPages: UInt64 = 0
  /// Pages of large allocations, the kernel's own included.
  public private(set) var largePages: UInt64 = 0
  /// Pages of the kernel's tables.
  public private(set) var tablePages: UInt64 = 0
  /// Freed pages kept on single-page lists.
  public private(set) var keptPages: UInt64 = 0
  /// Blocks that callers own.
  public private(set) var allocated = Tally()
  /// Blocks on lookaside lists.
  public private(set) var lookaside = Tally()
  /// Blocks that wait as deferred frees.
  public private(set) var deferred = Tally()
  /// Free blocks, those too small for a list included.
  public private(set) var free = Tally()
  /// Free blocks too small for a list.
  public private(set) var orphans = Tally()
  /// Bytes of the largest free block.
  public private(set) var largestFreeBytes: UInt64 = 0
  /// Free blocks by the highest bit of their size in bytes.
  public private(set) var freeByBit: [Int: Tally] = [:]
  /// Pages whose allocated blocks take less than a tenth of them.
  public private(set) var pinnedPages: UInt64 = 0
  /// What is allocated on pinned pages, by tag.
  public private(set) var pinningTags: [PoolTag: Tally] = [:]
  /// Pages whose chain of blocks is broken; what lies behind the break is not counted.
  public private(set) var brokenPages: UInt64 = 0
  /// For every small-block page the blocks that keep it from being given back.
  private(set) var blockers: [Tally.Page] = []

  /// Blocks and their bytes.
  public struct Tally: Sendable, Equatable {
    /// How many blocks.
    public var blocks: UInt64 = 0
    /// Their bytes, headers included.
    public var byteCount: UInt64 = 0

    mutating func add(_ block: PoolBlock) {
      blocks += 1
      byteCount += block.byteCount
    }

    /// One page's blocks; a page has at most 4096 bytes.
    struct Page: Sendable, Equatable {
      var blocks: UInt32
      var byteCount: UInt32
    }
  }

  /// The part of free bytes that no single request could get, from 0 to 1: one less the largest free
  /// block's share of all free bytes. Zero where nothing is free.
  public var externalFragmentation: Double {
    free.byteCount == 0 ? 0 : 1 - Double(largestFreeBytes) / Double(free.byteCount)
  }

  /// Surveys one pool as it is now.
  public init(_ walker: PoolWalker, _ family: PoolFamily) {
    self.family = family
    for area in walker.areas where area.family == family {
      walker.visitPages(of: area) { use in count(use, walker) }
    }
  }

  private mutating func count(_ use: PageUse, _ walker: PoolWalker) {
    switch use {
    case .smallBlocks(let page):
      smallPages += 1
      let walk = walker.blocks(ofPage: page)
      count(walk)
      countPage(walk, pageBytes: walker.view.profile.pageBytes)
    case .large(let allocation):
      largePages += allocation.pages
      if let tail = walker.tail(of: allocation) { count(tail) }
    case .table(_, _, let pages): tablePages += pages
    case .kept(_, let pages): keptPages += pages
    }
  }

  private mutating func count(_ walk: PageWalk) {
    if !walk.isComplete { brokenPages += 1 }
    for block in walk.blocks {
      switch block.state {
      case .allocated: allocated.add(block)
      case .lookaside: lookaside.add(block)
      case .deferred: deferred.add(block)
      case .fragment: break
      case .free, .orphan:
        free.add(block)
        if block.state == .orphan { orphans.add(block) }
        largestFreeBytes = max(largestFreeBytes, block.byteCount)
        let bit = UInt64.bitWidth - 1 - block.byteCount.leadingZeroBitCount
        freeByBit[bit, default: Tally()].add(block)
      }
    }
  }

  private mutating func countPage(_ walk: PageWalk, pageBytes: UInt64) {
    var page = Tally.Page(blocks: 0, byteCount: 0)
    var liveBytes: UInt64 = 0
    for block in walk.blocks where !block.state.isFree {
      page.blocks += 1
      page.byteCount += UInt32(block.byteCount)
      if block.state == .allocated { liveBytes += block.byteCount }
    }
    if walk.isComplete { blockers.append(page) }
    guard liveBytes * 10 < pageBytes else { return }
    pinnedPages += 1
    for block in walk.blocks where block.state == .allocated {
      pinningTags[block.header.tag.unprotected, default: Tally()].add(block)
    }
  }
}
