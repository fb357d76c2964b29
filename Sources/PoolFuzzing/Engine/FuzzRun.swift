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
    var machine = CheckedPool(configuration: trace.configuration)
    var failures: [PoolFailure] = []
    var found: Failure?
    var seen = StateSignature()
    var reached: [StateSignature.Feature] = []
    var before: Mechanisms = []
    _ = machine.takeMechanisms()
    let name = trace.configuration.configuration.pool.profile.name
    let version = Profile.all.firstIndex { $0.name == name } ?? 0
    for (step, operation) in trace.operations.enumerated() {
      let effect = machine.perform(operation, &failures)
      if effect == .skipped { continue }
      if failures.isEmpty { machine.check(&failures) }
      if !silent.isEmpty { failures.removeAll { silent.contains($0.rule) } }
      if !failures.isEmpty {
        found = Self.failure(failures, step, operation)
        break
      }
      let now = machine.takeMechanisms()
      let features = StateSignature.features(
        operation.operationKind, now, after: before, live: machine.liveCount, version: version)
      before = now
      if seen.insert(features.0) { reached.append(features.0) }
      if seen.insert(features.1) { reached.append(features.1) }
    }
    if found == nil {
      machine.finish(&failures)
      if !silent.isEmpty { failures.removeAll { silent.contains($0.rule) } }
      if !failures.isEmpty { found = Self.failure(failures, trace.operations.count, nil) }
    }
    failure = found
    features = reached
    operationCount = Int(clamping: machine.operationCount)
    referenceCounts = machine.referenceCounts
  }

  private static func failure(
    _ failures: [PoolFailure], _ step: Int, _ operation: PoolOperation?
  ) -> Failure {
    var identities: [FailureIdentity] = []
    for failure in failures {
      let identity = failure.identity(after: operation?.operation)
      if !identities.contains(identity) { identities.append(identity) }
    }
    return Failure(step: step, failures: failures, identities: identities)
  }
}
