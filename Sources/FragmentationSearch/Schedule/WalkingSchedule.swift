import PoolBounds

/// The dyadic staircase with walking cuts, and the number of pages of each level chosen.
///
/// Where all pages cost the same, nothing matters at a level but how many there are: K pages before
/// it can become K + n(K) at most, and any number up to the most can be had before. So the most after a
/// level is the largest K + n(K), and the way there is found backwards. A page more or less at a
/// level draws the fractions anew that later levels lose.
struct WalkingSchedule {
  private let geometry: PoolGeometry
  private let rules: PlacementRules
  private let peakLiveUnits: Int
  private var levels: [Level]

  private struct Level {
    let level: Int
    let cost: PageCost
    /// Whether pages may be cut by a walk.
    var walks: Bool
    /// The first level, by its place, from which on none leaves a run that a walk would meet.
    var firstClear = 0
    /// What each page of before loads the level with.
    var pinUnits: Int
  }

  /// Tables of walks and levels grow with the square of the page.
  static let mostPageUnits = 1024

  /// A schedule for one pool and cap; nil where blocks would not land where they should.
  init?(geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int) {
    guard rules.exactFit == .taken, rules.fit == .smallestList, rules.freedOrder == .head,
      geometry.largestBlockUnits >= geometry.pageUnits - 1,
      geometry.pageUnits <= Self.mostPageUnits
    else { return nil }
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    let walking = WalkingCut(geometry)
    let plan = StaircasePlan.dyadic(
      geometry: geometry, rules: rules, firstLevel: geometry.pageUnits / 32)
    levels = plan.steps.map { step in
      let cost = PageCost(step.cost.tree, geometry, rules, walking: walking)
      return Level(
        level: step.level, cost: cost, walks: cost.walkingUnits != nil, pinUnits: cost.pinUnits)
    }
    for place in levels.indices.dropFirst() {
      // Pages of before have the pins of the level before that this one has not outgrown.
      var units = 0
      levels[place - 1].cost.tree.forEachPin { stretch, pin in
        if stretch >= levels[place].level { units += pin }
      }
      levels[place].pinUnits = units
      guard levels[place].walks else { continue }
      let (tree, level) = (levels[place].cost.tree, levels[place].level)
      let rest = tree.shortestRun(at: level)
      levels[place].firstClear =
        (levels[..<place].lastIndex { $0.cost.tree.shortestRun(at: level) < rest } ?? -1)
        + 1
    }
  }

  /// The best staircase of those that begin at the levels tried.
  func best() -> Staircase? {
    let halfPage = geometry.pageUnits / 2
    let every = max(1, geometry.pageUnits / 64)
    let starts = levels.indices.filter {
      levels[$0].level == halfPage || levels[$0].level < halfPage && levels[$0].level % every == 0
    }
    return starts.map(staircase).max {
      ($0.predictedPages ?? 0, $1.plan.steps.count) < ($1.predictedPages ?? 0, $0.plan.steps.count)
    }
  }

  private func staircase(from start: Int) -> Staircase {
    let levels = self.levels.indices[start...].map { place in
      var level = self.levels[place]
      if level.firstClear > start { level.walks = false }
      return level
    }
    // What a level could not make, because pages of long before still have more pins than those of
    // late, the next one makes up for.
    var forecast = StaircaseForecast(geometry: geometry, peakLiveUnits: peakLiveUnits)
    var steps: [StaircasePlan.Step] = []
    for (level, pages) in zip(levels, pages(after: levels)) where pages > forecast.pages {
      let step = StaircasePlan.Step(
        level: level.level, cost: level.cost, mostPages: pages - forecast.pages,
        walks: level.walks)
      steps.append(step)
      forecast.take(
        step.cost, level: step.level, mostPages: step.mostPages, walks: step.walks)
    }
    return Staircase(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
      plan: StaircasePlan(steps: steps), name: "walking staircase")
  }

  /// Pages that fit at a level beside `pages` that were made before.
  private func room(_ level: Level, beside pages: Int) -> Int {
    level.cost.mostPages(
      slackUnits: peakLiveUnits - pages * level.pinUnits, heldUnits: 0, walks: level.walks)
  }

  /// How many pages there are to be after each level.
  private func pages(after levels: [Level]) -> [Int] {
    var most = 0
    /// For each level the most pages before it.
    var before: [Int] = []
    var lastLevel = 0
    for level in levels {
      before.append(most)
      let gain = gain(level, from: most)
      if gain > 0 { lastLevel = level.level }
      most += gain
    }
    let last = Staircase.lastRequestUnits(after: lastLevel, geometry, rules.exactFit)
    var wanted = most
    if let last {
      let smallest = geometry.smallestBlockUnits
      wanted =
        (0...most).max {
          $0 + max(0, peakLiveUnits - $0 * smallest) / last
            < $1 + max(0, peakLiveUnits - $1 * smallest) / last
        } ?? most
    }
    var goals: [Int] = []
    for (level, before) in zip(levels, before).reversed() {
      // As few pages before as will do.
      var pages = min(before, wanted)
      var fewer = pages
      while fewer > 0, pages - fewer < Self.window {
        fewer -= 1
        if fewer + room(level, beside: fewer) >= wanted { pages = fewer }
      }
      if pages + room(level, beside: pages) < wanted { wanted = pages + room(level, beside: pages) }
      goals.append(wanted)
      wanted = pages
    }
    return goals.reversed()
  }

  /// Beyond so many pages fewer, a level never comes to more.
  private static let window = 64

  /// Pages that a level can add to the most there were before.
  private func gain(_ level: Level, from most: Int) -> Int {
    (0...min(Self.window, most)).reduce(0) { best, fewer in
      max(best, room(level, beside: most - fewer) - fewer)
    }
  }
}

extension PinTree {
  /// The shortest free run of a page at a level at which no temporary block is held: stretches that
  /// the level has outgrown have lost their pins.
  func shortestRun(at level: Int) -> Int {
    guard units >= level, case .divided(let first, _, let rest) = self else { return units }
    let firstRun = first.shortestRun(at: level)
    return rest.units == 0 ? firstRun : min(firstRun, rest.shortestRun(at: level))
  }
}
