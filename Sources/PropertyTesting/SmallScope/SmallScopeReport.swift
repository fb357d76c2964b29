/// What an enumeration of all small traces found.
public struct SmallScopeReport<Configuration: TraceConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// The smallest trace, in `TraceOrder`, of each failure: in order of discovery, or, where branches
  /// were searched side by side, in the traces' order.
  public private(set) var minima:
    [(identity: FailureIdentity, trace: Trace<Configuration, Operation>)] = []
  /// How many traces were executed, by length; the first is for length 1.
  public internal(set) var executionCounts: [Int] = []
  /// Whether every trace of the lengths counted was executed or is covered by one that was.
  public internal(set) var isComplete = true

  /// How many traces were executed.
  public var executionCount: Int { executionCounts.reduce(0, +) }

  /// The smallest trace of a failure, if it was found.
  public func minimum(of identity: FailureIdentity) -> Trace<Configuration, Operation>? {
    minima.first { $0.identity == identity }?.trace
  }

  /// Nothing yet.
  init() {}

  /// What several searches of different traces found together.
  init(merging reports: [SmallScopeReport]) {
    isComplete = reports.allSatisfy(\.isComplete)
    for report in reports {
      let missing = max(report.executionCounts.count - executionCounts.count, 0)
      executionCounts += Array(repeating: 0, count: missing)
      for (length, count) in report.executionCounts.enumerated() {
        executionCounts[length] += count
      }
      for (identity, trace) in report.minima { note(identity, trace) }
    }
    minima.sort { left, right in
      if TraceOrder.isSmaller(left.trace, than: right.trace) { return true }
      if TraceOrder.isSmaller(right.trace, than: left.trace) { return false }
      return left.identity.description < right.identity.description
    }
  }

  mutating func note(_ identity: FailureIdentity, _ trace: Trace<Configuration, Operation>) {
    guard let index = minima.firstIndex(where: { $0.identity == identity }) else {
      minima.append((identity, trace))
      return
    }
    if TraceOrder.isSmaller(trace, than: minima[index].trace) { minima[index].trace = trace }
  }
}
