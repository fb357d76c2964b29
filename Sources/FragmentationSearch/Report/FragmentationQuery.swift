import PoolBounds
import PropertyTesting

/// The questions of the command line: `bound` and `maximize` for one pool, policy and cap.
public struct FragmentationQuery: Sendable, Hashable {
  /// The algorithms of `maximize`, by the names of `--algorithm`.
  public enum Algorithm: String, Sendable, Hashable, CaseIterable {
    /// The best staircase that a search over schedules finds.
    case schedule
    /// The dyadic staircase, or the reset cycle where exact fits are never taken; no search.
    case staircase
    /// Macro programs from scratch, by a genetic algorithm.
    case macro
    /// Macro programs from scratch, by MAP-Elites.
    case mapElites = "map-elites"
    /// Rounds of macro programs from scratch, by beam search.
    case beam
    /// The states of a small pool, by beam search.
    case states
    /// Lists of raw operations, by a genetic algorithm: a control.
    case rawGenetic = "raw-genetic"
    /// One list of raw operations: a control.
    case onePlusOne = "one-plus-one"
    /// Random traces: a control.
    case random

    /// The search that starts from nothing; nil for the constructions.
    public var fromScratch: (any SearchAlgorithm)? {
      switch self {
      case .schedule, .staircase: nil
      case .macro: MacroSearch()
      case .mapElites: MacroSearch(.elites)
      case .beam: BeamSearch()
      case .states: StateSearch()
      case .rawGenetic: RawSearch(.genetic)
      case .onePlusOne: RawSearch()
      case .random: RandomSearch()
      }
    }
  }

  /// The name that reports give.
  public var profile: String
  /// The pool.
  public var geometry: PoolGeometry
  /// Its policy.
  public var rules: PlacementRules
  /// The cap on live units.
  public var peakLiveUnits: Int
  /// What searches make large.
  public var objective = Objective.heldOverPeak
  /// Bounds to hold answers against instead of the proved ones: how a test plants a wrong proof.
  var plantedBounds: [PageBound]?

  /// A query; the cap is in bytes of live blocks, rounded down to units.
  public init(profile: String, geometry: PoolGeometry, rules: PlacementRules, peakLiveBytes: Int) {
    self.init(
      profile: profile, geometry: geometry, rules: rules,
      peakLiveUnits: peakLiveBytes / geometry.unitBytes)
  }

  /// A query; the cap is in units and clamped to what the bounds accept.
  public init(profile: String, geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int) {
    self.profile = profile
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = min(max(0, peakLiveUnits), FragmentationBounds.largestPeakLiveUnits)
  }

  /// The largest cap for which traces are simulated: 2^26 units are half a gibibyte of 8-byte
  /// units and two gigabytes of records. Bounds and forecasts have no such limit.
  public static let largestSimulatedUnits = 1 << 26

  /// The proved bounds and the best construction by forecast; nothing is simulated.
  public func bound() -> FragmentationReport {
    let best = Self.best(of: constructions)
    return report(method: best?.name ?? "none", pages: best?.predictedPages ?? 0)
  }

