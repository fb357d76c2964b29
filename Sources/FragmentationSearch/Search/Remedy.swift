import PoolBounds

/// A rule imposed on requests, to learn how much of the worst case it takes away.
public enum Remedy: String, Sendable, Hashable, CaseIterable {
  /// No rule.
  case none
  /// No request above half a page: larger ones are cut down to half a page.
  case halfPageLimit = "half-page-limit"
  /// Sizes are rounded up to a divisor of the page.
  case divisorSizes = "divisor-sizes"
  /// A request above half a page takes a whole page.
  case wholePages = "whole-pages"
  /// Released blocks of up to a sixteenth of a page wait on lists of their size, as deep as the
  /// kernel lets them grow, and serve the next request of that size. They count as live.
  case lookasides

  /// The units that a request for `units` gets. Page-sized answers need a geometry whose largest
  /// block is a page; ``geometry(for:)`` is that.
  public func granted(_ units: Int, _ geometry: PoolGeometry) -> Int {
    let page = geometry.pageUnits
    switch self {
    case .none, .lookasides: return units
    case .halfPageLimit: return min(units, max(geometry.smallestBlockUnits, page / 2))
    case .divisorSizes: return (units...page).first { page % $0 == 0 } ?? page
    case .wholePages: return units > page / 2 ? page : units
    }
  }

  /// How many released blocks of `units` wait for the next request of that size; 0 where none does.
  public func parkedBlocks(units: Int, _ geometry: PoolGeometry) -> Int {
    // 32 classes of 512 units, and a depth of 256 at most (Mandt 2011).
    self == .lookasides && units <= geometry.pageUnits / 16 ? 256 : 0
  }

  /// The pool's geometry under the rule.
  public func geometry(for geometry: PoolGeometry) -> PoolGeometry {
    let largest: Int
    switch self {
    case .none, .lookasides: return geometry
    case .halfPageLimit: largest = granted(geometry.largestBlockUnits, geometry)
    case .divisorSizes, .wholePages: largest = geometry.pageUnits
    }
    let changed = try? PoolGeometry(
      pageUnits: geometry.pageUnits, smallestBlockUnits: geometry.smallestBlockUnits,
      largestBlockUnits: largest, unitBytes: geometry.unitBytes,
      headerBytes: geometry.headerBytes)
    guard let changed else { preconditionFailure("a remedy keeps the geometry sound") }
    return changed
  }
}
