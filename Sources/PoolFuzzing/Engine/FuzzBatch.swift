import KernelPool
import PoolOracles
import PropertyTesting

/// What one numbered batch came to. It depends on the plan, its number and the state of its epoch.
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
    /// Whether a bug is planted and the healthy model shows the failure as well: a fault of the model
    /// or of a check.
    public var isOfHealthyModel = false

    /// The name that failures are counted by: one of the healthy model hides none of the bug's.
    var countedIdentity: FailureIdentity {
      let first = failure.identities[0]
      return isOfHealthyModel ? FailureIdentity("\(PoolShrinker.healthyPrefix)\(first)") : first
    }
  }

  /// A trace that showed features unknown to its epoch.
  struct Novelty: Sendable {
    let trace: PoolFuzzTrace
    let features: [StateSignature.Feature]
    let profile: Int
  }

  /// What a profile took of the batch.
  struct Use: Sendable {
    var traces: UInt64 = 0
    var operations: UInt64 = 0
    var failures: UInt64 = 0
  }

  /// The batch's number.
  let number: UInt64
  /// Its failing traces.
  private(set) var findings: [Finding] = []
  /// What each profile took, in the order of the plan.
  private(set) var uses: [Use]
  /// Traces that showed something new.
  private(set) var novelties: [Novelty] = []
  /// What the reference allocator said and did not say.
  private(set) var referenceCounts = ReferenceCounts()
  /// Tests of the alarm.
  private(set) var canaryCount: UInt64 = 0
  /// Tests of the alarm that set it off.
  private(set) var caughtCanaries: UInt64 = 0

  /// Runs a batch; nil where it is interrupted.
  init?(
    _ plan: FuzzPlan, number: UInt64, _ state: FuzzState, isInterrupted: () -> Bool
  ) {
    self.number = number
    uses = Array(repeating: Use(), count: plan.profiles.count)
    for index in 0..<plan.tracesPerBatch {
      if isInterrupted() { return nil }
      let trace = number * UInt64(plan.tracesPerBatch) + UInt64(index)
      run(plan, trace, state)
    }
  }

  private mutating func run(_ plan: FuzzPlan, _ number: UInt64, _ state: FuzzState) {
    var choices = RandomChoices(seed: plan.seed, stream: number)
    if plan.canaryInterval > 0, choices.draw(below: plan.canaryInterval) == 0 {
      canaryCount += 1
      caughtCanaries += Canary.setsOffTheAlarm(plan.oracles, &choices) ? 1 : 0
      return
    }
    let index = state.bandit.draw(&choices)
    let profile = plan.profiles[index]
    var trace = Self.trace(plan, profile, state.corpus, &choices)
    trace.configuration.mutant = plan.mutant
    trace.configuration.faultOfHealthyModel = plan.faultOfHealthyModel
    trace.configuration.oracles = plan.oracles
    let run = FuzzRun(trace)
    uses[index].traces += 1
    uses[index].operations += UInt64(run.operationCount)
    referenceCounts.add(run.referenceCounts)
    if let failure = run.failure {
      uses[index].failures += 1
      var finding = Finding(
        trace: trace.prefix(failure.step + 1), failure: failure, profile: profile.name,
        number: number)
      // What the healthy model shows as well is not the planted bug's.
      if plan.mutant != .none {
        let healthy = finding.trace.onHealthyModel
        if let failure = FuzzRun(healthy).failure {
          finding = Finding(
            trace: healthy.prefix(failure.step + 1), failure: failure, profile: profile.name,
            number: number, isOfHealthyModel: true)
        }
      }
      findings.append(finding)
    } else if run.features.contains(where: { !state.corpus.signature.contains($0) }) {
      novelties.append(Novelty(trace: trace, features: run.features, profile: index))
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
