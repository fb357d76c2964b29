import PropertyTesting
import Testing

@Suite struct ShrinkerTests {
  private typealias PoolTrace = Trace<ToyPoolConfiguration, ToyPoolOperation>
  private let lost = FailureIdentity("pageNotTiled after alloc")

  private func trace(_ lines: String..., bug: ToyPoolBug = .splitLosesUnit) -> PoolTrace {
    PoolTrace(
      configuration: ToyPoolConfiguration(bug: bug),
      operations: lines.compactMap { ToyPoolOperation($0) })
  }

  @Test func theOffSwitchExecutesNothing() {
    let given = trace("alloc s0 1", "alloc s1 63", "alloc s2 63")
    let result = Shrinker(ToyPool.self, budget: .off).shrink(given, lost)
    #expect(result.ending == .off)
    #expect(result.executionCount == 0)
    #expect(result.trace == given)
  }

  @Test func aTraceThatDoesNotFailIsNotShrunk() {
    let result = Shrinker(ToyPool.self).shrink(trace("alloc s0 5"), lost)
    #expect(result.ending == .notReproduced)
    #expect(result.executionCount == 1)
    let other = Shrinker(ToyPool.self).shrink(trace("alloc s0 63"), FailureIdentity("other"))
    #expect(other.ending == .notReproduced)
    #expect(other.ledger.entries.map(\.identity) == [lost])
  }

  @Test func budgetsAreKept() {
    let failing = PoolSubject.failing(
      ToyPoolConfiguration(bug: .oneTooDeep), count: 1, seed: 5)[0]
    for limit in [1, 2, 10, 50] {
      let budget = ShrinkBudget(executionLimit: limit)
      let result = Shrinker(ToyPool.self, budget: budget).shrink(failing.trace, failing.identity)
      #expect(result.ending == .budgetExhausted)
      #expect(result.executionCount == limit)
      #expect(TraceRunner<ToyPool>().run(result.trace).shows(failing.identity))
    }
    let byOperations = ShrinkBudget(operationLimit: 1_000)
    let result = Shrinker(ToyPool.self, budget: byOperations).shrink(
      failing.trace, failing.identity)
    #expect(result.ending == .budgetExhausted)
    #expect((1_000...1_000 + failing.trace.operations.count).contains(result.operationCount))
  }

