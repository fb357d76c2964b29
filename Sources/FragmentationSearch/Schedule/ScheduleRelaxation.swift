import PoolBounds

/// The best staircase if pages could be divided: the linear relaxation of a schedule, solved exactly.
///
/// The program has a row for every level, "live units at this level are at most M", and a column for
/// every cut at every level, worth one page. A cut made at level b loads row b with all its blocks
/// and a later row r with those of its pins that still divide a stretch of r units or more; it never
/// loads an earlier row. So the rows' prices follow one another from the last level down: the price
/// of row b is the largest that any cut at b can pay when the later prices are known,
///
///     price(b) = max over cuts of (1 - later pins at their prices) / (live units at b),
///
/// a fraction that Dinkelbach's iteration makes largest: the cheapest cut at given prices is a small
/// dynamic program over stretches. With these prices no column is worth more than it costs, and the
/// greedy schedule, which fills every level with its best cut, fills every row; so the prices and
/// the schedule are optimal together, and no simplex is needed.
struct ScheduleRelaxation: Sendable {
  /// One level of the relaxation.
  struct Level: Sendable {
    let level: Int
    /// Pages that one more live unit at this level is worth at the end.
    let price: Double
    /// The cut that pays it.
    let tree: PinTree
  }

  /// Levels at which a cut is worth anything, in rising order.
  let levels: [Level]
  /// Pages for each live unit of the cap: what the family cannot exceed as the cap grows.
  let pagesPerUnit: Double
  /// The price of every level, 0 where none is paid; the last entry is that of the last requests.
  let prices: [Double]

  init(
    geometry: PoolGeometry, rules: PlacementRules, firstLevel: Int,
    pins: CheapestCuts.PinCosts = .early
  ) {
    let page = geometry.pageUnits
    let last = page - geometry.smallestBlockUnits
    var prices = Array(repeating: 0.0, count: page + 2)
    if let request = Staircase(
      geometry: geometry, rules: rules, peakLiveUnits: 0, plan: StaircasePlan(steps: [])
    ).lastRequestUnits {
      prices[page + 1] = 1 / Double(request)
    }
    var levels: [Level] = []
    if firstLevel <= last {
      for level in stride(from: last, through: max(firstLevel, 1), by: -1) {
        var cuts = CheapestCuts(
          geometry: geometry, rules: rules, level: level, prices: prices, pins: pins)
        guard let best = cuts.best(guess: levels.last?.price ?? 0) else { continue }
        prices[level] = best.price
        levels.append(Level(level: level, price: best.price, tree: best.tree))
      }
    }
    self.levels = levels.reversed()
    self.prices = prices
    pagesPerUnit = prices.reduce(0, +)
  }
}
