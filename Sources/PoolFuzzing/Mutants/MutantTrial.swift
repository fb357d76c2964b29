import KernelPool
import PropertyTesting

/// One seed of one profile against one planted bug: how long until somebody notices.
public struct MutantTrial: Sendable {
  /// The planted bug.
  public let mutant: Mutant
  /// The profile's name.
  public let profile: String
  /// The seed.
  public let seed: Seed
  /// Whether the bug was noticed within the limit.
  public let isKilled: Bool
  /// Traces executed, the killing one included.
  public let executionCount: Int
  /// Operations executed.
  public let operationCount: Int
  /// The rules that the killing trace showed broken.
  public let rules: [String]
  /// The killing trace, cut behind the operation that showed it.
  public let trace: PoolFuzzTrace?
  /// The operation of it that showed it.
  public let step: Int

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
    self.mutant = mutant
    self.profile = profile.name
    self.seed = seed
    isKilled = killing != nil
    executionCount = executions
    operationCount = operations
    trace = killing?.trace
    step = killing?.failure.step ?? 0
    rules = killing.map { Self.rules($0.failure) } ?? []
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

  /// Operations between the first full alarm and the first cheap one; nil where cheap checks see
  /// nothing in the killing trace.
  public var latency: Int? {
    guard var cheap = trace else { return nil }
    cheap.configuration.oracles = .fast
    return FuzzRun(cheap).failure.map { max($0.step - step, 0) }
  }

  /// The one rule without which the killing trace would pass: no other objects at that operation,
  /// and with this one silenced none does up to the end. Nil where there are several.
  public var soleRule: String? {
    guard rules.count == 1, let rule = rules.first, let trace,
      FuzzRun(trace, silencing: [rule]).failure == nil
    else { return nil }
    return rule
  }
}
