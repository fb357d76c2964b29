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
