import KernelPool
import PoolOracles
import PropertyTesting

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
    var shown: [PoolFailure] = []
    var seen = StateSignature()
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
    features = reached
    operationCount = Int(clamping: count)
    referenceCounts = counts
  }
}
