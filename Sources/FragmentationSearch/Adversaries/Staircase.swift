import PoolBounds

/// The strongest constructive adversary: pages that are held by a pin each, made at rising levels.
///
/// A request larger than every free run takes a fresh page. If a pin is put right behind it and
/// the request is then released, the page costs only its pin, and its free run fits every request
/// up to that size but none above, so the next level begins one unit higher. Levels below half a
/// page need several pins in a page; a pin is given up as soon as the level has outgrown the
/// stretch that it divides. After the last level the remaining budget is spent on blocks that are
/// larger than any hole.
///
/// Every request of a cut is either larger than all other free runs or an exact fit (or, where
/// exact fits are never taken, one unit below), so it lands where it should, provided that the
/// newest run of its size is the first on its list. Remainders at the tail break that; the way in
/// which `StaircaseWork` divides a stretch mends it.
public struct Staircase: Adversary {
  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int
  /// What is done level by level.
  public let plan: StaircasePlan
  /// A short name for tables.
  public let name: String

  /// A staircase by plan.
  public init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int, plan: StaircasePlan,
    name: String = "staircase"
  ) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    self.plan = plan
    self.name = name
  }

  /// The dyadic staircase from `firstLevel` on; an eighth of a page is a good beginning.
  public static func dyadic(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int, firstLevel: Int
  ) -> Staircase {
    Staircase(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
      plan: .dyadic(geometry: geometry, rules: rules, firstLevel: firstLevel),
      name: "dyadic staircase from \(firstLevel)")
  }

  /// One pin a page, from half a page on: the loop of six steps (a request above every hole; its
  /// remainder; release the first; request it less a pin; the pin; release the second), with all
  /// blocks but pins released when the budget is full.
  public static func sixStepLoop(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int
  ) -> Staircase {
    Staircase(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
      plan: .dyadic(geometry: geometry, rules: rules, firstLevel: geometry.pageUnits / 2),
      name: "six-step loop")
  }

  /// The request that no page can serve at the end, nor what such a request leaves; nil where there
  /// is none of that size.
  ///
  /// `level`: the last level, above which there is no free run.
  func lastRequestUnits(after level: Int) -> Int? {
    Self.lastRequestUnits(after: level, geometry, rules.exactFit)
  }

  /// The same for a pool and whether exact fits are taken.
  static func lastRequestUnits(
    after level: Int, _ geometry: PoolGeometry, _ exactFit: ExactFit
  ) -> Int? {
    let smallest = geometry.smallestBlockUnits
    let above = exactFit == .taken ? 1 : 0
    // A page with a pin serves no more than this.
    var units = max(smallest, geometry.pageUnits - smallest + above)
    if level > 0, exactFit == .taken {
      units = min(units, max(smallest, level + 1, geometry.pageUnits / 2 + 1))
    }
    return units <= geometry.largestBlockUnits ? units : nil
  }

  /// The most pages the pool will hold, worked out without running.
  public var predictedPages: Int? {
    guard rules.fit == .smallestList, rules.freedOrder == .head else { return nil }
    if rules.remainderOrder == .tail {
      // Low levels leave runs of all small sizes, and then no end piece has a size of its own.
      guard let first = plan.steps.first, first.level > 2 * geometry.smallestBlockUnits,
        geometry.largestBlockUnits >= geometry.pageUnits - 1
      else { return nil }
    }
    var forecast = StaircaseForecast(geometry: geometry, peakLiveUnits: peakLiveUnits)
    for step in plan.steps {
      forecast.take(
        step.cost, level: step.level, mostPages: step.mostPages, walks: step.walks)
    }
    return forecast.finish(lastRequestUnits: lastRequestUnits(after: forecast.level))
  }

  /// Runs the program on an empty target.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    var work = StaircaseWork(
      geometry: geometry, rules: rules, walks: plan.steps.contains(where: \.walks))
    for step in plan.steps {
      work.begin(level: step.level, on: &target)
      for _ in 0..<step.mostPages {
        let slack = peakLiveUnits - target.footprint.liveUnits
        guard work.makePage(step.cost, slackUnits: slack, walks: step.walks, on: &target) else {
          break
        }
      }
    }
    work.releaseTemporaries(on: &target)
    guard let units = lastRequestUnits(after: plan.steps.last?.level ?? 0) else { return }
    while target.footprint.liveUnits + units <= peakLiveUnits {
      _ = target.allocate(units: units)
    }
  }
}

/// What a staircase does level by level: which cut, and at most how many pages of it.
public struct StaircasePlan: Sendable, Hashable {
  /// One kind of page at one level.
  struct Step: Sendable, Hashable {
    /// All free runs are shorter than this when the step begins.
    let level: Int
    /// The cut of each page, and what it costs.
    let cost: PageCost
    /// Pages to make; as many as the cap allows if it is more than that.
    var mostPages: Int
    /// Whether a page for which there is no room may be cut by a walk.
    var walks = false
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
      let cost = PageCost(tree, geometry, rules, lowers: false)
      steps.append(Step(level: level, cost: cost, mostPages: .max))
    }
    return StaircasePlan(steps: steps)
  }
}

/// The arithmetic of a staircase: pages and live units level by level, without any pool.
struct StaircaseForecast {
  let geometry: PoolGeometry
  let peakLiveUnits: Int
  private(set) var pages = 0
  private(set) var level = 0
  /// Units of pins by the stretch they divide.
  private var pinUnits: [Int]
  private var temporaryUnits = 0
  private var livePinUnits = 0

  init(geometry: PoolGeometry, peakLiveUnits: Int) {
    self.geometry = geometry
    self.peakLiveUnits = peakLiveUnits
    pinUnits = Array(repeating: 0, count: geometry.pageUnits + 1)
  }

  /// Units that may still become live.
  var slackUnits: Int { peakLiveUnits - livePinUnits - temporaryUnits }

  /// Ends the level before, if `level` is a new one: temporaries go, and outgrown pins.
  mutating func begin(level newLevel: Int) {
    guard newLevel > level else { return }
    temporaryUnits = 0
    for stretch in level..<newLevel {
      livePinUnits -= pinUnits[stretch]
      pinUnits[stretch] = 0
    }
    level = newLevel
  }

  /// Makes pages of one cost at a level, at most `mostPages`; gives how many.
  @discardableResult
  mutating func take(_ cost: PageCost, level: Int, mostPages: Int, walks: Bool = false) -> Int {
    begin(level: level)
    let room = cost.mostPages(slackUnits: slackUnits, heldUnits: temporaryUnits, walks: walks)
    let count = min(mostPages, room)
    guard count > 0 else { return 0 }
    pages += count
    temporaryUnits += count * cost.temporaryUnits
    livePinUnits += count * cost.pinUnits
    for pin in cost.pins { pinUnits[pin.stretch] += count * pin.units }
    return count
  }

  /// Pages at the end, after the remaining budget went into blocks larger than any hole.
  mutating func finish(lastRequestUnits: Int?) -> Int {
    temporaryUnits = 0
    guard let lastRequestUnits else { return pages }
    return pages + max(0, slackUnits) / lastRequestUnits
  }
}
