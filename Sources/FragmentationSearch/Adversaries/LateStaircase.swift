import PoolBounds

/// The staircase for pools that put remainders at the head of their list and take exact fits, with
/// late pins, which only such a pool allows.
///
/// While a temporary block holds its stretch, the pin behind it is not needed: what lies
/// beside the block is shorter than the level anyway. So the pin is set when the level is full. The
/// rest of the stretch must then be filled beside a gap of one pin, by a request that finds no other
/// free run that serves it; the runs that would are filled for the moment. Some pages get their
/// pins early, and their temporary blocks go first to make room for that.
public struct LateStaircase: Adversary {
  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int
  /// What is done level by level.
  public let plan: LateStaircasePlan
  /// A short name for tables.
  public let name: String

  /// The staircase of a list of cuts, as many pages at each level as fit.
  init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int,
    cuts: [LateStaircasePlan.Cut], name: String = "late staircase"
  ) {
    precondition(Self.covers(rules), "late pins need remainders at the head and exact fits")
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    self.name = name
    plan = LateStaircasePlan(geometry: geometry, peakLiveUnits: self.peakLiveUnits, cuts: cuts)
  }

  /// Whether blocks land where the program puts them.
  static func covers(_ rules: PlacementRules) -> Bool {
    rules.remainderOrder != .tail && rules.exactFit == .taken && rules.freedOrder == .head
      && rules.fit == .smallestList
  }

  /// The most pages the pool will hold, worked out without running.
  public var predictedPages: Int? { plan.pages }

  /// Runs the program on an empty target.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    var work = LateStaircaseWork(
      geometry: geometry, peakLiveUnits: peakLiveUnits, walks: plan.steps.contains(where: \.walks))
    for step in plan.steps { work.perform(step, on: &target) }
    guard let units = plan.lastRequestUnits else { return }
    while target.footprint.liveUnits + units <= peakLiveUnits { _ = target.allocate(units: units) }
  }
}

/// What a late staircase does level by level: which cut, and how many pages of it with early and
/// with late pins. Worked out by arithmetic alone, before anything runs.
public struct LateStaircasePlan: Sendable, Hashable {
  /// One level.
  struct Step: Sendable, Hashable {
    /// All free runs are shorter than this when the step begins.
    let level: Int
    /// The cut of each page, and what it costs.
    let cost: PageCost
    /// Pages that get all their pins when they are made.
    let early: Int
    /// Pages whose last pins are set only when the level is full.
    let late: Int
    /// Whether early pages for which there is no room may be cut by a walk.
    let walks: Bool
  }

  /// In order of levels.
  var steps: [Step] = []
  /// Pages at the end, the last requests included.
  var pages = 0
  /// What is asked for as often as it goes after the last level; nil where that is no request.
  var lastRequestUnits: Int?

  /// A cut at a level, and how many pages fewer than fit.
  struct Cut: Sendable {
    let level: Int
    let cut: LateCut
    var fewer = 0
  }

  /// The plan that makes as many pages at each level as `cuts` say.
  init(geometry: PoolGeometry, peakLiveUnits: Int, cuts: [Cut]) {
    var ledger = LateStaircaseLedger(geometry: geometry, peakLiveUnits: peakLiveUnits)
    for cut in cuts {
      let counts = ledger.take(level: cut.level, cut: cut.cut, fewer: cut.fewer)
      guard counts.early + counts.late > 0 else { continue }
      steps.append(
        Step(
          level: cut.level, cost: cut.cut.cost, early: counts.early, late: counts.late,
          walks: counts.walks))
    }
    lastRequestUnits = ledger.lastRequestUnits
    pages = ledger.end.pages
  }
}

/// The books of a late staircase: live pins and free runs level by level, without any pool.
struct LateStaircaseLedger {
  private let geometry: PoolGeometry
  private let peakLiveUnits: Int
  private(set) var pages = 0
  /// Free runs of each length at the present level, before anything is made at it.
  private var runs: [Int]
  /// How the free runs change when a level begins.
  private var changes: [[(units: Int, runs: Int)]]
  /// Units of pins by the stretch they divide.
  private var pinUnits: [Int]
  private var livePinUnits = 0
  private var level = 0
  /// The last level at which a page was made, and the units of pins after it.
  private var last = (level: 0, pinUnits: 0)

  init(geometry: PoolGeometry, peakLiveUnits: Int) {
    self.geometry = geometry
    self.peakLiveUnits = peakLiveUnits
    pinUnits = Array(repeating: 0, count: geometry.pageUnits + 1)
    runs = pinUnits
    changes = Array(repeating: [], count: geometry.pageUnits + 2)
  }

