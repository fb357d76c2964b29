import PoolBounds

/// What a staircase does level by level: which cut, and at most how many pages of it.
public struct StaircasePlan: Sendable, Hashable {
  /// One kind of page at one level.
  struct Step: Sendable, Hashable {
    /// All free runs are shorter than this when the step begins.
    let level: Int
    /// The cut of each page.
    let tree: PinTree
    /// Pages to make; as many as the cap allows if it is more than that.
    var mostPages: Int
    /// The most units of a page that are live while a ``WalkingCut`` makes it; nil if none can.
    var walkingUnits: Int?
  }

  /// What a page of one cut costs, worked out once.
  struct PageCost: Sendable, Hashable {
    /// Units of the temporary blocks.
    let temporaryUnits: Int
    /// The stretch and the units of each pin.
    let pins: [Pin]

    struct Pin: Sendable, Hashable {
      let stretch: Int
      let units: Int
    }

    var pinUnits: Int { pins.reduce(0) { $0 + $1.units } }

    init(_ tree: PinTree, exactFit: ExactFit) {
      temporaryUnits = tree.temporaryUnits(exactFit, block: tree.units)
      var pins: [Pin] = []
      tree.forEachPin { pins.append(Pin(stretch: $0, units: $1)) }
      self.pins = pins
    }
  }

  /// In order of levels.
  var steps: [Step]

  /// The dyadic staircase: at every level from `firstLevel` on, as many pages as fit.
  ///
  /// Left out are levels at which a stretch has no room for its pin. Where remainders go to the
  /// tail, a pin's place is found only if no other free run has its size, so levels that would
  /// leave such runs are left out too, and pins of other sizes.
  public static func dyadic(
    geometry: PoolGeometry, rules: PlacementRules, firstLevel: Int
  ) -> StaircasePlan {
    let smallest = geometry.smallestBlockUnits
    let lastLevel = geometry.pageUnits - smallest
    var steps: [Step] = []
    guard smallest <= lastLevel else { return StaircasePlan(steps: []) }
    for level in max(smallest, min(firstLevel, lastLevel))...lastLevel {
      guard
        let tree = PinTree.dyadic(
          stretch: geometry.pageUnits, level: level, smallest: smallest),
        tree.isFeasible(geometry, rules)
      else { continue }
      steps.append(Step(level: level, tree: tree, mostPages: .max))
    }
    return StaircasePlan(steps: steps)
  }
}
