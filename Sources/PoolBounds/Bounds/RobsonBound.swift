/// What *every* allocator that never moves blocks must be prepared to hold (J. M. Robson, JACM
/// 21(3), 1974): the store needed in the worst case when all sizes are powers of two.
///
/// This is the floor of the contest, not its ceiling: it limits no particular pool from above, and
/// a pool that a trace drives far beyond it is that much worse than the best possible allocator.
public struct RobsonBound: Sendable, Hashable {
  /// Live words of the smallest block's size.
  public let liveWords: Int
  /// Words of the largest block, a power of two.
  public let largestWords: Int

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
