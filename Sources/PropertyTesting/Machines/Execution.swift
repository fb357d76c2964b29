/// What came of executing a trace, up to its first failing step.
public struct Execution: Sendable, Equatable {
  /// The first step that showed something wrong.
  public struct Failure: Sendable, Equatable {
    /// The index of the operation; the number of operations when it was the end of the run.
    public let step: Int
    /// What was wrong, in the order reported; never empty.
    public let identities: [FailureIdentity]

    /// Those failures at that step.
    public init(step: Int, identities: [FailureIdentity]) {
      self.step = step
      self.identities = identities
    }
  }

  /// The failure, or nil when nothing is wrong.
  public let failure: Failure?
  /// The indices of the operations that were skipped, in order.
  public let skippedSteps: [Int]
  /// How many operations were executed, skipped ones included.
  public let operationCount: Int

  /// An outcome, for machines that bring a runner of their own.
  public init(failure: Failure?, skippedSteps: [Int], operationCount: Int) {
    self.failure = failure
    self.skippedSteps = skippedSteps
    self.operationCount = operationCount
  }

  /// Whether this failure was among those of the failing step.
  public func shows(_ identity: FailureIdentity) -> Bool {
    failure?.identities.contains(identity) ?? false
  }
}
