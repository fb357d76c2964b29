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
