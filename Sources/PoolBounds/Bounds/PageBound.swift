import Synchronization

/// A proved upper limit on the pages that any trace can make the pool hold.
public struct PageBound: Sendable, Hashable {
  /// Which proof it is; the article on bounds has each in full.
  public enum Proof: String, Sendable, Hashable, CaseIterable {
    /// Every held page has a live block.
    case trivial
    /// What the request that acquires the last page says about all other pages, exact fits taken.
    case lastRequest = "last-request"
    /// The same where exact fits may be skipped.
    case lastRequestSkippingExact = "last-request-skipping-exact"
    /// The recursion over pages whose free blocks are all small.
    case closedPages = "closed-pages"
    /// What the page needed that was closed last before the last request, exact fits taken or not.
    case lastClosing = "last-closing"
  }

  /// The proof that gives the number.
  public let proof: Proof
  /// Pages; no trace within the live cap holds more.
  public let pages: Int
  /// What must be true of the pool.
  public let assumptions: BoundAssumptions

  /// Whether the bound says anything about a pool with these rules.
  public func covers(_ rules: PlacementRules) -> Bool {
    rules.assumptionsHeld.isSuperset(of: assumptions)
  }
}

/// What a bound takes for granted about the pool; a bound says nothing where one of them fails.
public struct BoundAssumptions: OptionSet, Sendable, Hashable {
  /// The bits.
  public let rawValue: UInt8
  /// A set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A page goes back as soon as all of it is free, and free neighbours in a page are merged.
  public static let wholePagesReturn = BoundAssumptions(rawValue: 1)
  /// A fresh page is taken only if no listed free block is larger than the request.
  static let freshOnlyIfNothingLarger = BoundAssumptions(rawValue: 2)
  /// A free block of exactly the requested size is used rather than a fresh page.
  public static let exactFitsTaken = BoundAssumptions(rawValue: 4)
  /// No request is served by a free block while a smaller sufficient one exists.
  static let smallestSufficient = BoundAssumptions(rawValue: 8)

  /// A free block that begins its page is cut at its front, every other at its end.
  static let cutAtEnds = BoundAssumptions(rawValue: 16)

  /// The names, in the order of the declarations, as the command line prints them.
  public var names: [String] {
    let table: [(BoundAssumptions, String)] = [
      (.wholePagesReturn, "whole-pages-return"),
      (.freshOnlyIfNothingLarger, "fresh-only-if-nothing-larger"),
      (.exactFitsTaken, "exact-fits-taken"),
      (.smallestSufficient, "smallest-sufficient-list"),
      (.cutAtEnds, "cut-at-ends"),
    ]
    return table.filter { contains($0.0) }.map(\.1)
  }
}

extension PlacementRules {
  /// The assumptions that hold under these rules. The list order appears in none of them.
  var assumptionsHeld: BoundAssumptions {
    var held: BoundAssumptions = [.wholePagesReturn, .freshOnlyIfNothingLarger, .cutAtEnds]
    if exactFit == .taken { held.insert(.exactFitsTaken) }
    if fit == .smallestList { held.insert(.smallestSufficient) }
    return held
  }
}

/// The least live units that keep every free block of a page small.
///
/// A page is *x-closed* if none of its free blocks exceeds x units. With c live blocks there are at
/// most c + 1 free blocks, so such a page has at least max(c s, P - (c + 1) x) live units; one term
/// rises with c and the other falls, so the least is next to where they cross.
struct ClosedPageCosts: Sendable {
  let pageUnits: Int
  let smallestBlockUnits: Int
  /// Both costs by x, from 0 to a whole page.
  private var closedUnits: [Int] = []
  private var largeUnits: [Int] = []

  /// Geometries whose costs are kept: every trace of a night asks for those of its version, and
  /// working them out was most of a bound.
  private static let known = Mutex<[ClosedPageCosts]>([])
  private static let mostKnown = 16

  /// The costs of one geometry, worked out once.
  static func of(pageUnits: Int, smallestBlockUnits: Int) -> ClosedPageCosts {
    known.withLock { known in
      if let costs = known.first(where: {
        $0.pageUnits == pageUnits && $0.smallestBlockUnits == smallestBlockUnits
      }) {
        return costs
      }
      let costs = ClosedPageCosts(pageUnits: pageUnits, smallestBlockUnits: smallestBlockUnits)
      if known.count < mostKnown { known.append(costs) }
      return costs
    }
  }

  /// The costs of one geometry, worked out anew.
  init(pageUnits: Int, smallestBlockUnits: Int) {
    self.pageUnits = pageUnits
    self.smallestBlockUnits = smallestBlockUnits
    closedUnits = (0...pageUnits).map { closedCost($0) }
    largeUnits = (0...pageUnits).map { closedWithLargeBlockCost($0) }
  }

  /// Live units of an x-closed page, at least; x from 0 to a whole page.
  func closed(_ x: Int) -> Int { closedUnits[x] }

  /// Live units of an x-closed page that has a live block of more than x units, at least; x from 0 to
  /// a whole page.
  func closedWithLargeBlock(_ x: Int) -> Int { largeUnits[x] }

  private func closedCost(_ x: Int) -> Int {
    let crossing = (pageUnits - x) / (smallestBlockUnits + x)
    return leastCost(near: crossing, from: 1) { blocks in
      max(blocks * smallestBlockUnits, pageUnits - (blocks + 1) * x)
    }
  }

  private func closedWithLargeBlockCost(_ x: Int) -> Int {
    let crossing = (pageUnits - 3 * x - 1) / (smallestBlockUnits + x)
    return leastCost(near: crossing, from: 0) { others in
      max(x + 1 + others * smallestBlockUnits, pageUnits - (others + 2) * x)
    }
  }

  private func leastCost(near crossing: Int, from least: Int, _ cost: (Int) -> Int) -> Int {
    var best = cost(least)
    for count in max(least, crossing - 1)...max(least, crossing + 2) {
      best = min(best, cost(count))
    }
    return best
  }
}

/// What *every* allocator that never moves blocks must be prepared to hold (J. M. Robson, JACM
/// 21(3), 1974): the store needed in the worst case when all sizes are powers of two.
///
/// This is the floor of the contest, not its ceiling: it limits no particular pool from above, and
/// a pool that a trace drives far beyond it is that much worse than the best possible allocator.
public struct RobsonBound: Sendable, Hashable {
  /// Live words of the smallest block's size.
  public let liveWords: Int
  /// Words of the largest block, a power of two.
  let largestWords: Int

  /// The bound for a pool's sizes: words are smallest blocks, the largest block is the largest
  /// power of two of them that a page can hold.
  public init(geometry: PoolGeometry, peakLiveUnits: Int) {
    liveWords =
      min(max(0, peakLiveUnits), FragmentationBounds.largestPeakLiveUnits)
      / geometry.smallestBlockUnits
    var words = 1
    while words * 2 * geometry.smallestBlockUnits <= geometry.pageUnits { words *= 2 }
    largestWords = words
    pageUnits = geometry.pageUnits
    smallestBlockUnits = geometry.smallestBlockUnits
  }

  private let pageUnits: Int
  private let smallestBlockUnits: Int

  /// M (1 + log2(n) / 2) - n + 1 words, rounded down, and never less than the live words.
  public var words: Int {
    let logarithm = largestWords.trailingZeroBitCount
    return max(liveWords, liveWords + liveWords * logarithm / 2 - largestWords + 1)
  }

  /// Whole pages that hold those words.
  public var pages: Int { (words * smallestBlockUnits + pageUnits - 1) / pageUnits }
}
