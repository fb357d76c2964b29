import PoolBounds

/// The cheapest cut of a page at one level, where later levels have prices: a dynamic program over
/// the lengths of stretches.
struct CheapestCuts {
  private let geometry: PoolGeometry
  private let rules: PlacementRules
  private let level: Int
  private let pins: PinCosts

  /// Which pins load the level at which they are set.
  enum PinCosts: Sendable {
    /// All.
    case early
    /// Those beside temporary blocks only in the pages that get them early: see ``LateStaircase``.
    case late
  }

  /// Price of one unit of a pin that divides a stretch, at all levels after this one.
  private let laterPrice: [Double]
  /// The price of this level.
  private var price = 0.0
  /// The least cost of each stretch, and the side requested first that gives it, by role.
  private var costs: [Double] = []
  private var choices: [Int] = []

  /// What a stretch is to its parent; temporary blocks of equal stretches differ by a unit or two
  /// where exact fits are never taken.
  private enum Role: Int, CaseIterable {
    case firstAtPageStart
    case first
    case rest
  }

  init(
    geometry: PoolGeometry, rules: PlacementRules, level: Int, prices: [Double],
    pins: PinCosts = .early
  ) {
    self.pins = pins
    self.geometry = geometry
    self.rules = rules
    self.level = level
    var later = Array(repeating: 0.0, count: geometry.pageUnits + 1)
    var sum = 0.0
    for stretch in 0...geometry.pageUnits {
      if stretch > level { sum += prices[stretch] }
      later[stretch] = sum
    }
    later[geometry.pageUnits] += prices[geometry.pageUnits + 1]
    laterPrice = later
  }

  /// The cut that can pay most for this level, and what it pays; nil if no cut is worth a page.
  ///
  /// - Parameter guess: where the iteration begins; it ends at the same price from anywhere.
  mutating func best(guess: Double) -> (price: Double, tree: PinTree)? {
    var found: (price: Double, tree: PinTree)?
    // Every round raises the price or is the last; a few are enough.
    for _ in 0..<64 {
      price = found?.price ?? guess
      solve()
      guard let tree = tree(geometry.pageUnits, .firstAtPageStart) else { return found }
      var later = 0.0
      tree.forEachPin { later += Double($1) * laterPrice[$0] }
      let paid = (1 - later) / loads(tree)
      guard paid > (found?.price ?? 0) + 1e-15 else { return found }
      found = (paid, tree)
    }
    return found
  }

  /// Live units of a page of this cut at its level.
  private func loads(_ tree: PinTree) -> Double {
    var units = Double(tree.temporaryUnits(rules.exactFit, block: tree.units))
    func add(_ tree: PinTree, atPageStart: Bool) {
      guard case .divided(let first, let pin, let rest) = tree else { return }
      units += Double(pin) * earlyShare(first.units, rest.units, tree.units, atPageStart)
      add(first, atPageStart: atPageStart)
      add(rest, atPageStart: false)
    }
    add(tree, atPageStart: true)
    return units
  }

  private mutating func solve() {
    let page = geometry.pageUnits
    costs = Array(repeating: 0, count: Role.allCases.count * (page + 1))
    choices = Array(repeating: -1, count: Role.allCases.count * (page + 1))
    guard level <= page else { return }
    for role in Role.allCases { costs[place(level, role)] = temporaryCost(role) }
    // The page itself is at its start; nothing else there is as long.
    for stretch in level + 1..<page + 1 {
      for role in [Role.firstAtPageStart, .first] where stretch < page || role != .first {
        let best = division(stretch, role)
        costs[place(stretch, role)] = best.cost
        choices[place(stretch, role)] = best.first
      }
      costs[place(stretch, .rest)] = costs[place(stretch, .first)]
      choices[place(stretch, .rest)] = choices[place(stretch, .first)]
    }
  }

  /// Where the tables have a stretch of a role.
  private func place(_ stretch: Int, _ role: Role) -> Int {
    role.rawValue * (geometry.pageUnits + 1) + stretch
  }

  private func temporaryCost(_ role: Role) -> Double {
    let missing: Int
    switch (rules.exactFit, role) {
    case (.taken, _), (.never, .first): missing = 0
    case (.never, .firstAtPageStart): missing = 1
    case (.never, .rest): missing = 2
    }
    return Double(level - missing) * price
  }

