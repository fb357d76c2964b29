import PropertyTesting

/// What one strategy made of a set of failing traces: sums, so that nothing is rounded.
struct ComparisonRow: Equatable, CustomStringConvertible {
  var operations = 0
  var executions = 0
  var atBest = 0
  var oneMinimal = 0
  var traces = 0

  var description: String {
    "operations \(operations) executions \(executions) at best \(atBest) "
      + "1-minimal \(oneMinimal) of \(traces)"
  }

  mutating func add(operations: Int, executions: Int, best: Int, isOneMinimal: Bool) {
    self.operations += operations
    self.executions += executions
    atBest += operations == best ? 1 : 0
    oneMinimal += isOneMinimal ? 1 : 0
    traces += 1
  }

  static func + (left: Self, right: Self) -> Self {
    ComparisonRow(
      operations: left.operations + right.operations,
      executions: left.executions + right.executions, atBest: left.atBest + right.atBest,
      oneMinimal: left.oneMinimal + right.oneMinimal, traces: left.traces + right.traces)
  }
}
