import Dispatch
import KernelPool
import PoolOracles
import PropertyTesting
import Synchronization

/// The traces that a campaign or a reduction executes at this moment, with the profile that made each.
public typealias RunningTraces = RunningWork<(trace: PoolFuzzTrace, profile: String)>

/// Runs a campaign epoch by epoch on any number of threads, with the same findings for any number.
///
/// Work goes out in numbered batches. Within an epoch every batch sees the state as the epoch found
/// it; at its end the batches are taken in by number. Nothing depends on the clock or on which
/// thread was first.
public final class FuzzEngine: Sendable {
  /// The plan.
  public let plan: FuzzPlan
  /// What it executes at this moment.
  public let running: RunningTraces
  private let current: Mutex<(state: FuzzState, ofWholeEpochs: FuzzState)>

  /// A campaign from a state, or from its beginning.
  public init(
    _ plan: FuzzPlan, state: FuzzState? = nil, running: RunningTraces = RunningTraces()
  ) {
    self.plan = plan
    self.running = running
    let state = state ?? FuzzState(plan)
    current = Mutex((state, state))
  }

  /// The state as of the last epoch.
  public var state: FuzzState { current.withLock { $0.state } }

  /// The state to save: as of the last epoch, or of the one before where the campaign's limit cut the last
  /// one short. Whoever goes on from it with a higher limit runs that epoch whole, as if the limit had
  /// never been lower; with the same limit what it found is found again.
  public var stateOfWholeEpochs: FuzzState { current.withLock { $0.ofWholeEpochs } }

  /// Runs one epoch of at most `batchLimit` batches; returns the failing traces that are worth a
  /// closer look, in the order of their numbers. Where it is interrupted the epoch counts for
  /// nothing, and nil is returned: its batches can be run again.
  public func runEpoch(
    jobs: Int, batchLimit: Int = .max, isInterrupted: @Sendable () -> Bool = { false }
  ) -> [FuzzBatch.Finding]? {
    let state = self.state
    let count = min(plan.epochLength(at: state.nextBatch), max(batchLimit, 0))
    let results = Mutex<[FuzzBatch?]>(Array(repeating: nil, count: count))
    let next = Atomic<Int>(0)
    let (plan, running) = (self.plan, self.running)
    DispatchQueue.concurrentPerform(iterations: max(1, min(jobs, count))) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        let number = state.nextBatch + UInt64(index)
        guard
          let batch = FuzzBatch(
            plan, number: number, state, running, isInterrupted: isInterrupted)
        else { return }
        results.withLock { $0[index] = batch }
      }
    }
    let batches = results.withLock { $0.compactMap { $0 } }
    guard batches.count == count else { return nil }
    let end = (state.nextBatch + UInt64(count)) * UInt64(plan.tracesPerBatch)
    let isWhole = count == plan.epochLength(at: state.nextBatch) && end <= plan.traceLimit
    return current.withLock { current in
      let isBehind = current.ofWholeEpochs.nextBatch < current.state.nextBatch
      let findings = current.state.take(batches, plan)
      if isWhole, !isBehind { current.ofWholeEpochs = current.state }
      return findings
    }
  }
}

/// Everything that decides what a campaign does; two campaigns of one plan find the same.
public struct FuzzPlan: Sendable {
  /// The seed of everything.
  public var seed: Seed
  /// The portfolio.
  public var profiles: [GeneratorProfile]
  /// A planted bug.
  public var mutant: Mutant = .none
  /// The bug of the model that triage takes for healthy: none, but where triage itself is tested.
  public var faultOfHealthyModel: Mutant = .none
  /// What is checked.
  public var oracles: OracleSet = .everything
  /// Operations of a trace at most; a profile may have longer ones.
  public var operationsPerTrace = 400
  /// Traces of a batch.
  public var tracesPerBatch = 16
  /// Traces of the campaign at most: a last batch ends there.
  public var traceLimit = UInt64.max
  /// Batches of a late epoch: novelty is shared between epochs, never within one.
  public var batchesPerEpoch = 32
  /// Novel traces that are kept for mutation.
  var corpusLimit = 512
  /// One trace in so many runs on a model with a bug in it: the alarm must go off. 0 is never.
  public var canaryInterval: UInt64 = 0
  /// Failing traces of one failure that are worth a closer look.
  public var findingsPerFailure: UInt64 = 4

  /// A plan with the usual sizes.
  public init(seed: Seed, profiles: [GeneratorProfile] = GeneratorProfile.all) {
    self.seed = seed
    self.profiles = profiles
  }

