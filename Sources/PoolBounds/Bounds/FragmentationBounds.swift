/// The bounds for one geometry and one cap on live units, each evaluated in microseconds.
///
/// All counts are of *block* units, headers included, as the kernel's own counters are; the cap is
/// on the live units at any moment. The proofs are in the article "Bounds".
public struct FragmentationBounds: Sendable, Hashable {
  /// The pool.
  public let geometry: PoolGeometry
  /// The most units that are live at any moment.
  public let peakLiveUnits: Int

  /// The largest cap accepted, far above any pool and far below overflow.
  public static let largestPeakLiveUnits = 1 << 48

  /// Bounds for a cap of `peakLiveUnits`; a cap outside 0...``largestPeakLiveUnits`` is clamped.
  public init(geometry: PoolGeometry, peakLiveUnits: Int) {
    self.geometry = geometry
    self.peakLiveUnits = min(max(0, peakLiveUnits), Self.largestPeakLiveUnits)
  }

  private var costs: ClosedPageCosts {
    ClosedPageCosts.of(
      pageUnits: geometry.pageUnits, smallestBlockUnits: geometry.smallestBlockUnits)
  }

  /// Every held page has a live block, so there are at most M / s pages.
  public var trivial: PageBound {
    PageBound(
      proof: .trivial, pages: peakLiveUnits / geometry.smallestBlockUnits,
      assumptions: .wholePagesReturn)
  }

  /// At the request r that acquires a page, all others are (r - 1)-closed.
  public var lastRequest: PageBound {
    PageBound(
      proof: .lastRequest, pages: lastRequestPages { max(0, $0 - 1) },
      assumptions: [.wholePagesReturn, .freshOnlyIfNothingLarger, .exactFitsTaken])
  }

  /// The same if free blocks of exactly r units are passed over: all others are r-closed.
  public var lastRequestSkippingExact: PageBound {
    PageBound(
      proof: .lastRequestSkippingExact, pages: lastRequestPages { $0 },
      assumptions: [.wholePagesReturn, .freshOnlyIfNothingLarger])
  }

  private func lastRequestPages(closedAt limit: (Int) -> Int) -> Int {
    let costs = costs
    let requests = geometry.smallestBlockUnits...geometry.largestBlockUnits
    return requests.reduce(0) { best, request in
      guard request <= peakLiveUnits else { return best }
      // A free block below the listed size may be any size below it without serving anything.
      let closure = max(limit(request), geometry.smallestListedUnits - 1)
      return max(best, 1 + (peakLiveUnits - request) / costs.closed(closure))
    }
  }

  /// K pages need the K - 1 others, each with one small block, and beside all but one of them the room
  /// in which that one was closed: s (K - 1) + H + s units, H being the smallest run that lets a page
  /// be closed by one smallest block. True from some K on, and of pages of 5 s - 1 units and more.
  public var lastClosing: PageBound { lastClosing(atMost: lastRequestSkippingExact) }

  private func lastClosing(atMost limit: PageBound) -> PageBound {
    let (page, smallest) = (geometry.pageUnits, geometry.smallestBlockUnits)
    var pages = trivial.pages
    if page >= 5 * smallest - 1 {
      let closing = (page - smallest + 1) / 2
      pages = max(leastPagesOfLastClosing - 1, (peakLiveUnits - closing) / smallest)
    }
    return PageBound(
      proof: .lastClosing, pages: min(pages, limit.pages),
      assumptions: [
        .wholePagesReturn, .freshOnlyIfNothingLarger, .smallestSufficient, .cutAtEnds,
      ])
  }

  /// The number of pages from which on ``lastClosing`` is proved: requests r below H would cost the
  /// other pages too much, (K - 2) (w(r) - s) > H + 2 s - 1 - r.
  private var leastPagesOfLastClosing: Int {
    let smallest = geometry.smallestBlockUnits
    let closing = (geometry.pageUnits - smallest + 1) / 2
    let costs = costs
    return (smallest..<max(smallest, closing)).reduce(0) { most, request in
      let excess = costs.closed(request) - smallest
      return max(most, 3 + (closing + 2 * smallest - 1 - request) / excess)
    }
  }

  /// The recursion N(x) <= max { q + e : q <= N(x-1) + 1, q w(x) + e g(x) <= M }.
  ///
  /// All held pages are (P - s)-closed. All but the one acquired last are also closed below the
  /// largest request, which says more where requests are restricted.
  public var closedPages: PageBound {
    let most = geometry.pageUnits - geometry.smallestBlockUnits
    let others = closedPages(upTo: geometry.largestBlockUnits - 1)
    // The recursion goes no further than that.
    let held = geometry.largestBlockUnits - 1 >= most ? others : closedPages(upTo: most)
    return PageBound(
      proof: .closedPages, pages: min(held, others + 1, trivial.pages),
      assumptions: [
        .wholePagesReturn, .freshOnlyIfNothingLarger, .exactFitsTaken, .smallestSufficient,
      ])
  }

  /// The recursion's limit on pages whose free blocks are all at most `largestFreeUnits`.
  ///
  /// Since g(x) >= w(x), one page of cost w given up buys at most one of cost g, so the largest
  /// possible q is best and no search over q is needed.
  public func closedPages(upTo largestFreeUnits: Int) -> Int {
    let costs = costs
    let smallest = geometry.smallestBlockUnits
    var pages = peakLiveUnits / costs.closed(smallest - 1)
    let last = min(largestFreeUnits, geometry.pageUnits - smallest)
    guard last >= smallest else { return pages }
    for x in smallest...last {
      let cheap = costs.closed(x)
      let cheapPages = min(pages + 1, peakLiveUnits / cheap)
      let left = peakLiveUnits - cheapPages * cheap
      pages = cheapPages + left / costs.closedWithLargeBlock(x)
    }
    return pages
  }

  /// Every bound of the module, the ones that do not cover a pool included.
  public var all: [PageBound] {
    let skippingExact = lastRequestSkippingExact
    return [
      trivial, lastRequest, skippingExact, lastClosing(atMost: skippingExact), closedPages,
    ]
  }

  /// The strongest bound that covers a pool with these rules.
  public func strongest(for rules: PlacementRules) -> PageBound {
    all.filter { $0.covers(rules) }.reduce(trivial) { $1.pages < $0.pages ? $1 : $0 }
  }

  /// Held bytes over live bytes that the recursion allows as the cap grows without limit.
  public var closedPagesLimitRatio: Double {
    let costs = costs
    let smallest = geometry.smallestBlockUnits
    var pagesPerUnit = 1 / Double(costs.closed(smallest - 1))
    guard smallest <= geometry.pageUnits - smallest else {
      return pagesPerUnit * Double(geometry.pageUnits)
    }
    for x in smallest...(geometry.pageUnits - smallest) {
      let cheap = Double(costs.closed(x))
      pagesPerUnit = min(pagesPerUnit, 1 / cheap)
      pagesPerUnit += (1 - pagesPerUnit * cheap) / Double(costs.closedWithLargeBlock(x))
    }
    return pagesPerUnit * Double(geometry.pageUnits)
  }
}
