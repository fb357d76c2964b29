import PoolTestSupport
import PropertyTesting
import Testing

@Suite struct SmallScopeTests {
  private typealias Scope = SmallScope<ToyPoolConfiguration, ToyPoolOperation>
  private typealias PoolTrace = Trace<ToyPoolConfiguration, ToyPoolOperation>

  private func templates(_ sizes: [UInt64]) -> [ToyPoolOperation] {
    sizes.map { .alloc(Slot(0), units: $0) } + [.free(Slot(0))]
  }

  /// Counted by hand: with one size, a trace of n operations is a prefix of a ballot sequence, in
  /// which each release chooses among the live ones: 1, 2, 5, 14 ... give 1, 2, 4, 10.
  @Test func tracesAreCountedUpToTheNamesOfSlots() {
    var seen: [String] = []
    let scope = Scope(templates: templates([9]), operationLimit: 4)
    let report = scope.search { trace in
      seen.append(trace.operations.map(\.description).joined(separator: ";"))
      return TraceRunner<ToyPool>().run(trace)
    }
    #expect(report.executionCounts == [1, 2, 4, 10])
    #expect(Set(seen).count == seen.count)
    #expect(report.isComplete)
    #expect(report.minima.isEmpty)
  }

  /// The same traces come out of the model driven by an odometer: two roads to one set.
  @Test func theOdometerSeesTheSameTraces() {
    var fromChoices: Set<String> = []
    var choices = ExhaustiveChoices()
    repeat {
      let trace = TraceGenerator<TwoSizeModel>.trace(
        operationCount: 4, configuration: ToyPoolConfiguration(),
        swarm: .plain(TwoSizeModel.kinds), choices: &choices)
      fromChoices.insert(trace.operations.map(\.description).joined(separator: ";"))
    } while choices.advance()
    var fromScope: Set<String> = []
    let scope = Scope(templates: templates([5, 9]), operationLimit: 4)
    _ = scope.search { trace in
      let text = trace.operations.map(\.description).joined(separator: ";")
      if trace.operations.count == 4 { fromScope.insert(text) }
      return TraceRunner<ToyPool>().run(trace)
    }
    #expect(fromScope == fromChoices)
    #expect(fromScope.count > 50)
  }