  /// Batches of the epoch that begins at a batch: few at first, while every trace shows something
  /// new, and more later, so that many threads find work.
  func epochLength(at batch: UInt64) -> Int {
    min(batchesPerEpoch, Int(clamping: batch / 4) + 1)
  }
}

/// One executed trace: what it showed and what it reached.
public struct FuzzRun: Sendable {
  /// The failure: the operation's index, or the number of operations at the end of the trace.
  public struct Failure: Sendable {
    /// Index of the operation.
    public let step: Int
    /// What is wrong, in the order reported; never empty.
    public let failures: [PoolFailure]
    /// The same as identities.
    public let identities: [FailureIdentity]
  }

  /// The first failure, or nil.
  public let failure: Failure?
  /// Features that were reached, each once, in order.
  public let features: [StateSignature.Feature]
  /// Operations that did something.
  public let operationCount: Int
  /// What the reference allocator said and did not say.
  public let referenceCounts: ReferenceCounts

  /// Executes a trace; rules that are silenced do not count.
  public init(_ trace: PoolFuzzTrace, silencing silent: Set<String> = []) {
    var seen = StateSignature()
    self.init(trace, silencing: silent, marking: &seen)
  }

  /// Executes a trace with an empty signature of somebody's, which is empty again afterwards: making
  /// one for each trace takes as long as some of its operations.
  init(
    _ trace: PoolFuzzTrace, silencing silent: Set<String> = [], marking seen: inout StateSignature
  ) {
    var shown: [PoolFailure] = []
    var reached: [StateSignature.Feature] = []
    var before: Mechanisms = []
    var count: UInt64 = 0
    var counts = ReferenceCounts()
    let name = trace.configuration.configuration.pool.profile.name
    let version = Profile.all.firstIndex { $0.name == name } ?? 0
    let execution = TraceRunner<CheckedPool>().run(trace) { moment, machine, failures in
      if !silent.isEmpty { failures.removeAll { silent.contains($0.rule) } }
      count = UInt64(machine.operationCount)
      guard failures.isEmpty else {
        counts = machine.referenceCounts
        return shown = failures
      }
      let now = machine.takeMechanisms()
      guard case .judged(let step, _) = moment else {
        counts = machine.referenceCounts
        return
      }
      let features = StateSignature.features(
        trace.operations[step].operationKind, now, after: before, live: machine.liveCount,
        version: version)
      before = now
      if seen.insert(features.0) { reached.append(features.0) }
      if seen.insert(features.1) { reached.append(features.1) }
    }
    failure = execution.failure.map {
      Failure(step: $0.step, failures: shown, identities: $0.identities)
    }
    seen.remove(reached)
    features = reached
    operationCount = Int(clamping: count)
    referenceCounts = counts
  }
}

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
    _ plan: FuzzPlan, number: UInt64, _ state: FuzzState, _ running: RunningTraces,
    isInterrupted: () -> Bool
  ) {
    self.number = number
    uses = Array(repeating: Use(), count: plan.profiles.count)
    var seen = StateSignature()
    for index in 0..<plan.tracesPerBatch {
      if isInterrupted() { return nil }
      let trace = number * UInt64(plan.tracesPerBatch) + UInt64(index)
      guard trace < plan.traceLimit else { break }
      run(plan, trace, state, running, &seen)
    }
  }

  private mutating func run(
    _ plan: FuzzPlan, _ number: UInt64, _ state: FuzzState, _ running: RunningTraces,
    _ seen: inout StateSignature
  ) {
    var choices = RandomChoices(seed: plan.seed, stream: number)
    if plan.canaryInterval > 0, choices.draw(below: plan.canaryInterval) == 0 {
      canaryCount += 1
      caughtCanaries += Canary.setsOffTheAlarm(plan.oracles, &choices) ? 1 : 0
      return
    }
    // It is filed already, as one that takes too long.
    guard !state.slowTraces.contains(number) else { return }
    let index = state.scheduler.draw(&choices)
    let profile = plan.profiles[index]
    var trace = Self.trace(plan, profile, state.corpus, &choices)
    trace.configuration.mutant = plan.mutant
    trace.configuration.faultOfHealthyModel = plan.faultOfHealthyModel
    trace.configuration.oracles = plan.oracles
    let run = running.executing((trace, profile.name), number) { FuzzRun(trace, marking: &seen) }
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
        let again = running.executing((healthy, profile.name), number) { FuzzRun(healthy) }
        if let failure = again.failure {
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
    let count = choices.draw(from: profile.lengths) * plan.operationsPerTrace / 8
    return PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
  }
}
