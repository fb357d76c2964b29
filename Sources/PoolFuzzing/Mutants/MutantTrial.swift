import KernelPool
import PropertyTesting

/// One seed of one profile against one planted bug: how long until somebody notices.
public struct MutantTrial: Sendable {
  /// Whether the bug was noticed within the limit.
  public let isKilled: Bool
  /// Traces executed, the killing one included.
  public let executionCount: Int
  /// Operations executed.
  public let operationCount: Int
  /// The rules that the killing trace showed broken.
  public let rules: [String]
  /// Operations between the first full alarm and the first cheap one; nil where cheap checks see
  /// nothing in that trace.
  public let latency: Int?
  /// The killing trace.
  public let trace: PoolFuzzTrace?

  /// Runs traces until the bug is noticed or so many operations are executed.
  public init(_ mutant: Mutant, _ profile: GeneratorProfile, seed: Seed, operationLimit: Int) {
    var executions = 0
    var operations = 0
    var killing: (trace: PoolFuzzTrace, failure: FuzzRun.Failure)?
    while operations < operationLimit, executions < operationLimit, killing == nil {
      var choices = RandomChoices(seed: seed, stream: UInt64(executions))
      let count = choices.draw(from: [25, 50, 100, 200])
      var trace = PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
      trace.configuration.mutant = mutant
      let run = FuzzRun(trace)
      executions += 1
      operations += max(run.operationCount, 1)
      if let failure = run.failure, !Self.isFalseAlarm(trace) {
        killing = (trace.prefix(failure.step + 1), failure)
      }
    }
    isKilled = killing != nil
    executionCount = executions
    operationCount = operations
    trace = killing?.trace
    rules = killing.map { Self.rules($0.failure) } ?? []
    latency = killing.flatMap { Self.latency($0.trace, $0.failure.step) }
  }

  /// Whether the healthy model sets off an alarm as well: then nothing was noticed.
  private static func isFalseAlarm(_ trace: PoolFuzzTrace) -> Bool {
    var healthy = trace
    healthy.configuration.mutant = .none
    return FuzzRun(healthy).failure != nil
  }

  private static func rules(_ failure: FuzzRun.Failure) -> [String] {
    var rules: [String] = []
    for failure in failure.failures where !rules.contains(failure.rule) {
      rules.append(failure.rule)
    }
    return rules
  }

  private static func latency(_ trace: PoolFuzzTrace, _ step: Int) -> Int? {
    var cheap = trace
    cheap.configuration.oracles = .fast
    return FuzzRun(cheap).failure.map { max($0.step - step, 0) }
  }
}
