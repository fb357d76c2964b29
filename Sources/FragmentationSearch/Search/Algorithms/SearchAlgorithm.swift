import PropertyTesting

/// A way to search.
public protocol SearchAlgorithm: Sendable {
  /// A short name for tables and `--algorithm`.
  var name: String { get }
  /// Streams that it can make use of, at least 1.
  var mostStreams: Int { get }
  /// A numbered stream of the search on the abstract pool of the question. Stated for itself, for
  /// so the whole run is compiled for that pool.
  func stream(_ question: SearchQuestion, number: Int) -> any SearchStream
  /// A numbered stream on an allocator of any kind.
  ///
  /// `makeTarget`: an empty allocator of the question's geometry; called anew for each candidate,
  ///   from several threads if the question has several workers.
  func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream
}

extension SearchAlgorithm {
  /// Any number.
  public var mostStreams: Int { .max }

  /// The question in no more streams than the algorithm can make use of.
  func divided(_ question: SearchQuestion) -> SearchQuestion {
    var question = question
    question.streams = min(question.streams, mostStreams)
    return question
  }

  /// Runs all streams on the abstract pool of the question; `running` is told which are at work.
  public func search(
    _ question: SearchQuestion, telling running: RunningStreams = RunningStreams()
  ) async -> SearchAnswer {
    await run(SearchCampaign(question, self), telling: running)
  }

  /// Runs all streams on an allocator of any kind; among equals the trace of the first stream.
  ///
  /// - Parameters:
  ///   - question: its geometry must be the allocator's; its rules are the abstract pool's only.
  ///   - makeTarget: an empty allocator; called anew for each candidate, from several threads if
  ///     the question has several workers.
  public func search<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, on makeTarget: @escaping @Sendable () -> Target
  ) async -> SearchAnswer {
    let question = divided(question)
    let streams = (0..<question.streams).map { stream(question, number: $0, on: makeTarget) }
    let campaign = SearchCampaign(question, name: name, streams: streams)
    return await run(campaign, telling: RunningStreams())
  }

  private func run(
    _ campaign: SearchCampaign, telling running: RunningStreams
  ) async -> SearchAnswer {
    var campaign = campaign
    while !campaign.isDone { await campaign.runEpoch(telling: running) }
    return campaign.answer
  }

  /// A stream of evolution by one rule, for algorithms of that kind.
  ///
  /// - Parameters:
  ///   - breedingUnits: the cap at which candidates are bred, the question's own at most.
  ///   - limit: operations of a run at the cap of a question.
  func evolution<G: Genome, Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, _ rule: Population<G>.Rule,
    breedingUnits: Int = .max, limit: @escaping @Sendable (SearchQuestion) -> Int,
    program: @escaping @Sendable (G) -> SearchProgram,
    on makeTarget: @escaping @Sendable () -> Target
  ) -> EvolutionStream<G> {
    var breeding = question
    breeding.peakLiveUnits = min(breedingUnits, question.peakLiveUnits)
    let setting = EvolutionStream<G>.Setting(
      question: question, breeding: breeding, limit: limit,
      measure: { genome, question, limit, recording in
        var trial = Trial(question, on: makeTarget(), recording: recording)
        genome.run(&trial, mostOperations: limit)
        return (SearchOutcome(trial, limit: limit), trial.trace)
      },
      program: program)
    return EvolutionStream(setting, number: number, rule)
  }
}

/// Control: random traces, nothing learnt.
public struct RandomSearch: SearchAlgorithm {
  /// `random`.
  public var name: String { "random" }
  /// Operations of each trace.
  public let traceOperations: Int

  /// A search with traces of so many operations, at least 1.
  public init(traceOperations: Int = 4096) { self.traceOperations = max(1, traceOperations) }

  /// A stream of random traces on the abstract pool.
  public func stream(_ question: SearchQuestion, number: Int) -> any SearchStream {
    stream(question, number: number) { question.makePool() }
  }

  /// A stream of random traces.
  public func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream {
    var question = question
    question.traceOperations = traceOperations
    return evolution(
      question, number: number, Population<RandomTrace>.Rule.random,
      limit: { $0.traceOperations }, program: { SearchProgram($0) }, on: makeTarget)
  }
}

/// Controls: lists of raw operations, which know nothing of the pool.
public struct RawSearch: SearchAlgorithm {
  /// How lists replace one another.
  public enum Rule: String, Sendable, Hashable {
    /// One list, changed a little at a time and kept if no worse: (1+1).
    case onePlusOne = "one-plus-one"
    /// A genetic algorithm: tournaments in a population.
    case genetic = "raw-genetic"
  }

  /// The rule's name.
  public var name: String { rule.rawValue }
  /// How lists replace one another.
  public let rule: Rule
  /// Operations of a list.
  public let traceOperations: Int

  /// A search over lists of so many operations, at least 1.
  public init(_ rule: Rule = .onePlusOne, traceOperations: Int = 4096) {
    self.rule = rule
    self.traceOperations = max(1, traceOperations)
  }

  /// A stream of lists on the abstract pool.
  public func stream(_ question: SearchQuestion, number: Int) -> any SearchStream {
    stream(question, number: number) { question.makePool() }
  }

  /// A stream of lists.
  public func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream {
    var question = question
    question.traceOperations = traceOperations
    let population: Population<RawList>.Rule =
      rule == .onePlusOne ? .onePlusOne : .tournaments(size: 64, patience: 10_000)
    return evolution(
      question, number: number, population, limit: { $0.traceOperations },
      program: { SearchProgram($0) }, on: makeTarget)
  }
}

