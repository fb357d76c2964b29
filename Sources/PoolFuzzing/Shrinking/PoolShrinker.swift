import KernelPool
import PropertyTesting

/// Reduces failing traces of the pool and certifies the result.
public enum PoolShrinker {
  /// What a reduction came to.
  public struct Outcome: Sendable {
    /// The smallest trace, its slots numbered in order of first use.
    public let trace: PoolFuzzTrace
    /// The failure.
    public let identity: FailureIdentity
    /// Whether no operation and no lifetime can be left out.
    public let isOneMinimal: Bool
    /// Traces executed, those for the certificate excluded.
    public let executionCount: Int
    /// The certificate; nil where the failure could not be reproduced.
    public let certificate: Certificate?
    /// The first operation after which the pool was already wrong, counted from 0.
    public let causeStep: Int?
    /// Statistics of the passes, as a table.
    public let statistics: String
    /// Other failures met on the way.
    public let others: FailureLedger<PoolSetup, PoolOperation>
  }

  /// Executes a trace as the shrinker and certificates do.
  public static func execute(_ trace: PoolFuzzTrace) -> Execution {
    TraceRunner<PoolMachine>().run(trace)
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
    var passes: [any ShrinkPass<PoolSetup, PoolOperation>] = ShrinkPlan.standard()
    let place = passes.firstIndex { $0.name.contains("config") } ?? passes.count
    passes.insert(SizesToClasses(), at: place)
    let shrinker = Shrinker(budget: budget, passes: passes, execute: execute)
    let result = shrinker.shrink(trace, identity)
    let numbered = renumbered(result.trace)
    let certificate = Certificate(of: numbered, identity, execute: execute)
    return Outcome(
      trace: numbered, identity: identity, isOneMinimal: certificate?.isMinimal ?? false,
      executionCount: result.executionCount, certificate: certificate,
      causeStep: TraceRunner<PoolMachine>.causeStep(of: numbered),
      statistics: result.statisticsTable,
      others: result.ledger)
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
