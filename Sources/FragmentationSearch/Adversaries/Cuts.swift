import PoolBounds

/// The blocks with which a stretch is divided, which depend on whether exact fits are taken.
///
/// Where they are, a block fills its place exactly. Where they never are, every block leaves at
/// least one unit free beside it, on its left, or on its right if it begins the page; the sizes are
/// chosen so that these units lie inside the two sides and the free runs come out the same.
struct CutSizes: Hashable {
  /// The block for the first side and the pin together, taken before the rest is filled.
  let head: Int
  /// The block for the first side.
  let first: Int
  /// The block for the other side.
  let rest: Int
  /// The free run that the head block leaves, in which the other side's block lies.
  let remainder: Int
  /// The free run in which the pin finds its place.
  let pinRun: Int

  /// - Parameters:
  ///   - first: units of the side that is requested first.
  ///   - pin: units of the pin.
  ///   - rest: units of the other side, 0 if there is none.
  ///   - atPageStart: whether the stretch begins its page.
  init(first: Int, pin: Int, rest: Int, exactFit: ExactFit, atPageStart: Bool) {
    let stretch = first + pin + rest
    switch (exactFit, atPageStart) {
    case (.taken, _):
      self.first = first
      head = first + pin
      self.rest = rest
      pinRun = pin
    case (.never, true):
      self.first = first - 1
      head = first + pin - 1
      self.rest = rest
      pinRun = pin + 1
    case (.never, false):
      self.first = first
      head = first + pin + 1
      self.rest = rest - 2
      pinRun = pin + 1
    }
    remainder = stretch - head
  }
}

extension PinTree {
  /// Calls `body` with every division's sizes and whether it has a second side. A first side lies
  /// at the page's start if its stretch does; other sides never do.
  func forEachCut(
    _ exactFit: ExactFit, atPageStart: Bool = true, _ body: (CutSizes, _ hasRest: Bool) -> Void
  ) {
    guard case .divided(let first, let pin, let rest) = self else { return }
    let sizes = CutSizes(
      first: first.units, pin: pin, rest: rest.units, exactFit: exactFit, atPageStart: atPageStart)
    body(sizes, rest.units > 0)
    first.forEachCut(exactFit, atPageStart: atPageStart, body)
    rest.forEachCut(exactFit, atPageStart: false, body)
  }

  /// Live units of the temporary blocks; `block` is the one that fills this stretch.
  func temporaryUnits(
    _ exactFit: ExactFit, block: Int, atPageStart: Bool = true
  ) -> Int {
    switch self {
    case .free: return 0
    case .temporary: return block
    case .divided(let first, let pin, let rest):
      let sizes = CutSizes(
        first: first.units, pin: pin, rest: rest.units, exactFit: exactFit,
        atPageStart: atPageStart)
      return first.temporaryUnits(exactFit, block: sizes.first, atPageStart: atPageStart)
        + rest.temporaryUnits(exactFit, block: sizes.rest, atPageStart: false)
    }
  }

  /// Whether all requests of the cut are possible and land where they should.
  func isFeasible(_ geometry: PoolGeometry, _ rules: PlacementRules) -> Bool {
    let smallest = geometry.smallestBlockUnits
    let requests = smallest...geometry.largestBlockUnits
    var feasible = true
    forEachCut(rules.exactFit) { sizes, hasRest in
      if !requests.contains(sizes.first) { feasible = false }
      if hasRest && !(requests.contains(sizes.rest) && requests.contains(sizes.head)) {
        feasible = false
      }
      // Without a second side the pin must end where the stretch does.
      if !hasRest && sizes.remainder + (sizes.head - sizes.first) != sizes.pinRun {
        feasible = false
      }
    }
    forEachPin { _, pin in if !requests.contains(pin) { feasible = false } }
    guard feasible, rules.remainderOrder == .tail else { return feasible }
    // A pin must not find another free run of its size before its own.
    let pinRun = smallest + (rules.exactFit == .never ? 1 : 0)
    forEachCut(rules.exactFit) { sizes, _ in if sizes.pinRun != pinRun { feasible = false } }
    return feasible && !leavesFreeRun(of: pinRun)
  }

  private func leavesFreeRun(of length: Int) -> Bool {
    switch self {
    case .free(let units): units == length
    case .temporary: false
    case .divided(let first, _, let rest):
      first.leavesFreeRun(of: length) || rest.leavesFreeRun(of: length)
    }
  }
}

/// What a cut costs with early and with late pins, worked out once.
struct LateCut: Sendable {
  /// What a page costs whose pins are all set.
  let cost: PageCost
  /// Every stretch that is a free run from the level above its length on, until the level is above
  /// the length of the stretch around it.
  let runs: [(units: Int, parent: Int)]
  /// Live units of a page whose last pins are not set.
  let lateUnits: Int
  /// The free runs beside temporary blocks that a late pin divides off, in rising order.
  let lateRests: [Int]
  /// One unit for each temporary block if a late page is all live for a moment, else 0.
  let swapUnits: Int
  /// No free run elsewhere may have these lengths where a page is cut by a walk.
  let barredRuns: Range<Int>

  /// `walking`: of the same pool; nil to leave walks out.
  init(_ tree: PinTree, _ geometry: PoolGeometry, _ walking: WalkingCut? = nil) {
    cost = PageCost(tree, geometry, .lastInFirstOut, walking: walking)
    var runs: [(units: Int, parent: Int)] = []
    tree.forEachStretch { runs.append(($0, $1)) }
    self.runs = runs
    let smallest = geometry.smallestBlockUnits
    var rests: [Int] = []
    var temporaries = 0
    tree.forEachTemporary { temporaries += 1 }
    if temporaries == 1 { tree.forEachLatePin(smallest) { rests.append($0) } }
    lateRests = rests.sorted()
    lateUnits = cost.units - rests.count * smallest
    if case .divided(.temporary, _, _) = tree { swapUnits = 0 } else { swapUnits = temporaries }
    barredRuns = smallest..<max(smallest, tree.shortestRun(at: 0))
  }
}

extension PinTree {
  /// Calls `body` with the free run beside the temporary block whose pin may be set late: the one at
  /// the start of the page, for elsewhere a run is cut at its end, which is the wrong side there.
  func forEachLatePin(_ smallest: Int, _ body: (_ rest: Int) -> Void) {
    guard case .divided(let first, let pin, let rest) = self else { return }
    if case .temporary = first, case .free(let units) = rest, pin == smallest, units >= smallest {
      return body(units)
    }
    first.forEachLatePin(smallest, body)
  }

  /// Calls `body` with the length of every stretch inside this one, and of the one around it.
  func forEachStretch(_ body: (_ units: Int, _ parent: Int) -> Void) {
    guard case .divided(let first, _, let rest) = self else { return }
    for side in [first, rest] where side.units > 0 {
      body(side.units, units)
      side.forEachStretch(body)
    }
  }

  /// Calls `body` for every temporary block.
  func forEachTemporary(_ body: () -> Void) {
    switch self {
    case .free: break
    case .temporary: body()
    case .divided(let first, _, let rest):
      first.forEachTemporary(body)
      rest.forEachTemporary(body)
    }
  }
}
