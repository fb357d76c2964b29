import KernelPool
import PoolWalk

/// Prints how fragmented each pool is: `--frag`.
///
/// The layout is this project's own. WinDbg had an extension `!frag`, whose output is not public;
/// nothing here claims to look like it.
public struct FragmentationPrinter {
  /// What the command line's help says of the listing.
  public static let help = """
    --frag prints, for each pool, its pages, what is allocated, parked and free in them, the
    largest free block, free blocks by size, external fragmentation (1 - largest free block / free
    bytes), internal waste (block bytes - requested bytes), pinned pages (under 10 % used) with the
    tags that pin them, and how many pages freeing the fewest blocks would give back. The layout is
    poolfuzz's own; it is not that of WinDbg's !frag.
    """

  private let surveys: [FragmentationSurvey]
  private let internalWasteBytes: [PoolFamily: UInt64]

  /// A printer of the pool as it is now.
  ///
  /// - Parameters:
  ///   - view: the pool.
  ///   - internalWasteBytes: block bytes less requested bytes of what is live, for the pools where
  ///     the caller knows it: no header tells what was requested.
  public init(_ view: PoolView, internalWasteBytes: [PoolFamily: UInt64] = [:]) {
    let walker = PoolWalker(view)
    let families = PoolFamily.allCases.filter { family in
      walker.areas.contains { $0.family == family }
    }
    surveys = families.map { FragmentationSurvey(walker, $0) }
    self.internalWasteBytes = internalWasteBytes
  }

  /// The listing of all pools, every line ended.
  public var text: String {
    surveys.flatMap(lines).map { $0 + "\n" }.joined()
  }

  private func lines(_ survey: FragmentationSurvey) -> [String] {
    var lines = [survey.family.regionName]
    func add(_ label: String, _ value: String) {
      lines.append("  " + Columns.left(label, 24) + value)
    }
    add("pages", pages(survey))
    guard survey.smallPages + survey.largePages != 0 else { return lines }
    add("allocated", text(survey.allocated))
    add("on lookaside lists", text(survey.lookaside))
    add("deferred frees", text(survey.deferred))
    add("free", text(survey.free) + ", largest \(survey.largestFreeBytes)")
    add("too small for a list", text(survey.orphans))
    add("external fragmentation", share(survey))
    add(
      "internal waste",
      internalWasteBytes[survey.family].map { "\($0) bytes" } ?? "not known from headers")
    add("pinned pages", "\(survey.pinnedPages) (under 10 % used)")
    if survey.brokenPages != 0 { add("broken pages", "\(survey.brokenPages)") }
    lines += pinning(survey) + releases(survey) + histogram(survey)
    return lines
  }

  private func pages(_ survey: FragmentationSurvey) -> String {
    "\(survey.smallPages) of small blocks, \(survey.largePages) large, \(survey.tablePages) of"
      + " tables, \(survey.keptPages) kept for reuse"
  }

  private func text(_ tally: FragmentationSurvey.Tally) -> String {
    "\(DecimalText.counted(tally.byteCount, "byte")) in"
      + " \(DecimalText.counted(tally.blocks, "block"))"
  }

  private func share(_ survey: FragmentationSurvey) -> String {
    let free = survey.free.byteCount
    return Columns.percent(free - survey.largestFreeBytes, of: free) + " %"
  }

  private func pinning(_ survey: FragmentationSurvey) -> [String] {
    let sorted = survey.pinningTags.sorted {
      ($1.value.blocks, $0.key) < ($0.value.blocks, $1.key)
    }
    return sorted.prefix(10).map { tag, tally in
      "    pinned by \(TagText.characters(tag)): \(text(tally))"
    }
  }

  private func releases(_ survey: FragmentationSurvey) -> [String] {
    ReleaseEstimate.all(survey.blockers).map {
      "    freeing \(DecimalText.counted($0.blocks, "block")) (\($0.byteCount) bytes) gives back"
        + " \(DecimalText.counted($0.pages, "page"))"
    }
  }

  private func histogram(_ survey: FragmentationSurvey) -> [String] {
    survey.freeByBit.sorted { $0.key < $1.key }.map { bit, tally in
      let low = Columns.hexadecimal(1 << UInt64(bit), 4)
      let high = Columns.hexadecimal((2 << UInt64(bit)) - 1, 4)
      return "    free blocks of \(low) to \(high): " + text(tally)
    }
  }
}

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
  private(set) var keptPages: UInt64 = 0
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
  private(set) var freeByBit: [Int: Tally] = [:]
  /// Pages whose allocated blocks take less than a tenth of them.
  public private(set) var pinnedPages: UInt64 = 0
  /// What is allocated on pinned pages, by tag.
  private(set) var pinningTags: [PoolTag: Tally] = [:]
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

/// How many pages would go back if few blocks were freed.
///
/// Pages are taken in the order of what keeps them: fewest blocks first, then fewest bytes. That is
/// the best one can do with a number of frees, because every page needs all of its own blocks freed
/// and no block keeps two pages.
public struct ReleaseEstimate: Sendable, Equatable {
  /// Blocks freed.
  public let blocks: UInt64
  /// Their bytes.
  public let byteCount: UInt64
  /// Pages that would be given back.
  public let pages: UInt64

  /// Estimates for 1, 10, 100 ... blocks, and for all of them; estimates that release no more pages
  /// than the one before are left out.
  static func all(_ blockers: [FragmentationSurvey.Tally.Page]) -> [ReleaseEstimate] {
    let sorted = blockers.sorted { ($0.blocks, $0.byteCount) < ($1.blocks, $1.byteCount) }
    var estimates: [ReleaseEstimate] = []
    var budget: UInt64 = 1
    var blocks: UInt64 = 0
    var byteCount: UInt64 = 0
    var pages: UInt64 = 0
    func note() {
      guard pages != estimates.last?.pages ?? 0 else { return }
      estimates.append(ReleaseEstimate(blocks: blocks, byteCount: byteCount, pages: pages))
    }
    for page in sorted {
      while blocks + UInt64(page.blocks) > budget {
        note()
        budget *= 10
      }
      blocks += UInt64(page.blocks)
      byteCount += UInt64(page.byteCount)
      pages += 1
    }
    note()
    return estimates
  }
}