  /// The bounds and the exact optimum, with a trace that reaches it.
  ///
  /// - Throws: ``ExactOptimum/Failure`` where the pool cannot be enumerated.
  public func exact(
    extent: ExactOptimum.Extent = .allStates, mostStates: Int = 100_000_000,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(ExactOptimum.Failure) -> (report: FragmentationReport, witness: [AbstractOperation]) {
    let result = try ExactOptimum(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits
    ).solve(extent: extent, mostStates: mostStates, progress: progress)
    var report = report(method: "exact", pages: result.optimumPages)
    report.optimumPages = result.optimumPages
    report.minimalOperations = result.minimalOperations
    report.operations = result.witness.count
    let final = FragmentationMetrics.measuring(
      result.witness, geometry: geometry, rules: rules
    ).footprint
    report.reachedLiveUnits = final.peakLiveUnits
    report.finalLiveUnits = final.liveUnits
    report.finalPages = final.pagesHeld
    return (report, result.witness)
  }

  /// Searches and replays the best trace once, handing its operations to `record`.
  ///
  /// `operations`: the budget in simulated operations; for ``Algorithm/schedule`` one trial
  /// counts as 100.
  /// - Throws: ``Failure`` if the cap is too large to simulate.
  public func maximize(
    _ algorithm: Algorithm, operations: Int, seed: UInt64, streams: Int = 4, workers: Int = 1,
    record: @escaping (AbstractOperation) -> Void = { _ in }
  ) async throws(Failure) -> FragmentationReport {
    let best = try await search(
      algorithm, operations: operations, seed: seed, streams: streams, workers: workers)
    return replay(best, record: record)
  }

  /// Searches for the best trace, to be replayed with ``replay(_:record:)``.
  ///
  /// - Parameters: as of ``maximize(_:operations:seed:streams:workers:record:)``; `running` is told which streams
  ///   are at work.
  /// - Throws: ``Failure`` if the cap is too large to simulate.
  public func search(
    _ algorithm: Algorithm, operations: Int, seed: UInt64, streams: Int = 4, workers: Int = 1,
    telling running: RunningStreams = RunningStreams()
  ) async throws(Failure) -> BestTrace {
    try requireSimulable()
    if objective == .heldOverFinal { return oneBlock }
    let question = SearchQuestion(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits, operations: operations,
      seed: seed, streams: streams, workers: workers)
    if let search = algorithm.fromScratch {
      return .answer(await search.search(question, telling: running))
    }
    guard algorithm == .schedule else {
      return Self.best(of: constructions).map(BestTrace.program) ?? .none
    }
    return await constructed(question, telling: running)
  }

  /// The best schedule. A staircase needs room for the page that it cuts, so caps near a page leave
  /// little for one; there a search from scratch has its say too.
  private func constructed(
    _ question: SearchQuestion, telling running: RunningStreams
  ) async -> BestTrace {
    let best = await bestSchedule(question, telling: running)
    guard peakLiveUnits < 2 * geometry.pageUnits else {
      return best.map(BestTrace.program) ?? .none
    }
    let answer = await MacroSearch(.elites).search(question, telling: running)
    if let best, best.outcome().footprint.peakPagesHeld >= answer.pages { return .program(best) }
    return answer.pages > 0 ? .answer(answer) : .none
  }

  /// Refuses caps for which traces are not simulated.
  func requireSimulable() throws(Failure) {
    guard peakLiveUnits <= Self.largestSimulatedUnits else {
      throw .capTooLarge(units: peakLiveUnits)
    }
  }

  /// A search from scratch in epochs, which can be watched, saved and resumed.
  ///
  /// - Parameters:
  ///   - algorithm: one that starts from nothing; nil is given for others.
  ///   - operations: the budget in simulated operations, all streams together.
  ///   - seed: the seed of every stream's generator.
  ///   - streams: searches that exchange what they found; part of the question.
  ///   - workers: streams at once; the result does not depend on it.
  /// - Throws: ``Failure`` if the cap is too large to simulate.
  public func campaign(
    _ algorithm: Algorithm, operations: Int, seed: UInt64, streams: Int = 4, workers: Int = 1
  ) throws(Failure) -> SearchCampaign? {
    try requireSimulable()
    guard objective == .heldOverPeak, let search = algorithm.fromScratch else { return nil }
    return SearchCampaign(
      SearchQuestion(
        geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits, operations: operations,
        seed: seed, streams: streams, workers: workers), search)
  }

  /// Replays a trace once on the abstract pool, handing its operations to `record`, and reports.
  public func replay(
    _ best: BestTrace, record: @escaping (AbstractOperation) -> Void = { _ in }
  ) -> FragmentationReport {
    switch best {
    case .none: return report(method: "none", pages: 0)
    case .program(let adversary): return replay(adversary, record)
    case .answer(let answer): return replay(answer, record)
    }
  }

  /// Why a search cannot be made.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The cap is above ``FragmentationQuery/largestSimulatedUnits``.
    case capTooLarge(units: Int)

    /// One sentence for the user.
    public var description: String {
      switch self {
      case .capTooLarge(let units):
        "a cap of \(units) live units is too large to simulate; "
          + "the limit is \(FragmentationQuery.largestSimulatedUnits)"
      }
    }
  }

  /// The programs that need no search.
  private var constructions: [any Adversary] {
    let staircases = [2, 4, 8, 16].map { divisor in
      Staircase.dyadic(
        geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
        firstLevel: geometry.pageUnits / divisor)
    }
    return staircases + [
      ResetCycle(geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits),
      Filling(geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits),
    ]
  }