  /// The walk that goes on from states sees what the search sees that begins every trace anew.
  @Test(arguments: ToyPoolBug.allCases)
  func rewindingFindsWhatRepeatingFinds(bug: ToyPoolBug) {
    let scope = Scope(
      configuration: ToyPoolConfiguration(bug: bug), templates: templates([1, 4, 5, 63]),
      operationLimit: 4)
    let repeated = scope.search { TraceRunner<ToyPool>().run($0) }
    let rewound = scope.search(ToyPool.self)
    #expect(rewound.isComplete)
    #expect(repeated.minima.count == rewound.minima.count)
    for (identity, trace) in repeated.minima {
      #expect(rewound.minimum(of: identity) == trace)
    }
    if bug == .none { #expect(rewound.executionCounts == repeated.executionCounts) }
  }

  /// Threads share the branches out: none is left out, none is searched twice, and the report does
  /// not tell how many they were. With a bug, failures stand in the stem and in many branches.
  @Test(arguments: [ToyPoolBug.none, .wrongClass, .splitLosesUnit])
  func theReportIsTheSameForAnyNumberOfThreads(bug: ToyPoolBug) {
    for limit in [1, 2, 3, 5] {
      let scope = Scope(
        configuration: ToyPoolConfiguration(bug: bug), templates: templates([1, 4, 63]),
        operationLimit: limit, executionLimit: .max)
      let one = scope.search(ToyPool.self)
      for jobs in [2, 5] {
        let several = scope.search(ToyPool.self, jobs: jobs)
        #expect(several.executionCounts == one.executionCounts)
        #expect(several.isComplete)
        #expect(several.minima.map(\.identity) == one.minima.map(\.identity))
        #expect(several.minima.map(\.trace) == one.minima.map(\.trace))
      }
      let limited = Scope(
        configuration: scope.configuration, templates: scope.templates, operationLimit: limit,
        executionLimit: 2)
      #expect(limited.search(ToyPool.self, jobs: 3).executionCount == min(2, one.executionCount))
    }
  }

  @Test func theWalkDeepensUntilAllThatIsWantedIsFound() {
    let wanted = FailureIdentity("wrongList after free")
    let scope = Scope(
      configuration: ToyPoolConfiguration(bug: .wrongClass), templates: templates([4]),
      operationLimit: 8)
    let report = scope.search(ToyPool.self, for: [wanted])
    #expect(report.executionCounts.count == 4)
    #expect(report.minimum(of: wanted)?.operations.count == 4)
    let limited = Scope(templates: templates([5, 9]), operationLimit: 6, executionLimit: 100)
      .search(ToyPool.self)
    #expect(limited.executionCount == 100)
    #expect(!limited.isComplete)
    let none = Scope(templates: templates([5]), operationLimit: 0).search(ToyPool.self)
    #expect(none.executionCounts.isEmpty)
  }

  @Test func extensionsOfAFailureAreNotExecuted() {
    var longest: [String] = []
    let scope = Scope(
      configuration: ToyPoolConfiguration(bug: .splitLosesUnit), templates: templates([63]),
      operationLimit: 3)
    let report = scope.search { trace in
      longest.append(trace.operations.map(\.description).joined(separator: ";"))
      return TraceRunner<ToyPool>().run(trace)
    }
    #expect(report.executionCounts[0] == 1)
    #expect(report.minima.count == 1)
    // Every longer trace begins with the failing one; each length needs one execution to see it.
    #expect(report.executionCounts == [1, 1, 1])
  }

  @Test func twoSlotsAreNeverTheSameOne() {
    let templates: [HandleOperation] = [
      .open(Slot(0)), .duplicate(Slot(0), into: Slot(1)), .close(Slot(0)),
    ]
    let scope = SmallScope<ToyConfiguration, HandleOperation>(
      templates: templates, operationLimit: 3)
    var texts: [String] = []
    _ = scope.search { trace in
      if trace.operations.count == 3 {
        texts.append(trace.operations.map(\.description).joined(separator: ";"))
      }
      return TraceRunner<Handles>().run(trace)
    }
    #expect(texts.contains("open s0;duplicate s0 s1;duplicate s1 s2"))
    #expect(texts.contains("open s0;open s1;duplicate s0 s2"))
    #expect(texts.count == 11)
  }

  @Test func limitsAreKeptAndReported() {
    let scope = Scope(templates: templates([5, 9]), operationLimit: 6, executionLimit: 100)
    let report = scope.search { TraceRunner<ToyPool>().run($0) }
    #expect(report.executionCount == 100)
    #expect(!report.isComplete)
    let empty = Scope(templates: [], operationLimit: 3).search { TraceRunner<ToyPool>().run($0) }
    #expect(empty.executionCount == 0)
    let none = Scope(templates: templates([5]), operationLimit: 0).search {
      TraceRunner<ToyPool>().run($0)
    }
    #expect(none.executionCounts.isEmpty)
  }

  /// Ground truth: what the shrinker makes of hard traces is the true minimum of its failure.
  @Test(arguments: [
    ToyPoolBug.splitLosesUnit, .forgetsPrevious, .swallowsUsed, .wrongClass, .counterDrift,
  ])
  func theShrinkerReachesTheEnumeratedMinimum(bug: ToyPoolBug) throws {
    let configuration = ToyPoolConfiguration(bug: bug)
    let runner = TraceRunner<ToyPool>()
    let scope = Scope(
      configuration: configuration,
      templates: templates(TestScale.isWhole ? [1, 2, 3, 4, 5, 6, 7, 63] : [1, 4, 5, 7, 63]),
      operationLimit: 4)
    let report = scope.search { runner.run($0) }
    #expect(report.isComplete)
    #expect(!report.minima.isEmpty)
    var compared = 0
    for failing in PoolSubject.failing(
      configuration, count: TestScale.count(4, all: 24), seed: 400)
    {
      guard let optimum = report.minimum(of: failing.identity) else { continue }
      let result = Shrinker(ToyPool.self, budget: ShrinkBudget(searchLimit: 0)).shrink(
        failing.trace, failing.identity)
      #expect(result.trace == optimum)
      compared += 1
    }
    #expect(compared >= 3)
  }

  @Test func theSearchStopsWhenAllThatIsWantedIsFound() {
    let wanted = FailureIdentity("wrongList after free")
    let scope = Scope(
      configuration: ToyPoolConfiguration(bug: .wrongClass), templates: templates([4]),
      operationLimit: 8)
    let report = scope.search(for: [wanted]) { TraceRunner<ToyPool>().run($0) }
    #expect(report.executionCounts.count == 4)
    #expect(report.minimum(of: wanted)?.operations.count == 4)
    #expect(report.minimum(of: FailureIdentity("another")) == nil)
  }
}

private struct TwoSizeModel: TraceModel {
  static let kinds = [OperationKind("alloc"), OperationKind("free")]

  init<Choices: ChoiceSource>(configuration: ToyPoolConfiguration, choices: inout Choices) {}

  func isPossible(kind: Int, slots: SlotTable) -> Bool { kind == 0 || slots.liveCount > 0 }

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> ToyPoolOperation? {
    let slot = choices.drawSlot(kind == 0 ? .empty : .leaving, from: slots)
    guard let slot else { return nil }
    return kind == 0 ? .alloc(slot, units: choices.draw(from: [5, 9])) : .free(slot)
  }
}
