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