  /// Units that may still become live once all temporary blocks are released.
  var slackUnits: Int { peakLiveUnits - livePinUnits }

  /// The request that no page can serve after the last level at which one was made.
  var lastRequestUnits: Int? {
    Staircase.lastRequestUnits(after: last.level, geometry, .taken)
  }

  /// Pages at the end, after as many last requests as the cap allows, and the units left.
  var end: (pages: Int, leftUnits: Int) {
    let slack = max(0, peakLiveUnits - last.pinUnits)
    guard let lastRequestUnits else { return (pages, slack) }
    return (pages + slack / lastRequestUnits, slack % lastRequestUnits)
  }

  /// Makes as many pages of a cut as fit at a level, or `fewer` than that.
  mutating func take(
    level: Int, cut: LateCut, fewer: Int = 0
  ) -> (early: Int, late: Int, walks: Bool) {
    begin(level)
    let walks = !runs[cut.barredRuns].contains { $0 > 0 }
    let early = cut.cost.mostPages(slackUnits: slackUnits, heldUnits: 0, walks: walks)
    let late = mostLate(cut, mostEarly: early)
    var counts = late.early + late.late > early ? late : (early: early, late: 0)
    let lateFewer = min(fewer, counts.late)
    counts.late -= lateFewer
    counts.early = max(0, counts.early - (fewer - lateFewer))
    let made = counts.early + counts.late
    guard made > 0 else { return (0, 0, false) }
    pages += made
    for pin in cut.cost.pins {
      pinUnits[pin.stretch] += made * pin.units
      livePinUnits += made * pin.units
    }
    for run in cut.runs {
      changes[max(level, run.units) + 1].append((run.units, made))
      if run.parent < geometry.pageUnits { changes[run.parent + 1].append((run.units, -made)) }
    }
    last = (level, livePinUnits)
    return (counts.early, counts.late, walks)
  }

  /// Ends the levels before: outgrown pins go, and their stretches become free runs.
  mutating func begin(_ newLevel: Int) {
    while level < newLevel {
      livePinUnits -= pinUnits[level]
      pinUnits[level] = 0
      level += 1
      for change in changes[level] { runs[change.units] += change.runs }
      changes[level] = []
    }
  }

  /// Pages of which most get their last pins late.
  ///
  /// When the level is full, the early pages' temporary blocks go. What that gives must fill every
  /// free run that a late pin's neighbour would be put into instead, and the first such neighbour.
  private func mostLate(_ cut: LateCut, mostEarly: Int) -> (early: Int, late: Int) {
    guard let deepest = cut.lateRests.max(), let lowest = cut.lateRests.first else { return (0, 0) }
    let slack = slackUnits
    let smallest = geometry.smallestBlockUnits
    guard mostEarly > 0, deepest + smallest <= level else { return (0, 0) }
    var filling = deepest + smallest
    for units in lowest...(deepest + smallest - 1)
    where cut.lateRests.contains(where: { ($0..<$0 + smallest).contains(units) }) {
      filling += units * freeRuns(in: units...units)
    }
    let gain = cut.cost.temporaryUnits - cut.lateRests.reduce(0, +)
    guard gain > 0 else { return (0, 0) }
    let most = min(mostEarly, slack / cut.lateUnits)
    var early = min(most, (filling + gain - 1) / gain)
    var best = (early: 0, late: 0)
    // What is left over at the end of the level helps, so a few fewer may do.
    for candidate in max(0, early - 3)...max(early, 0) {
      if let late = lateCount(cut, early: candidate, filling: filling, slack: slack) {
        best = (candidate, late)
        break
      }
    }
    while best.early + best.late == 0, early < most {
      early += 1
      if let late = lateCount(cut, early: early, filling: filling, slack: slack) {
        best = (early, late)
      }
      if early > (filling + geometry.pageUnits) / gain + 8 { break }
    }
    return best
  }

  private func lateCount(
    _ cut: LateCut, early: Int, filling: Int, slack: Int
  ) -> Int? {
    let left = slack - early * cut.cost.units
    let late = (left - cut.swapUnits) / cut.lateUnits
    guard late > 0 else { return nil }
    let over = left - late * cut.lateUnits
    let restUnits = cut.lateRests.reduce(0, +)
    guard over + early * cut.cost.temporaryUnits >= filling + early * restUnits else { return nil }
    // The last page, made while the early ones keep only their pins.
    if cut.swapUnits > 0 {
      guard over + cut.lateUnits + early * cut.cost.temporaryUnits >= geometry.pageUnits else {
        return nil
      }
    }
    return late
  }

  private func freeRuns(in lengths: ClosedRange<Int>) -> Int { runs[lengths].reduce(0, +) }
}
