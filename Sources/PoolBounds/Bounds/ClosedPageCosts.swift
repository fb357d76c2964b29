/// The least live units that keep every free block of a page small.
///
/// A page is *x-closed* if none of its free blocks exceeds x units. With c live blocks there are at
/// most c + 1 free blocks, so such a page has at least max(c s, P - (c + 1) x) live units; one term
/// rises with c and the other falls, so the least is next to where they cross.
struct ClosedPageCosts {
  let pageUnits: Int
  let smallestBlockUnits: Int

  /// Live units of an x-closed page, at least.
  func closed(_ x: Int) -> Int {
    let crossing = (pageUnits - x) / (smallestBlockUnits + x)
    return leastCost(near: crossing, from: 1) { blocks in
      max(blocks * smallestBlockUnits, pageUnits - (blocks + 1) * x)
    }
  }

  /// Live units of an x-closed page that has a live block of more than x units, at least.
  func closedWithLargeBlock(_ x: Int) -> Int {
    let crossing = (pageUnits - 3 * x - 1) / (smallestBlockUnits + x)
    return leastCost(near: crossing, from: 0) { others in
      max(x + 1 + others * smallestBlockUnits, pageUnits - (others + 2) * x)
    }
  }

  private func leastCost(near crossing: Int, from least: Int, _ cost: (Int) -> Int) -> Int {
    var best = cost(least)
    for count in max(least, crossing - 1)...max(least, crossing + 2) {
      best = min(best, cost(count))
    }
    return best
  }
}
