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

  /// Runs all streams on the abstract pool of the question.
  public func search(_ question: SearchQuestion) async -> SearchAnswer {
    await run(SearchCampaign(question, self))
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
    return await run(SearchCampaign(question, name: name, streams: streams))
  }

  private func run(_ campaign: SearchCampaign) async -> SearchAnswer {
    var campaign = campaign
    while !campaign.isDone { await campaign.runEpoch() }
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
