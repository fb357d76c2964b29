/// In which order pages are drawn.
public enum PageOrder: String, Sendable, CaseIterable {
  /// By address.
  case address
  /// The smallest largest hole first: a staircase of requests becomes a diagonal. Runs of pages
  /// that are no small blocks come last.
  case hole
  /// The emptiest page first, runs of pages last.
  case use

  /// The pages in this order; equal ones by address.
  func sorted(_ pages: [PageState]) -> [PageState] {
    func key(_ page: PageState) -> UInt64 {
      guard page.isSmallBlocks else { return .max }
      switch self {
      case .address: return page.address
      case .hole: return page.largestHoleBytes
      case .use: return page.liveBytes + page.parkedBytes
      }
    }
    if self == .address { return pages }
    return pages.sorted { (key($0), $0.address) < (key($1), $1.address) }
  }
}
