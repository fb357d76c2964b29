import PropertyTesting

/// What a target's failing trace is reduced to, and the step of it that only allocators need.
extension TargetTester {
  /// A reduced failing trace.
  public struct Reduced: Sendable {
    /// The trace, its slots numbered in order of first use.
    public let trace: TargetTrace
    /// The failure.
    public let identity: FailureIdentity
    /// For each operation and lifetime, what happens without it; nil where the time was over.
    public let certificate: Certificate?
    /// Traces executed.
    public let executionCount: Int
    /// Whether nothing can be left out.
    public var isOneMinimal: Bool { certificate?.isMinimal ?? false }
  }

  /// A failing trace without one of its operations, which was needed only for the sizes that others
  /// have: all that have the same size get another. Nil where none is found among some hundreds.
  func withoutOneMore(
    _ trace: TargetTrace, _ identity: FailureIdentity
  ) -> (trace: TargetTrace?, executionCount: Int) {
    let arena = trace.configuration.arenaBytes
    let others = [arena, arena / 4 * 3, arena / 2 - arena / 20, arena - 64, 1 << 40, 1]
    var count = 0
    guard trace.operations.count > 1, trace.operations.count <= 12 else { return (nil, 0) }
    for place in trace.operations.indices {
      var operations = trace.operations
      operations.remove(at: place)
      let sizes = Set(operations.filter { $0.requestedBytes != 0 }.map(\.bytes)).sorted()
      for (size, other) in sizes.flatMap({ size in others.map { (size, $0) } }) where size != other
      {
        var candidate = trace
        candidate.operations = operations.map { operation in
          var copy = operation
          if copy.bytes == size { copy.bytes = other }
          return copy
        }
        guard count < 600, !isOver() else { return (nil, count) }
        guard candidate.operations.allSatisfy(capabilities.allows) else { continue }
        count += 1
        if execution(of: candidate).failure?.identities.contains(identity) == true {
          return (candidate, count)
        }
      }
    }
    return (nil, count)
  }
}
