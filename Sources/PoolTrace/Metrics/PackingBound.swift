/// The least number of pages that could hold blocks of given sizes.
///
/// The bound of Martello and Toth (1990, their L2): for each size k, blocks larger than a page less
/// k have a page of their own, blocks above half a page do not share with each other, and the rest
/// down to k must fit into what these leave and into further pages. No arrangement needs fewer
/// pages; for the sizes that pools see the bound is nearly always reached. It is never more than
/// the pages that hold the blocks now.
struct PackingBound {
  private var counts: [UInt64]
  private let unitsPerPage: Int

  init(unitsPerPage: UInt64) {
    self.unitsPerPage = Int(unitsPerPage)
    counts = [UInt64](repeating: 0, count: Int(unitsPerPage) + 1)
  }

  /// Adds blocks of `units`, which a page must be able to hold.
  mutating func add(units: UInt64, blocks: UInt64 = 1) {
    guard units <= UInt64(unitsPerPage) else { return }
    counts[Int(units)] += blocks
  }

  /// The bound in pages.
  var pages: UInt64 {
    let half = unitsPerPage / 2
    // Above half a page: a page each. They count for every k; only which of them share changes.
    let halfAndMore = (half + 1..<unitsPerPage + 1).reduce(UInt64(0)) { $0 + counts[$1] }
    var best = halfAndMore
    var smallUnits: UInt64 = 0
    var roomUnits: UInt64 = 0
    for size in stride(from: half, through: 0, by: -1) {
      smallUnits += counts[size] * UInt64(size)
      // Blocks of up to a page less `size` leave room for blocks of `size` units.
      let partner = unitsPerPage - size
      if partner > half { roomUnits += counts[partner] * UInt64(size) }
      guard smallUnits > roomUnits else { continue }
      let further = smallUnits - roomUnits + UInt64(unitsPerPage) - 1
      best = max(best, halfAndMore + further / UInt64(unitsPerPage))
    }
    return best
  }
}
