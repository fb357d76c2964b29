import KernelPool
import PropertyTesting

/// Where the sizes of a trace lie: each trace keeps to a few centres and the sizes right beside
/// them.
///
/// Bugs of lists and classes hide between two sizes that differ by one unit; drawing sizes evenly
/// from a page almost never meets the same class twice.
public enum SizeNeighbourhood: Sendable, CaseIterable {
  /// Zero bytes up to three units.
  case tiny
  /// The classes that have lookaside lists.
  case lookaside
  /// Any size that a small block serves.
  case small
  /// Around the largest small request and the page.
  case threshold
  /// One to four pages, and a byte or a unit beside them.
  case pages
  /// Up to sixteen pages, any size.
  case large
  /// A good part of a small region.
  case huge

  /// A size in bytes at the middle of the neighbourhood.
  func centre(_ profile: Profile, _ choices: inout some ChoiceSource) -> UInt64 {
    let unit = profile.unitBytes
    let header = UInt64(profile.header.bytes)
    func boundary(_ units: UInt64) -> UInt64 { max(units * unit, header) - header }
    switch self {
    case .tiny: return choices.draw(below: 3 * unit)
    case .lookaside: return boundary(1 + choices.draw(below: profile.lookasideClasses + 1))
    case .small: return boundary(1 + choices.draw(below: profile.unitsPerPage - 1))
    case .threshold:
      let limit = profile.largestSmallRequest
      return choices.draw(from: [limit, limit + 1, profile.pageBytes, limit - min(limit, unit)])
    case .pages: return (1 + choices.draw(below: 4)) * profile.pageBytes
    case .large: return 1 + choices.draw(below: 16 * profile.pageBytes)
    case .huge: return (4 + choices.draw(below: 60)) * profile.pageBytes
    }
  }
}
