import PropertyTesting

/// What one strategy made of one trace.
public struct ChallengeOutcome: Sendable {
  /// Operations up to the failure in the given trace.
  public let failingOperations: Int
  /// The trace that is left.
  public let trace: PoolFuzzTrace
  /// Traces executed, the given one included.
  public let executionCount: Int
  /// Traces executed to certify the result; they are not part of the search.
  public let certificateExecutionCount: Int
  /// Whether a certificate says that no operation and no lifetime can be left out.
  public let isOneMinimal: Bool

  /// What the passes of the suite's own shrinker did; empty for other strategies.
  public let statistics: [PassStatistics]

  /// The configuration and operations on one line each: two results are the same form when these
  /// are.
  public var form: String { trace.text() }

  /// Reduces the trace of a seed with the suite's own shrinker.
  public init?(_ task: ChallengeTask, seed: UInt64, budget: ShrinkBudget = ShrinkBudget()) {
    guard let given = task.trace(seed: seed),
      let failure = PoolShrinker.execute(given).failure
    else { return nil }
    let outcome = PoolShrinker.shrink(given, task.identity, budget: budget)
    failingOperations = min(failure.step + 1, given.operations.count)
    trace = outcome.trace
    executionCount = outcome.executionCount
    certificateExecutionCount = outcome.certificateExecutionCount
    isOneMinimal = outcome.isOneMinimal
    statistics = outcome.statistics
  }

  /// Reduces the trace of a seed with a published strategy.
  public init?(_ task: ChallengeTask, seed: UInt64, strategy: PublishedStrategy, limit: Int) {
    guard let tape = task.tape(seed: seed) else { return nil }
    let given = task.decoded(tape).trace
    guard let failure = PoolShrinker.execute(given).failure else { return nil }
    failingOperations = min(failure.step + 1, given.operations.count)
    if strategy == .choiceTape {
      let result = ChoiceTape.reduce(tape, executionLimit: limit) { tape in
        let (trace, ends) = task.decoded(tape)
        let execution = PoolShrinker.execute(trace)
        guard execution.shows(task.identity), let step = execution.failure?.step else {
          return nil
        }
        return step < ends.count ? ends[step] : tape.count
      }
      let reduced = task.decoded(result.tape).trace
      let step = PoolShrinker.execute(reduced).failure?.step ?? 0
      trace = reduced.prefix(step + 1)
      executionCount = result.executionCount
    } else {
      let cut = given.prefix(failingOperations)
      let result = strategy.reduce(cut, executionLimit: limit) {
        PoolShrinker.execute($0).shows(task.identity)
      }
      trace = result.trace
      executionCount = result.executionCount + 1
    }
    var executions = 0
    let certificate = Certificate(of: trace, task.identity) {
      executions += 1
      return PoolShrinker.execute($0)
    }
    certificateExecutionCount = executions
    isOneMinimal = certificate?.isMinimal ?? false
    statistics = []
  }
}
