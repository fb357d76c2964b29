import KernelPool
import PoolOracles
import PropertyTesting

/// Reduces failing traces of the pool and certifies the result.
public struct PoolShrinker {
  /// What a reduction came to.
  public struct Outcome: Sendable {
    /// The smallest trace, its slots numbered in order of first use.
    public let trace: PoolFuzzTrace
    /// The failure.
    public let identity: FailureIdentity
    /// How the reduction ended.
    public let ending: ShrinkResult<PoolSetup, PoolOperation>.Ending
    /// Traces executed, those for the certificate excluded.
    public let executionCount: Int
    /// Traces executed for the certificate.
    public let certificateExecutionCount: Int
    /// The certificate; nil where the failure could not be reproduced, or the reduction was
    /// interrupted and the trace is still long.
    public let certificate: Certificate?
    /// What the passes did.
    public let statistics: [PassStatistics]
    /// Other failures met on the way.
    public let others: FailureLedger<PoolSetup, PoolOperation>

    /// Whether a certificate says that no operation and no lifetime can be left out.
    public var isOneMinimal: Bool { certificate?.isMinimal ?? false }

    /// What the passes did, as a table.
    public var statisticsTable: String { PassStatistics.table(statistics) }
  }

  /// What a reduction may cost.
  public var budget: ShrinkBudget
  /// Asked before each execution; true ends the reduction with what it has come to.
  public var isInterrupted: () -> Bool = { false }

  /// Longer traces of interrupted reductions get no certificate: whoever interrupts is in a hurry.
  private static let longInterruptedTrace = 64

  /// A shrinker with that budget.
  public init(budget: ShrinkBudget = ShrinkBudget()) { self.budget = budget }

  /// Executes a trace as the shrinker and certificates do.
  ///
  /// A failure is a planted bug's only where the healthy model passes the same trace: what that shows
  /// too is a failure of another name, so that no reduction wanders into it.
  public static func execute(_ trace: PoolFuzzTrace) -> Execution {
    let execution = TraceRunner<CheckedPool>().run(trace)
    guard execution.failure != nil, let healthy = healthyFailure(of: trace) else {
      return execution
    }
    let identities = healthy.identities.map { FailureIdentity("\(healthyPrefix)\($0)") }
    return Execution(
      failure: Execution.Failure(step: healthy.step, identities: identities),
      skippedSteps: execution.skippedSteps, operationCount: execution.operationCount)
  }

  /// What stands before the identity of a failure that the healthy model shows as well.
  public static let healthyPrefix = "healthy model: "

  /// What the healthy model shows on a trace with a planted bug: a fault of the model or of a check.
  /// Nil where it passes, or no bug is planted. The consequences of misuse are no fault.
  static func healthyFailure(of trace: PoolFuzzTrace) -> Execution.Failure? {
    guard trace.configuration.mutant != .none else { return nil }
    return TraceRunner<CheckedPool>().run(trace.onHealthyModel).failure
  }

  /// The identity of what the healthy model shows on a trace with a planted bug; nil where it passes,
  /// or no bug is planted.
  public static func healthyIdentity(of trace: PoolFuzzTrace) -> FailureIdentity? {
    healthyFailure(of: trace)?.identities.first
  }

  /// Whose failure a trace shows, with the trace that shows it: with a planted bug that is not to
  /// blame, the trace is one of the healthy model. Nil where nothing is wrong.
  public static func triage(
    _ trace: PoolFuzzTrace
  ) -> (trace: PoolFuzzTrace, identity: FailureIdentity)? {
    let execution = TraceRunner<CheckedPool>().run(trace)
    guard let failure = execution.failure else { return nil }
    if let healthy = healthyFailure(of: trace) {
      return (trace.onHealthyModel.prefix(healthy.step + 1), healthy.identities[0])
    }
    return (trace.prefix(failure.step + 1), failure.identities[0])
  }

  /// The identity under which a trace is reduced: what all oracles say of it first; nil where it
  /// shows nothing.
  public static func identity(of trace: PoolFuzzTrace) -> FailureIdentity? {
    execute(trace).failure?.identities.first
  }

  /// Reduces a trace that shows a failure.
  public static func shrink(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity, budget: ShrinkBudget = ShrinkBudget()
  ) -> Outcome {
    PoolShrinker(budget: budget).shrink(trace, identity)
  }

  /// The standard passes, with a pump that knows units and headers, and letters that leave the
  /// lookaside lists. These find what raising numbers one by one finds, and more, in a fraction of
  /// the executions: in the challenge raising took a fifth of all and shortened one trace in 128.
  static let passes: [any ShrinkPass<PoolSetup, PoolOperation>] =
    ShrinkPlan.standard(
      pump: Pump(merging: PoolOperation.merging),
      tiny: TryTinyTraces(alphabets: TinyAlphabets.all)
    ).filter { !($0 is RaiseAndRemove<PoolSetup, PoolOperation>) }

  /// Reduces a trace that shows a failure.
  public func shrink(_ trace: PoolFuzzTrace, _ identity: FailureIdentity) -> Outcome {
    var shrinker = Shrinker(budget: budget, passes: Self.passes, execute: Self.execute)
    shrinker.isInterrupted = isInterrupted
    let result = shrinker.shrink(trace, identity)
    let numbered = Self.renumbered(result.trace)
    var executions = 0
    var certificate: Certificate?
    if result.ending != .interrupted
      || numbered.operations.count <= Self.longInterruptedTrace
    {
      certificate = Certificate(of: numbered, identity) {
        executions += 1
        return Self.execute($0)
      }
    }
    return Outcome(
      trace: numbered, identity: identity, ending: result.ending,
      executionCount: result.executionCount, certificateExecutionCount: executions,
      certificate: certificate, statistics: result.statistics, others: result.ledger)
  }

  /// The trace with its slots numbered in order of first use, as it is read back from a file.
  private static func renumbered(_ trace: PoolFuzzTrace) -> PoolFuzzTrace {
    var numbers: [PropertyTesting.Slot: PropertyTesting.Slot] = [:]
    var copy = trace
    copy.operations = trace.operations.map { operation in
      operation.renamingSlots { slot in
        if let known = numbers[slot] { return known }
        let number = PropertyTesting.Slot(numbers.count)
        numbers[slot] = number
        return number
      }
    }
    return copy
  }
}

extension PropertyTesting.Trace where Configuration == PoolSetup, Operation == PoolOperation {
  /// The same on the healthy model, which may stop where the version documents it.
  var onHealthyModel: PoolFuzzTrace {
    var healthy = self
    healthy.configuration.mutant = configuration.faultOfHealthyModel
    healthy.configuration.faultOfHealthyModel = .none
    healthy.configuration.oracles.remove(.afterMisuse)
    return healthy
  }
}
