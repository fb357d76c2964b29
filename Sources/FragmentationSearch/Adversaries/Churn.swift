import PoolBounds

/// The churn of the story: a driver takes and gives back large blocks of nearly a page (tag MmCm,
/// 0xf18 bytes at first) while small blocks of others settle in the tails of their pages and stay.
///
/// A driver that asked for the same size for ever would be served by the holes it left behind, for
/// an exact fit is the best fit. What makes pages pile up is that the holes do not fit any more:
/// here each round's requests are just larger than the holes of the round before. Tails shrink by
/// one tenant a round, so the rounds end by themselves.
public struct ContiguousChurn: Adversary {
  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int
  /// Units of the first round's large blocks.
  public let firstRequestUnits: Int
  /// Units of the small blocks that stay.
  public let tenantUnits: Int

  /// `firstRequestUnits`: more than half a page; by default the story's share of a page, 483 of
  /// 512 units.
  /// `tenantUnits`: at least the smallest block; by default the story's 24 bytes on x86.
  public init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int,
    firstRequestUnits: Int? = nil,
    tenantUnits: Int? = nil
  ) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    let half = max(geometry.smallestBlockUnits, geometry.pageUnits / 2 + 1)
    let wanted = firstRequestUnits ?? geometry.pageUnits * 483 / 512
    self.firstRequestUnits = min(max(half, wanted), geometry.largestBlockUnits)
    self.tenantUnits = min(
      max(geometry.smallestBlockUnits, tenantUnits ?? 3), geometry.largestBlockUnits)
  }

  /// A short name for tables.
  public var name: String { "MmCm churn" }

  /// One round's large block, and the tenants of each tail.
  private struct Round {
    let requestUnits: Int
    let tenants: Int
  }

  private var rounds: [Round] {
    var rounds: [Round] = []
    var request = firstRequestUnits
    while request <= geometry.largestBlockUnits {
      let tail = geometry.pageUnits - request
      let tenants = (tail - (rules.exactFit == .never ? 1 : 0)) / tenantUnits
      guard tenants > 0 else { break }
      rounds.append(Round(requestUnits: request, tenants: tenants))
      request = geometry.pageUnits - tenants * tenantUnits + 1
    }
    return rounds
  }

  /// The most pages the pool will hold, worked out without running.
  public var predictedPages: Int? {
    // Smaller blocks would share pages.
    guard firstRequestUnits > geometry.pageUnits / 2 else { return nil }
    var pages = 0
    var live = 0
    for round in rounds {
      let kept = round.tenants * tenantUnits
      let count = max(0, peakLiveUnits - live) / (round.requestUnits + kept)
      pages += count
      live += count * kept
    }
    return pages
  }

  /// Runs the program on an empty target.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    for round in rounds {
      let kept = round.tenants * tenantUnits
      let free = peakLiveUnits - target.footprint.liveUnits
      var large: [BlockHandle] = []
      for _ in 0..<max(0, free) / (round.requestUnits + kept) {
        large.append(target.allocate(units: round.requestUnits))
      }
      for _ in 0..<large.count * round.tenants { _ = target.allocate(units: tenantUnits) }
      for block in large { target.free(block) }
    }
  }
}

/// Blocks of the one size that takes the most pages, and nothing is released: what any pool can be made to
/// hold, whatever its sizes are. Blocks of more than half a page take one each.
public struct Filling: Adversary {
  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int
  /// Units of the blocks.
  public let blockUnits: Int

  /// A filling for one pool and cap.
  public init(geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    let cap = self.peakLiveUnits
    let sizes = geometry.smallestBlockUnits...geometry.largestBlockUnits
    blockUnits =
      sizes.max { Self.pages(geometry, $0, cap) < Self.pages(geometry, $1, cap) }
      ?? sizes.lowerBound
  }

  /// Pages that the pool holds at least where blocks of one size alone are live.
  private static func pages(_ geometry: PoolGeometry, _ units: Int, _ cap: Int) -> Int {
    let perPage = geometry.pageUnits / units
    return (cap / units + perPage - 1) / perPage
  }

  /// A short name for tables.
  public var name: String { Self.name }
  /// The same, to tell it in a report.
  public static let name = "blocks of one size"

  /// The most pages the pool will hold, worked out without running; nil where exact fits are never taken, so
  /// that the last block of a page may not fit into it.
  public var predictedPages: Int? {
    let fits = geometry.pageUnits / blockUnits == 1 || geometry.pageUnits % blockUnits > 0
    guard rules.exactFit == .taken || fits else { return nil }
    return Self.pages(geometry, blockUnits, peakLiveUnits)
  }

  /// Runs the program on an empty target.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    for _ in 0..<peakLiveUnits / blockUnits { _ = target.allocate(units: blockUnits) }
  }
}

/// Fills the pool with the smallest blocks and releases all but one in each page; with refill, it
/// then takes blocks that no hole can serve, each of which needs a page of its own.
public struct Comb: Adversary {
  /// What happens after the release.
  public enum Finish: Sendable, Hashable {
    /// Nothing.
    case bare
    /// The freed budget is spent on blocks larger than any hole.
    case refill
  }

  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int
  /// What happens after the release.
  public let finish: Finish

  /// A comb for one pool and cap.
  public init(geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int, finish: Finish) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    self.finish = finish
  }

  /// A short name for tables.
  public var name: String { finish == .bare ? "comb" : "comb and refill" }

  private var smallest: Int { geometry.smallestBlockUnits }

  /// The smallest request that no page with a smallest block at its start can serve.
  private var refillUnits: Int? {
    let units = max(smallest, geometry.pageUnits - smallest + 1)
    return units <= geometry.largestBlockUnits ? units : nil
  }

  /// The most pages the pool will hold, worked out without running.
  public var predictedPages: Int? {
    let pages = combPages
    guard finish == .refill else { return pages }
    guard let refillUnits else { return nil }
    return pages + max(0, peakLiveUnits - pages * smallest) / refillUnits
  }

  private var combPages: Int {
    // A remainder of exactly the smallest size is used only where exact fits are.
    let rest = geometry.pageUnits % smallest
    let skips = rules.exactFit == .never && rest == 0 ? 1 : 0
    let blocksInPage = geometry.pageUnits / smallest - skips
    return (peakLiveUnits / smallest + blocksInPage - 1) / blocksInPage
  }

  /// Runs the program on an empty target.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    var kept: [BlockHandle] = []
    var others: [BlockHandle] = []
    for _ in 0..<peakLiveUnits / smallest {
      let pagesBefore = target.footprint.pagesHeld
      let block = target.allocate(units: smallest)
      if target.footprint.pagesHeld > pagesBefore {
        kept.append(block)
      } else {
        others.append(block)
      }
    }
    for block in others { target.free(block) }
    guard finish == .refill, let refillUnits else { return }
    while target.footprint.liveUnits + refillUnits <= peakLiveUnits {
      _ = target.allocate(units: refillUnits)
    }
  }
}
