import PoolBounds
import PropertyTesting

/// Rounds the relaxed schedule to whole pages and improves it by local search.
///
/// Every level loses the fraction of a page that does not fit any more. What is lost depends on all
/// that was made before, so a page fewer at a level, or the other of two equally good cuts, draws
/// the later fractions anew; among many such draws the best is several pages above the first. A
/// trial is arithmetic alone and costs some ten microseconds.
struct LateScheduleSearch: Sendable {
  private let geometry: PoolGeometry
  private let rules: PlacementRules
  private let peakLiveUnits: Int
  /// The cuts to choose from at each level.
  private let levels: [Level]

  private struct Level: Sendable {
    let level: Int
    let cuts: [LateCut]
  }

  /// A search for one pool and cap.
  ///
  /// `rules`: remainders at the head of their list, exact fits taken.
  /// `firstLevel`: the lowest first level that will be asked for.
  public init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int, firstLevel: Int
  ) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    let first = max(firstLevel, geometry.smallestBlockUnits)
    let relaxations = [CheapestCuts.PinCosts.late, .early].map {
      ScheduleRelaxation(
        geometry: geometry, rules: rules, firstLevel: first, pins: $0)
    }
    var cuts: [Int: [PinTree]] = [:]
    for entry in relaxations.flatMap(\.levels)
    where !(cuts[entry.level] ?? []).contains(entry.tree) {
      cuts[entry.level, default: []].append(entry.tree)
    }
    let walking =
      geometry.pageUnits <= WalkingSchedule.mostPageUnits ? WalkingCut(geometry) : nil
    levels = cuts.sorted { $0.key < $1.key }.map { level, trees in
      Level(level: level, cuts: trees.map { LateCut($0, geometry, walking) })
    }
  }

  private struct Choice {
    var cut = 0
    var fewer = 0
  }

  /// The best staircase from `firstLevel` on, of `streams` independent streams of `trials` trials each; the earliest
  /// stream's among equals, for any number of workers. `running` is told which are at work, and with each trial
  /// that they get on.
  public func best(
    firstLevel: Int, trials: Int, seed: UInt64, streams: Int = 1, workers: Int = 1,
    telling running: RunningStreams = RunningStreams()
  ) async -> LateStaircase {
    let levels = levels.filter { $0.level >= firstLevel }
    // Each way kept costs about a dozen trials.
    let width = min(32, trials / 24)
    let begin = width > 0 ? widest(levels, width: width) : nil
    let found = await Parallel.map(0..<max(1, streams), workers: workers) { stream in
      let number = UInt64(stream)
      return running.executing((), number) {
        improve(
          levels, from: begin, trials: trials,
          generator: SeededGenerator(seed: seed, stream: number)
        ) { running.getsOn(number) }
      }
    }
    var best = found[0]
    for other in found where other.pages > best.pages { best = other }
    return LateStaircase(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
      cuts: cuts(of: best.choices, levels),
      name: "late staircase")
  }

  private func improve(
    _ levels: [Level], from begin: [Choice]?, trials: Int, generator: SeededGenerator,
    telling getsOn: () -> Void
  ) -> (choices: [Choice], pages: Double) {
    var generator = generator
    var choices = Array(repeating: Choice(), count: levels.count)
    var best = pages(of: choices, levels)
    if let begin, pages(of: begin, levels) >= best {
      choices = begin
      best = pages(of: begin, levels)
    }
    guard !levels.isEmpty else { return (choices, best) }
    for _ in 0..<max(0, trials) {
      getsOn()
      let before = choices
      for _ in 0...generator.below(3) {
        let index = generator.below(levels.count)
        switch generator.below(3) {
        case 0: choices[index].cut = generator.below(levels[index].cuts.count + 1) - 1
        case 1: choices[index].fewer = max(0, choices[index].fewer + generator.within(-2...2))
        default: choices[index] = Choice(cut: generator.below(levels[index].cuts.count))
        }
      }
      let trial = pages(of: choices, levels)
      if trial >= best { best = trial } else { choices = before }
    }
    return (choices, best)
  }

  /// Pages, and what is left of the budget as a fraction that decides between equals.
  private func pages(of choices: [Choice], _ levels: [Level]) -> Double {
    var ledger = LateStaircaseLedger(geometry: geometry, peakLiveUnits: peakLiveUnits)
    for (entry, choice) in zip(levels, choices) where choice.cut >= 0 {
      _ = ledger.take(level: entry.level, cut: entry.cuts[choice.cut], fewer: choice.fewer)
    }
    return value(ledger)
  }

  private func value(_ ledger: LateStaircaseLedger) -> Double {
    let (pages, left) = ledger.end
    return Double(pages) + Double(left) / Double(2 * geometry.pageUnits)
  }

  // MARK: - Level by level

  /// The choices so far, and their books.
  private struct Way {
    var ledger: LateStaircaseLedger
    var choices: [Choice] = []
  }

  /// Pages fewer than fit that are tried at a level.
  private static let mostFewer = 4

  /// The best of the ways that are kept from level to level: of each number of pages the one with most
  /// slack, and of these numbers the `width` largest. A page fewer now may be two more at the next
  /// level, which changes of one or two levels at a time do not find.
  private func widest(_ levels: [Level], width: Int) -> [Choice] {
    var ways = [Way(ledger: LateStaircaseLedger(geometry: geometry, peakLiveUnits: peakLiveUnits))]
    var best: (value: Double, choices: [Choice]) = (0, [])
    for entry in levels {
      var next: [Int: Way] = [:]
      func offer(_ way: Way, _ ledger: LateStaircaseLedger, _ choice: Choice) {
        if let rival = next[ledger.pages], rival.ledger.slackUnits >= ledger.slackUnits { return }
        next[ledger.pages] = Way(ledger: ledger, choices: way.choices + [choice])
      }
      for way in ways {
        var without = way.ledger
        without.begin(entry.level)
        offer(way, without, Choice(cut: -1))
        for cut in entry.cuts.indices {
          for fewer in 0...Self.mostFewer {
            var ledger = without
            _ = ledger.take(level: entry.level, cut: entry.cuts[cut], fewer: fewer)
            guard ledger.pages > without.pages else { break }
            offer(way, ledger, Choice(cut: cut, fewer: fewer))
          }
        }
      }
      ways = next.values.sorted { $0.ledger.pages > $1.ledger.pages }
      if ways.count > width { ways.removeSubrange(width...) }
      for way in ways where value(way.ledger) > best.value {
        best = (value(way.ledger), way.choices)
      }
    }
    return best.choices
      + Array(repeating: Choice(cut: -1), count: levels.count - best.choices.count)
  }

  private func cuts(
    of choices: [Choice], _ levels: [Level]
  ) -> [LateStaircasePlan.Cut] {
    zip(levels, choices).filter { $1.cut >= 0 }.map { entry, choice in
      LateStaircasePlan.Cut(
        level: entry.level, cut: entry.cuts[choice.cut], fewer: choice.fewer)
    }
  }
}
