import PropertyTesting
import Testing

@Suite struct StrategyTests {
  private typealias PassTrace = Trace<PassConfiguration, PassOperation>

  /// A trace of `count` operations that fails when all the needed ones are in it.
  private func reduce(
    _ strategy: PublishedStrategy, count: Int, needing needed: [UInt64], limit: Int = 10_000
  ) -> (numbers: [UInt64], executions: Int) {
    let operations = (0..<count).map {
      PassOperation(mark: "+", slot: Slot($0), number: UInt64($0))
    }
    let result = strategy.reduce(PassTrace(operations: operations), executionLimit: limit) {
      let numbers = $0.operations.map(\.number)
      return needed.allSatisfy { numbers.contains($0) }
    }
    return (result.trace.operations.map(\.number), result.executionCount)
  }

  @Test(arguments: PublishedStrategy.ofTraces)
  func independentOperationsAreAllFound(strategy: PublishedStrategy) {
    let result = reduce(strategy, count: 60, needing: [3, 30, 59])
    #expect(result.numbers == [3, 30, 59])
    let nothing = reduce(strategy, count: 0, needing: [])
    #expect(nothing.numbers == [])
    let all = reduce(strategy, count: 4, needing: [0, 1, 2, 3])
    #expect(all.numbers == [0, 1, 2, 3])
  }

  @Test func executionsAreAsPublished() {
    #expect(reduce(.forwardPass, count: 60, needing: [3]).executions == 60)
    #expect(reduce(.backwardPass, count: 60, needing: [3]).executions == 60)
    // ddmin finds one needed operation by halving.
    #expect(reduce(.deltaDebugging, count: 64, needing: [63]).executions <= 14)
    #expect(reduce(.counterBased, count: 60, needing: [3, 30, 59]).executions < 30)
  }

  @Test func theLimitIsKept() {
    for strategy in PublishedStrategy.ofTraces {
      let result = reduce(strategy, count: 60, needing: [3, 30], limit: 5)
      #expect(result.executions <= 5)
      #expect(result.numbers.contains(3) && result.numbers.contains(30))
    }
  }

  /// Single passes are known not to be 1-minimal: the order of deletion hides what comes free
  /// later. ddmin must be.
  @Test func onlySomeAreOneMinimal() {
    // Each operation can go only after its successor has gone.
    func reduce(_ strategy: PublishedStrategy) -> Int {
      let operations = (0..<8).map { PassOperation(mark: "+", slot: Slot($0), number: UInt64($0)) }
      return strategy.reduce(PassTrace(operations: operations)) { trace in
        let numbers = trace.operations.map(\.number)
        return numbers == (0..<UInt64(numbers.count)).map { $0 } && !numbers.isEmpty
      }.trace.operations.count
    }
    #expect(reduce(.backwardPass) == 1)
    #expect(reduce(.forwardPass) == 7)
    #expect(reduce(.deltaDebugging) == 1)
  }

  /// A tape fails while it holds a 7 and, later, a 3: two numbers are left, and lowered as far as
  /// they go.
  @Test func aChoiceTapeIsReduced() {
    let tape = (0..<50).map { UInt64($0 * 37 % 11) } + [7, 0, 9, 3, 3, 1]
    let result = ChoiceTape.reduce(tape, executionLimit: 2_000) { tape in
      guard let first = tape.firstIndex(where: { $0 >= 7 }),
        let second = tape[first...].firstIndex(where: { $0 == 3 })
      else { return nil }
      return second + 1
    }
    #expect(result.tape == [7, 3])
    #expect(result.executionCount < 200)
    let limited = ChoiceTape.reduce(tape, executionLimit: 3) { $0.count }
    #expect(limited.executionCount == 3)
    let passing = ChoiceTape.reduce(tape, executionLimit: 100) { _ in nil }
    #expect(passing.tape == tape)
    #expect(passing.executionCount == 1)
  }
}
