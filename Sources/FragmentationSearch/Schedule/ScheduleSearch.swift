import PoolBounds
import PropertyTesting

/// Improves a staircase by local search over its schedule: which cut at which level, and how many
/// pages of it. The vocabulary is the staircase's; its arithmetic is the evaluation, so a trial
/// costs microseconds instead of a million operations, and what it promises the pool delivers.
///
/// Trials change one or two levels and are kept if the forecast does not fall, so the search drifts
/// over plateaus. Streams of trials are independent and divided by number, not by processor: the
/// result for a seed is the same for any number of workers.
public struct ScheduleSearch: Sendable {
  /// The pool.
  public let geometry: PoolGeometry
  /// Its policy.
  public let rules: PlacementRules
  /// The cap on live units.
  public let peakLiveUnits: Int
  /// The first level of all plans.
  public let firstLevel: Int
  private let choices: [[PageCost]]

  /// One level of a trial: the number of a choice, -1 to leave the level out, and a limit on pages.
  private struct Entry {
    var choice: Int
    var mostPages: Int
  }

  /// A search for one pool and cap.
  ///
  /// - Parameters:
  ///   - firstLevel: the first level, clamped to the pool's; an eighth of a page is a good one.
  ///   - relaxation: of the same pool and policy, from the first level or below; worked out if nil.
  ///   - choicesAtLevel: how many ways to cut a page are considered at each level, at least 1.
  init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int, firstLevel: Int,
    relaxation: ScheduleRelaxation? = nil, choicesAtLevel: Int = 24
  ) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    let smallest = geometry.smallestBlockUnits
    let lastLevel = geometry.pageUnits - smallest
    let first = min(max(smallest, firstLevel), max(smallest, lastLevel))
    self.firstLevel = first
    var relaxed: [Int: PinTree] = [:]
    let relaxation =
      relaxation ?? ScheduleRelaxation(geometry: geometry, rules: rules, firstLevel: first)
    for entry in relaxation.levels { relaxed[entry.level] = entry.tree }
    choices = (first..<max(first, lastLevel + 1)).map { level in
      let trees = PinTree.candidates(
        stretch: geometry.pageUnits, level: level, smallest: smallest,
        limit: max(1, choicesAtLevel))
      let best = relaxed[level].map { [$0] } ?? []
      return (best + trees.filter { !best.contains($0) })
        .filter { $0.isFeasible(geometry, rules) }
        .map { PageCost($0, geometry, rules) }
    }
  }

  /// The best staircase of `streams` independent streams of `trials` trials each, the earliest
  /// stream's among equals.
  ///
  /// `workers`: how many streams run at once; the result does not depend on it. `running` is told which are at
  /// work, and with each trial that they get on.
  public func best(
    trials: Int, seed: UInt64, streams: Int = 1, workers: Int = 1,
    telling running: RunningStreams = RunningStreams()
  ) async -> Staircase {
    let found = await Parallel.map(0..<max(1, streams), workers: workers) { stream in
      let number = UInt64(stream)
      return running.executing((), number) {
        improve(trials: trials, generator: SeededGenerator(seed: seed, stream: number)) {
          running.getsOn(number)
        }
      }
    }
    let best = found.max { $0.value < $1.value }
    return Staircase(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
      plan: best?.plan ?? StaircasePlan(steps: []), name: "optimised staircase")
  }

  private func improve(
    trials: Int, generator: SeededGenerator, telling getsOn: () -> Void
  ) -> (plan: StaircasePlan, value: Double) {
    var generator = generator
    var entries = choices.map { Entry(choice: $0.isEmpty ? -1 : 0, mostPages: .max) }
    var best = value(of: entries)
    for _ in 0..<(entries.isEmpty ? 0 : max(0, trials)) {
      getsOn()
      var undo: [(index: Int, entry: Entry)] = []
      for _ in 0...generator.below(2) {
        let index = generator.below(entries.count)
        guard !choices[index].isEmpty else { continue }
        undo.append((index, entries[index]))
        mutate(&entries[index], choices[index].count, &generator)
      }
      let trial = value(of: entries)
      if trial >= best {
        best = trial
      } else {
        for change in undo.reversed() { entries[change.index] = change.entry }
      }
    }
    return (plan(of: entries), best)
  }

  private func mutate(_ entry: inout Entry, _ choices: Int, _ generator: inout SeededGenerator) {
    switch generator.below(4) {
    case 0, 1: entry.choice = generator.below(choices + 1) - 1
    case 2:
      let usual = peakLiveUnits / geometry.pageUnits / 4 + 2
      entry.mostPages = generator.chance(1, in: 3) ? .max : generator.below(usual)
    default:
      guard entry.mostPages != .max else { return }
      entry.mostPages = max(0, entry.mostPages + generator.within(-2...2))
    }
  }

  /// Pages, and what is left of the budget as a fraction that decides between equals.
  private func value(of entries: [Entry]) -> Double {
    var forecast = StaircaseForecast(geometry: geometry, peakLiveUnits: peakLiveUnits)
    for (index, entry) in entries.enumerated() where entry.choice >= 0 {
      forecast.take(
        choices[index][entry.choice], level: firstLevel + index, mostPages: entry.mostPages)
    }
    let last = Staircase.lastRequestUnits(after: forecast.level, geometry, rules.exactFit)
    let pages = forecast.finish(lastRequestUnits: last)
    let left = Double(forecast.slackUnits % max(1, last ?? 1)) / Double(geometry.pageUnits)
    return Double(pages) + left / 2
  }

  private func plan(of entries: [Entry]) -> StaircasePlan {
    let steps = entries.enumerated().filter { $0.element.choice >= 0 }.map { index, entry in
      StaircasePlan.Step(
        level: firstLevel + index, cost: choices[index][entry.choice],
        mostPages: entry.mostPages)
    }
    return StaircasePlan(steps: steps)
  }
}

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
    if let request = Staircase.lastRequestUnits(after: last, geometry, rules.exactFit) {
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

extension PinTree {
  /// Different ways to cut a stretch at a level, the dyadic one first where it exists; at most
  /// `limit` of them. Besides halving, a division may put the pin right behind a side that just
  /// reaches the level, or leave a side that is as long as it can be without reaching it.
  static func candidates(
    stretch: Int, level: Int, smallest: Int, limit: Int
  ) -> [PinTree] {
    if stretch < level { return [.free(units: stretch)] }
    if stretch == level { return [.temporary(units: stretch)] }
    let sides = stretch - smallest
    guard sides >= level else { return [] }
    let firsts = [sides / 2, sides - sides / 2, level, sides - level + 1, sides - level]
    var trees: [PinTree] = []
    for firstUnits in firsts where firstUnits >= level && firstUnits <= sides {
      var pin = smallest
      var restUnits = sides - firstUnits
      if restUnits < smallest {
        pin += restUnits
        restUnits = 0
      }
      let first = candidates(
        stretch: firstUnits, level: level, smallest: smallest, limit: limit)
      let rest = candidates(stretch: restUnits, level: level, smallest: smallest, limit: limit)
      for one in first {
        for other in rest {
          let tree = PinTree.divided(first: one, pin: pin, rest: other)
          if !trees.contains(tree) { trees.append(tree) }
          if trees.count == limit { return trees }
        }
      }
    }
    return trees
  }
}
