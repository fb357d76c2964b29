/// How much a property is tested.
public struct PropertySettings: Sendable, Equatable {
  /// From which everything follows.
  public var seed: Seed
  /// The number of the first trace; a replay line names it, to begin there.
  public var firstTrace: Int
  /// How many traces are generated.
  public var traceCount: Int
  /// How long they are at most, in operations; each trace draws a length up to this.
  public var operationLimit: Int
  /// How often invariants are checked.
  public var checks: CheckFrequency
  /// What the reduction of a failure may cost; `.off` reports it as found.
  public var shrinking: ShrinkBudget

  /// Those settings.
  public init(
    seed: Seed, firstTrace: Int = 0, traceCount: Int = 200, operationLimit: Int = 100,
    checks: CheckFrequency = .everyStep, shrinking: ShrinkBudget = ShrinkBudget()
  ) {
    precondition(firstTrace >= 0 && traceCount >= 0 && operationLimit > 0, "settings of nothing")
    self.seed = seed
    self.firstTrace = firstTrace
    self.traceCount = traceCount
    self.operationLimit = operationLimit
    self.checks = checks
    self.shrinking = shrinking
  }
}
