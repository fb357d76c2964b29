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
