import PoolBounds

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
