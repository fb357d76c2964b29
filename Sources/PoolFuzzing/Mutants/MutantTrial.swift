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
  /// The number of the killing trace among those of its seed; nil where there is none.
  public let stream: UInt64?

  /// Runs traces until the bug is noticed or so many operations are executed.
  public init(_ mutant: Mutant, _ profile: GeneratorProfile, seed: Seed, operationLimit: Int) {
    var executions = 0
    var operations = 0
    var killing: (trace: PoolFuzzTrace, failure: FuzzRun.Failure)?
    while operations < operationLimit, executions < operationLimit, killing == nil {
      let trace = Self.trace(mutant, profile, seed: seed, stream: UInt64(executions))
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
    stream = killing == nil ? nil : UInt64(executions - 1)
    rules = killing.map { Self.rules($0.failure) } ?? []
  }

  private static func trace(
    _ mutant: Mutant, _ profile: GeneratorProfile, seed: Seed, stream: UInt64
  ) -> PoolFuzzTrace {
    var choices = RandomChoices(seed: seed, stream: stream)
    let count = choices.draw(from: [25, 50, 100, 200])
    var trace = PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
    trace.configuration.mutant = mutant
    return trace
  }

  /// Runs one numbered trace of a seed: the one that a longer search has already found.
  public init(_ mutant: Mutant, _ profile: GeneratorProfile, seed: Seed, stream: UInt64) {
    let trace = Self.trace(mutant, profile, seed: seed, stream: stream)
    let run = FuzzRun(trace)
    let failure = Self.isFalseAlarm(trace) ? nil : run.failure
    self.mutant = mutant
    self.profile = profile.name
    self.seed = seed
    isKilled = failure != nil
    executionCount = 1
    operationCount = run.operationCount
    self.trace = failure.map { trace.prefix($0.step + 1) }
    step = failure?.step ?? 0
    self.stream = failure == nil ? nil : stream
    rules = failure.map { Self.rules($0) } ?? []
  }

  /// Whether the healthy model sets off an alarm as well: then nothing was noticed.
  private static func isFalseAlarm(_ trace: PoolFuzzTrace) -> Bool {
    FuzzRun(trace.onHealthyModel).failure != nil
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

  /// The one rule without which the invariants would not have noticed: in the killing trace no
  /// other of them objects at the same operation, and with this one silenced none does up to the
  /// end. Nil where there are several, or where only other oracles noticed.
  public var soleRule: String? {
    guard let stream, let profile = GeneratorProfile.named(profile) else { return nil }
    var whole = Self.trace(mutant, profile, seed: seed, stream: stream)
    whole.configuration.oracles = [.fullInvariants, .finalInvariants]
    guard let failure = FuzzRun(whole).failure else { return nil }
    let rules = Self.rules(failure)
    guard rules.count == 1, FuzzRun(whole, silencing: Set(rules)).failure == nil else { return nil }
    return rules[0]
  }
}
