/// What a reduction came to.
public struct ShrinkResult<Configuration: TraceConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// How it ended.
  public enum Ending: Sendable, Equatable {
    /// No pass could do more: no operation, and no lifetime, can be taken away.
    case oneMinimal
    /// The budget was used up; the trace fails but may not be minimal.
    case budgetExhausted
    /// Somebody wanted an end; the trace fails but may not be minimal.
    case interrupted
    /// Shrinking was off.
    case off
    /// The given trace does not show the failure: the machine is not deterministic, or the
    /// identity is that of another trace.
    case notReproduced
  }

  /// The smallest trace found that shows the failure.
  public let trace: Trace<Configuration, Operation>
  /// The failure.
  public let identity: FailureIdentity
  /// How it ended.
  public let ending: Ending
  /// How many traces were executed, the given one included.
  public let executionCount: Int
  /// How many operations were executed.
  public let operationCount: Int
  /// What each pass did.
  public let statistics: [PassStatistics]
  /// Other failures met on the way.
  public let ledger: FailureLedger<Configuration, Operation>

  /// The statistics as a table, a pass a line.
  public var statisticsTable: String { PassStatistics.table(statistics) }
}