  /// Where the first level lies, a search over schedules does not change, so each gets its share
  /// of the budget; small caps want few levels, large caps many.
  private func bestSchedule(
    _ question: SearchQuestion, telling running: RunningStreams
  ) async -> (any Adversary)? {
    let divisors = [4, 8, 16, 32]
    let trials = question.operations / question.streams / 100 / divisors.count
    let lowest = geometry.pageUnits / 32
    var found = constructions
    // What is proved to be the most need not be searched for.
    if let best = Self.best(of: found), best.predictedPages == bound().upperBound.pages {
      return best
    }
    let walking = WalkingSchedule(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits)
    if let best = walking?.best() { found.append(best) }
    if LateStaircase.covers(rules) {
      let search = LateScheduleSearch(
        geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits, firstLevel: lowest)
      for divisor in divisors {
        found.append(
          await search.best(
            firstLevel: geometry.pageUnits / divisor, trials: trials, seed: question.seed,
            streams: question.streams, workers: question.workers, telling: running))
      }
      return Self.best(of: found)
    }
    let relaxation = ScheduleRelaxation(geometry: geometry, rules: rules, firstLevel: lowest)
    for divisor in divisors {
      let search = ScheduleSearch(
        geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
        firstLevel: geometry.pageUnits / divisor, relaxation: relaxation)
      found.append(
        await search.best(
          trials: trials, seed: question.seed, streams: question.streams,
          workers: question.workers, telling: running))
    }
    return Self.best(of: found)
  }

  private static func best(of adversaries: [any Adversary]) -> (any Adversary)? {
    adversaries.max { ($0.predictedPages ?? 0) < ($1.predictedPages ?? 0) }
  }

  /// The trivial answer to the trivial objective.
  private var oneBlock: BestTrace {
    let units = geometry.smallestBlockUnits
    guard units <= peakLiveUnits else { return .none }
    return .answer(
      SearchAnswer(
        algorithm: "one block", pages: 1, trace: [.allocate(slot: 0, units: units, rank: 0)],
        operationsSpent: 1))
  }

  private func report(method: String, pages: Int) -> FragmentationReport {
    var report = FragmentationReport(
      profile: profile, geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits,
      method: method, pages: pages, claimedBounds: plantedBounds)
    report.objective = objective
    return report
  }

  private func replay(
    _ adversary: some Adversary, _ record: @escaping (AbstractOperation) -> Void
  ) -> FragmentationReport {
    var operations = 0
    var target = RecordingTarget(geometry: geometry, rules: rules) {
      operations += 1
      record($0)
    }
    adversary.run(on: &target)
    return finished(adversary.name, operations, target.footprint)
  }

  private func replay(
    _ answer: SearchAnswer, _ record: (AbstractOperation) -> Void
  ) -> FragmentationReport {
    for operation in answer.trace { record(operation) }
    let metrics = FragmentationMetrics.measuring(
      answer.trace, geometry: geometry, rules: rules)
    return finished(answer.algorithm, answer.trace.count, metrics.footprint)
  }

  private func finished(
    _ method: String, _ operations: Int, _ footprint: Footprint
  ) -> FragmentationReport {
    var report = report(method: method, pages: footprint.peakPagesHeld)
    report.operations = operations
    report.reachedLiveUnits = footprint.peakLiveUnits
    report.finalLiveUnits = footprint.liveUnits
    report.finalPages = footprint.pagesHeld
    return report
  }
}

/// What a search makes as large as possible.
public enum Objective: String, Sendable, Hashable, CaseIterable {
  /// Held bytes over the most live block bytes of any moment: the contest.
  case heldOverPeak = "held-over-peak"
  /// Held bytes over live block bytes at the end. Trivial: one smallest block in one page is the
  /// worst case, and no trace can do more. It is here to be compared with.
  case heldOverFinal = "held-over-final"
}

extension FragmentationQuery {
  /// How much of the worst case each rule takes away, by the search from scratch: a schedule of
  /// staircases would be made for the rules that it then breaks.
  ///
  /// - Parameters:
  ///   - operations: simulated operations for each row and seed.
  ///   - seed: the first seed.
  ///   - seeds: how many, at least 1.
  ///   - streams: searches that exchange what they found; part of the question.
  ///   - workers: streams at once; the result does not depend on it.
  /// - Throws: ``Failure`` if the cap is too large to simulate.
  public func remedies(
    operations: Int, seed: UInt64, seeds: Int, streams: Int = 4, workers: Int = 1
  ) async throws(Failure) -> RemedyTable {
    guard peakLiveUnits <= Self.largestSimulatedUnits else {
      throw .capTooLarge(units: peakLiveUnits)
    }
    let question = SearchQuestion(
      geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits, operations: operations,
      seed: seed, streams: streams, workers: workers)
    return await RemedyTable.measuring(question, by: MacroSearch(.elites), seeds: seeds)
  }
}
