import PoolTestSupport
import PropertyTesting
import Testing

/// The shrinker beside five published strategies on the same hard traces of five machines.
///
/// The shrinker's executions include those that simplify numbers, which the others do not do.
/// The table is deterministic and pinned: a change of any pass shows here, for better or worse.
@Suite struct ComparisonTests {
  @Test func theTableOfStrategies() {
    var rows = Array(repeating: ComparisonRow(), count: PublishedStrategy.ofTraces.count + 1)
    for bug in ToyPoolBug.allCases where bug != .none {
      add(PoolSubject.self, ToyPoolConfiguration(bug: bug), to: &rows)
    }
    for bug in 1...4 as ClosedRange<UInt64> {
      add(AccountSubject.self, ToyConfiguration(bug: bug), to: &rows)
    }
    for bug in 1...3 as ClosedRange<UInt64> {
      add(CatalogSubject.self, ToyConfiguration(bug: bug), to: &rows)
    }
    for bug in 1...2 as ClosedRange<UInt64> {
      add(HandleSubject.self, ToyConfiguration(bug: bug), to: &rows)
    }
    let names = ["shrinker"] + PublishedStrategy.ofTraces.map(\.rawValue)
    let table = zip(names, rows).map { "\($0): \($1)" }
    if TestScale.isWhole {
      print(table.joined(separator: "\n"))
    } else {
      #expect(table == Self.pinned)
    }
    #expect(rows[0].atBest == rows[0].traces)
    #expect(rows[0].oneMinimal == rows[0].traces)
    for row in rows.dropFirst() {
      #expect(row.operations > rows[0].operations)
      #expect(row.atBest < rows[0].atBest)
    }
  }

  private static let pinned = [
    "shrinker: operations 115 executions 2528 at best 30 1-minimal 30 of 30",
    "ddmin: operations 130 executions 4161 at best 26 1-minimal 30 of 30",
    "backward pass: operations 288 executions 1908 at best 9 1-minimal 9 of 30",
    "forward pass: operations 220 executions 1908 at best 18 1-minimal 19 of 30",
    "one run: operations 132 executions 1842 at best 26 1-minimal 30 of 30",
    "CDD: operations 146 executions 885 at best 21 1-minimal 27 of 30",
  ]

  private func add<Subject: ToySubject>(
    _ subject: Subject.Type, _ configuration: Subject.Machine.Configuration,
    to rows: inout [ComparisonRow]
  ) {
    let runner = TraceRunner<Subject.Machine>()
    let traces = Subject.failing(
      configuration, count: TestScale.count(2, all: 50), seed: 700,
      operationCount: TestScale.count(90, all: 300))
    for failing in traces {
      func fails(_ trace: Subject.ToyTrace) -> Bool {
        runner.run(trace).shows(failing.identity)
      }
      let shrunk = Shrinker(Subject.Machine.self, budget: ShrinkBudget(searchLimit: 0)).shrink(
        failing.trace, failing.identity)
      let best = shrunk.trace.operations.count
      rows[0].add(
        operations: best, executions: shrunk.executionCount, best: best,
        isOneMinimal: isOneMinimal(shrunk.trace, fails))
      for (index, strategy) in PublishedStrategy.ofTraces.enumerated() {
        let result = strategy.reduce(failing.trace, isFailing: fails)
        #expect(fails(result.trace))
        rows[index + 1].add(
          operations: result.trace.operations.count, executions: result.executionCount,
          best: best, isOneMinimal: isOneMinimal(result.trace, fails))
      }
    }
  }

  private func isOneMinimal<C, O>(
    _ trace: Trace<C, O>, _ fails: (Trace<C, O>) -> Bool
  ) -> Bool {
    !trace.operations.indices.contains { fails(trace.removing(at: $0)) }
  }
}

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
