import PoolBounds

/// What a pool is worth to an adversary between two rounds.
///
/// At level x, when every free block is shorter than x, a page costs x units until the level is
/// over and a smallest block s afterwards, so a level turns a share s / x of the slack into pages
/// that stay. Of a slack y at level r there will be left y times the product of (1 - s/x) over
/// all levels x from r on; the rest will have become pages of s units each. So the value of K pages
/// with L live units, M being the cap, is
///
///     V = K + (M - L) / s * (1 - product)
///
/// It is no bound below half a page, where a page needs several blocks, but it puts a round that
/// spoils little before one that spoils much.
struct LevelValue: Sendable {
  private let smallest: Double
  /// For each level the part of the slack that becomes pages.
  private let converted: [Double]

  init(_ geometry: PoolGeometry) {
    smallest = Double(geometry.smallestBlockUnits)
    var converted = Array(repeating: 0.0, count: geometry.pageUnits + 2)
    var product = 1.0
    let last = geometry.pageUnits - geometry.smallestBlockUnits
    for level in stride(from: max(last, 1), through: 1, by: -1) {
      product *= 1 - min(1, smallest / Double(level))
      converted[level] = 1 - product
    }
    converted[0] = converted[1]
    self.converted = converted
  }

  /// Pages to be expected in the end. `level`: 1...page + 1.
  func pages(held: Int, slackUnits: Int, level: Int) -> Double {
    Double(held) + Double(max(0, slackUnits)) / smallest * converted[level]
  }
}