/// Evolution of `MacroProgram`s, cyclic programs of steps relative to the state of the pool.
public struct MacroSearch: SearchAlgorithm {
  /// How programs replace one another.
  public enum Rule: String, Sendable, Hashable {
    /// A genetic algorithm: tournaments in a population that begins anew when it is stuck.
    case genetic = "macro"
    /// MAP-Elites: the best program of each kind of behaviour.
    case elites = "map-elites"
  }

  /// The rule's name.
  public var name: String { rule.rawValue }
  /// How programs replace one another.
  public let rule: Rule
  /// Programs in the population of one stream, or its founders.
  public let population: Int
  /// Children in a row without an improvement after which a population begins anew.
  public let patience: Int
  /// A run ends after about so many operations; nil for what a good program needs at the cap.
  public let runOperations: Int?

  /// - Parameters:
  ///   - rule: how programs replace one another.
  ///   - population: at least 4.
  ///   - patience: at least 1.
  ///   - runOperations: at least 1, or nil.
  public init(
    _ rule: Rule = .genetic, population: Int = 64, patience: Int = 6000,
    runOperations: Int? = nil
  ) {
    self.rule = rule
    self.runOperations = runOperations.map { max(1, $0) }
    self.population = max(4, population)
    self.patience = max(1, patience)
  }

  /// A stream of programs on the abstract pool.
  public func stream(_ question: SearchQuestion, number: Int) -> any SearchStream {
    stream(question, number: number) { question.makePool() }
  }

  /// A stream of programs.
  public func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream {
    evolution(question, number: number, on: makeTarget)
  }

  func evolution<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> EvolutionStream<MacroProgram> {
    let runOperations = runOperations
    let rule: Population<MacroProgram>.Rule =
      rule == .genetic
      ? .tournaments(size: population, patience: patience) : .elites(founders: population * 8)
    // With four pages live there is room to cut one while others are kept; a good staircase takes
    // seven to eleven operations a unit.
    return evolution(
      question, number: number, rule, breedingUnits: 4 * question.geometry.pageUnits,
      limit: { runOperations ?? 1024 + 16 * $0.peakLiveUnits },
      program: { SearchProgram($0) }, on: makeTarget)
  }
}

/// Beam search over rounds of macro programs, led by `LevelValue`. The programs are bred by
/// MAP-Elites at the same time; passes of the beam compose them and breed from what they used.
public struct BeamSearch: SearchAlgorithm {
  /// `beam`.
  public var name: String { "beam" }
  /// States kept at each level.
  public let width: Int
  /// Programs tried from each state.
  public let programs: Int

  /// - Parameters:
  ///   - width: at least 1.
  ///   - programs: at least 2.
  public init(width: Int = 4, programs: Int = 24) {
    self.width = max(1, width)
    self.programs = max(2, programs)
  }

  /// A stream of passes on the abstract pool.
  public func stream(_ question: SearchQuestion, number: Int) -> any SearchStream {
    stream(question, number: number) { question.makePool() }
  }

  /// A stream of passes; they find nothing on an allocator that cannot be duplicated.
  public func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream {
    let value = LevelValue(question.geometry)
    let width = width
    // Rounds end by themselves; the limit is there to be repeated with the run.
    let limit = 1 << 40
    let setting = BeamStream.Setting(
      question: question, programs: programs,
      pass: { programs, mostOperations in
        var pass = BeamPass<Target>(question, programs, width: width, value: value)
        let result = pass.run(on: makeTarget(), mostOperations: mostOperations)
        return (result.rounds, result.pages, result.operations)
      },
      measure: { rounds, recording in
        var trial = Trial(question, on: makeTarget(), recording: recording)
        rounds.run(&trial, mostOperations: limit)
        return (SearchOutcome(trial, limit: limit), trial.trace)
      })
    return BeamStream(
      setting, number: number,
      nursery: MacroSearch(.elites).evolution(question, number: number, on: makeTarget))
  }
}

/// A beam over the states of the pool itself, for caps of a few pages: every operation is tried from
/// each state that is kept, and the kept ones are spread over pages, live units and holes.
///
/// It finds the optimum of every small pool that enumeration has solved, in a fraction of the states.
/// At thousands of live units it is lost: there are too many kinds, and a level takes too long.
public struct StateSearch: SearchAlgorithm {
  /// `states`.
  public var name: String { "states" }
  /// A pass cannot be divided, and two that are half as wide find less.
  public var mostStreams: Int { 1 }

  /// The search.
  public init() {}

  /// A stream of passes on the abstract pool.
  public func stream(_ question: SearchQuestion, number: Int) -> any SearchStream {
    stream(question, number: number) { question.makePool() }
  }

  /// A stream of passes; they find nothing on an allocator that cannot be duplicated, and meet the
  /// same states again on one that does not tell them apart.
  public func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream {
    let setting = StateStream.Setting(
      question: question,
      pass: { width, generator, mostOperations in
        var pass = StatePass<Target>(question, width: width, generator)
        let result = pass.run(on: makeTarget(), mostOperations: mostOperations)
        return (result.list, result.pages, result.operations)
      },
      returningPass: { round, generator, mostOperations in
        let result = ReturningPass<Target>.best(
          question, round: round, generator, mostOperations: mostOperations, on: makeTarget)
        return (result.list, result.pages, result.operations)
      },
      measure: { list, recording in
        var trial = Trial(question, on: makeTarget(), recording: recording)
        list.run(&trial, mostOperations: list.operations.count)
        return (SearchOutcome(trial, limit: list.operations.count), trial.trace)
      })
    return StateStream(setting, number: number)
  }
}
