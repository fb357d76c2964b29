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
      returningPass: { width, generator, mostOperations in
        var pass = ReturningPass<Target>(question, width: width, generator)
        let result = pass.run(on: makeTarget(), mostOperations: mostOperations)
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
