/// What one pass did in one reduction.
public struct PassStatistics: Sendable, Equatable {
  /// The name of the pass.
  public let name: String
  /// Candidates executed.
  public internal(set) var executionCount = 0
  /// Candidates that were executed before, by any pass.
  public internal(set) var knownCount = 0
  /// Candidates that were not smaller, and so not executed.
  public internal(set) var notSmallerCount = 0
  /// Candidates that failed in the same way and replaced the trace.
  public internal(set) var acceptedCount = 0
  /// Operations that the trace lost by them.
  public internal(set) var removedCount = 0

  init(name: String) {
    self.name = name
  }
}
