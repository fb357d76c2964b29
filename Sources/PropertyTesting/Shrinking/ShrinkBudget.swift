/// How much a reduction may cost, in executions and operations; never in seconds, so that the
/// same budget gives the same result on any machine.
public struct ShrinkBudget: Sendable, Equatable {
  /// How many candidates may be executed.
  public var executionLimit: Int
  /// How many operations may be executed in all.
  public var operationLimit: Int

  /// Those limits.
  public init(executionLimit: Int = 5_000, operationLimit: Int = 20_000_000) {
    self.executionLimit = executionLimit
    self.operationLimit = operationLimit
  }

  /// The off switch: failures are reported as they were found.
  public static let off = ShrinkBudget(executionLimit: 0, operationLimit: 0)
}