  /// A bug met on the way is no smaller version of the one looked for.
  @Test func shrinkingDoesNotSlipAndForgetsNothing() throws {
    let failing = try #require(
      CatalogSubject.failing(ToyConfiguration(bug: 3), count: 12, seed: 100).first {
        $0.identity == FailureIdentity("triple")
      })
    let result = Shrinker(Catalog.self, budget: ShrinkBudget(searchLimit: 0)).shrink(
      failing.trace, failing.identity)
    #expect(result.identity == FailureIdentity("triple"))
    #expect(TraceRunner<Catalog>().run(result.trace).shows(result.identity))
    #expect(result.ledger.entries.map(\.identity.description) == ["pair"])
    #expect(result.ledger.entries[0].seenCount > 1)
  }

  @Test func theConfigurationGoesToItsDefaults() {
    var given = trace("alloc s0 63")
    given.configuration = ToyPoolConfiguration(bug: .splitLosesUnit, pages: 7, depth: 0)
    let result = Shrinker(ToyPool.self).shrink(given, lost)
    #expect(result.trace.configuration == ToyPoolConfiguration(bug: .splitLosesUnit))
    let needed = trace("alloc s0 1", "alloc s1 1", "free s0", "free s1", bug: .forgetsPrevious)
    var off = needed
    off.configuration.depth = 0
    off.configuration.pages = 8
    let kept = Shrinker(ToyPool.self).shrink(off, FailureIdentity("freeNeighbours after free"))
    // A depth of 0 is away from the default, but blocks of 5 do without it.
    #expect(kept.trace.configuration == ToyPoolConfiguration(bug: .forgetsPrevious))
    #expect(kept.trace.operations.map(\.description).first == "alloc s0 5")
  }

  @Test func statisticsAddUp() {
    let failing = PoolSubject.failing(
      ToyPoolConfiguration(bug: .counterDrift), count: 1, seed: 6)[0]
    let result = Shrinker(ToyPool.self, budget: ShrinkBudget(searchLimit: 0)).shrink(
      failing.trace, failing.identity)
    let executions = result.statistics.reduce(0) { $0 + $1.executionCount }
    #expect(executions + 1 == result.executionCount)
    let removed = result.statistics.reduce(0) { $0 + $1.removedCount }
    #expect(removed <= failing.trace.operations.count - result.trace.operations.count)
    #expect(result.statistics.last?.name == "1-minimality")
    #expect(result.statistics.last?.acceptedCount == 0)
    let lines = result.statisticsTable.split(separator: "\n")
    // A heading and the sums stand around the rows.
    #expect(lines.count == result.statistics.count + 2)
    #expect(Set(lines.map(\.count)).count == 1)
  }

  @Test func theResultIsTheSameEveryTime() {
    let failing = HandleSubject.failing(ToyConfiguration(bug: 1), count: 4, seed: 9)
    for one in failing {
      let first = Shrinker(Handles.self, budget: ShrinkBudget(searchLimit: 0)).shrink(
        one.trace, one.identity)
      let second = Shrinker(Handles.self, budget: ShrinkBudget(searchLimit: 0)).shrink(
        one.trace, one.identity)
      #expect(first.trace == second.trace)
      #expect(first.statistics == second.statistics)
    }
  }

  /// A pass cannot make a trace bigger, nor leave it as it is: the order is kept at the door.
  @Test func aPassThatGoesUpIsNotFollowed() {
    let shrinker = Shrinker<ToyPoolConfiguration, ToyPoolOperation>(passes: [GoUp()]) {
      TraceRunner<ToyPool>().run($0)
    }
    let result = shrinker.shrink(trace("alloc s0 63"), lost)
    #expect(result.trace == trace("alloc s0 63"))
    #expect(result.statistics[0].name == "go up")
    #expect(result.statistics[0].notSmallerCount == 2)
    #expect(result.statistics[0].executionCount == 0)
  }

  /// What comes after the failure and what was skipped goes without an execution of its own.
  @Test func theTailAndTheSkippedAreFree() {
    let given = trace("free s3", "alloc s0 63", "alloc s0 2", "alloc s1 5", "free s0")
    let shrinker = Shrinker<ToyPoolConfiguration, ToyPoolOperation>(passes: []) {
      TraceRunner<ToyPool>().run($0)
    }
    let result = shrinker.shrink(given, lost)
    #expect(result.trace == trace("alloc s0 63"))
    // The first execution, and the one of the empty trace by the 1-minimality pass.
    #expect(result.executionCount == 2)
  }

  @Test func aFailureAtTheEndIsShrunkAsWell() {
    let runner = TraceRunner<ToyPool>(checks: .atEnd)
    let given = trace("alloc s0 3", "alloc s1 5", "free s0", "alloc s2 63", "alloc s3 9")
    let shrinker = Shrinker(ToyPool.self, checks: .atEnd)
    let identity = FailureIdentity("pageNotTiled after the end")
    #expect(runner.run(given).shows(identity))
    #expect(shrinker.shrink(given, identity).trace == trace("alloc s0 63"))
  }
}

/// Proposes the trace itself and a longer one.
private struct GoUp: ShrinkPass {
  let name = "go up"

  func run(_ reduction: inout Reduction<ToyPoolConfiguration, ToyPoolOperation>) {
    reduction.attempt(reduction.trace)
    var longer = reduction.trace
    longer.operations.insert(.alloc(Slot(9), units: 5), at: 0)
    reduction.attempt(longer)
  }
}