  /// Where remainders go to the head and exact fits are taken, the two sides may change places at no
  /// cost, so the longer one comes first, or one that just reaches the level.
  private func division(_ stretch: Int, _ role: Role) -> (cost: Double, first: Int) {
    let sides = stretch - geometry.smallestBlockUnits
    var best = (cost: Double.infinity, first: -1)
    guard sides >= level else { return best }
    let atStart = role == .firstAtPageStart
    func consider(_ first: Int) {
      let cost = cost(of: stretch, first, role)
      let (pin, rest) = pinAndRest(of: stretch, first)
      if cost < best.cost, isFeasible(first, pin, rest, atStart) { best = (cost, first) }
    }
    consider(level)
    let isSymmetric = rules.remainderOrder != .tail && rules.exactFit == .taken
    let least = isSymmetric ? max(level, (sides + 1) / 2) : level
    var first = least
    while first <= sides {
      consider(first)
      first += 1
    }
    return best
  }

  /// What is too short for a request beside the pin is added to the pin.
  private func pinAndRest(of stretch: Int, _ first: Int) -> (pin: Int, rest: Int) {
    let smallest = geometry.smallestBlockUnits
    let rest = stretch - smallest - first
    return rest < smallest ? (smallest + rest, 0) : (smallest, rest)
  }

  private func cost(of stretch: Int, _ first: Int, _ role: Role) -> Double {
    guard first >= level else { return .infinity }
    let (pin, rest) = pinAndRest(of: stretch, first)
    let now = price * earlyShare(first, rest, stretch, role == .firstAtPageStart)
    return Double(pin) * (now + laterPrice[stretch]) + costs[place(first, role)]
      + costs[place(rest, .rest)]
  }

  /// The share of pages that get the pin of a division early.
  private func earlyShare(
    _ first: Int, _ rest: Int, _ stretch: Int, _ atPageStart: Bool
  ) -> Double {
    let smallest = geometry.smallestBlockUnits
    guard pins == .late, atPageStart, first == level, rest < level, rest >= smallest,
      rest + smallest <= level
    else { return 1 }
    // Where all levels divide the same stretch, the levels before left rests one unit apart;
    // where the stretch is what is left beside a stretch of the level, two units.
    let page = geometry.pageUnits
    let isFixed = stretch == page || abs(2 * stretch - page + smallest) <= 2
    var filled = 0
    for units in stride(from: rest + (isFixed ? 1 : 2), to: rest + smallest, by: isFixed ? 1 : 2) {
      filled += units
    }
    return min(1, Double(filled) / Double(level - rest))
  }

  private func isFeasible(_ first: Int, _ pin: Int, _ rest: Int, _ atPageStart: Bool) -> Bool {
    let smallest = geometry.smallestBlockUnits
    let requests = smallest...geometry.largestBlockUnits
    let sizes = CutSizes(
      first: first, pin: pin, rest: rest, exactFit: rules.exactFit, atPageStart: atPageStart)
    if !requests.contains(sizes.first) || !requests.contains(pin) { return false }
    if rest > 0 && !(requests.contains(sizes.rest) && requests.contains(sizes.head)) {
      return false
    }
    if rest == 0 && sizes.remainder + (sizes.head - sizes.first) != sizes.pinRun { return false }
    guard rules.remainderOrder == .tail else { return true }
    let pinRun = smallest + (rules.exactFit == .never ? 1 : 0)
    let leavesPinRun = rest == pinRun && rest < level || first == pinRun && first < level
    return sizes.pinRun == pinRun && !leavesPinRun
  }

  private func tree(_ stretch: Int, _ role: Role) -> PinTree? {
    if stretch < level { return .free(units: stretch) }
    if stretch == level { return .temporary(units: stretch) }
    let first = choices[place(stretch, role)]
    guard first >= 0 else { return nil }
    let (pin, rest) = pinAndRest(of: stretch, first)
    let side: Role = role == .firstAtPageStart ? .firstAtPageStart : .first
    guard let firstTree = tree(first, side), let restTree = tree(rest, .rest) else { return nil }
    return .divided(first: firstTree, pin: pin, rest: restTree)
  }
}
