import KernelPool
import PropertyTesting

/// What one numbered batch came to. It depends on the plan, its number and the corpus of its epoch.
public struct FuzzBatch: Sendable {
  /// A failing trace.
  public struct Finding: Sendable {
    /// The trace, cut behind the failing operation.
    public let trace: PoolFuzzTrace
    /// What it showed.
    public let failure: FuzzRun.Failure
    /// The profile that made it.
    public let profile: String
    /// The number of the trace within the campaign.
    public let number: UInt64
    /// Whether it is the alarm's own test.
    public let isCanary: Bool
  }

  /// A trace that showed features unknown to its epoch.
  struct Novelty: Sendable {
    let trace: PoolFuzzTrace
    let features: [UInt16]
  }

  /// The batch's number.
  public let number: UInt64
  /// Its failing traces.
  public private(set) var findings: [Finding] = []
  /// Operations executed.
  public private(set) var operationCount: UInt64 = 0
  /// Traces executed.
  public private(set) var traceCount: UInt64 = 0
  /// Traces that were the alarm's own test.
  public private(set) var canaryCount: UInt64 = 0
  var novelties: [Novelty] = []

  /// Runs a batch.
  init(_ plan: FuzzPlan, number: UInt64, corpus: FuzzCorpus) {
    self.number = number
    for index in 0..<plan.tracesPerBatch {
      let trace = number * UInt64(plan.tracesPerBatch) + UInt64(index)
      run(plan, trace, corpus)
    }
  }

  private mutating func run(_ plan: FuzzPlan, _ number: UInt64, _ corpus: FuzzCorpus) {
    var choices = RandomChoices(seed: plan.seed, stream: number)
    let profile = choices.draw(from: plan.profiles)
    let isCanary = plan.canaryInterval > 0 && choices.draw(below: plan.canaryInterval) == 0
    var trace = Self.trace(plan, profile, corpus, &choices)
    trace.configuration.mutant = isCanary ? FuzzPlan.canary : plan.mutant
    trace.configuration.oracles = plan.oracles
    let run = FuzzRun(trace)
    operationCount += UInt64(run.operationCount)
    traceCount += 1
    canaryCount += isCanary ? 1 : 0
    if let failure = run.failure {
      let cut = trace.prefix(failure.step + 1)
      findings.append(
        Finding(
          trace: cut, failure: failure, profile: profile.name, number: number,
          isCanary: isCanary))
    } else if run.features.contains(where: { !corpus.signature.contains($0) }) {
      novelties.append(Novelty(trace: trace, features: run.features))
    }
  }

  private static func trace(
    _ plan: FuzzPlan, _ profile: GeneratorProfile, _ corpus: FuzzCorpus,
    _ choices: inout RandomChoices
  ) -> PoolFuzzTrace {
    // Misuse ends a trace by rule; a mutated one could not keep to that.
    if profile.negative == nil, !corpus.traces.isEmpty, choices.chance(1, in: 3) {
      let base = choices.draw(from: corpus.traces)
      let other = choices.draw(from: corpus.traces)
      return TraceMutation.mutate(
        base, other: other, limit: 2 * plan.operationsPerTrace, &choices)
    }
    let count = choices.draw(from: [1, 2, 4, 8]) * plan.operationsPerTrace / 8
    return PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
  }
}
