import PropertyTesting
import Testing

/// Each pass alone, on a trace that only it can make smaller: no pass is there for nothing.
@Suite struct PassTests {
  private typealias Pass = any ShrinkPass<PassConfiguration, PassOperation>
  private typealias PassTrace = Trace<PassConfiguration, PassOperation>

  /// Runs one pass on a trace of which exactly the accepted ones fail.
  private func shrink(
    _ lines: String, by pass: Pass, where isFailing: @escaping (PassTrace) -> Bool
  ) -> String {
    let identity = FailureIdentity("it")
    let given = PassTrace(operations: PassOperation.all(lines))
    let shrinker = Shrinker<PassConfiguration, PassOperation>(
      budget: ShrinkBudget(searchLimit: 0), passes: [pass]
    ) { trace in
      let failure =
        isFailing(trace)
        ? Execution.Failure(step: trace.operations.count, identities: [identity]) : nil
      return Execution(
        failure: failure, skippedSteps: [], operationCount: trace.operations.count)
    }
    let result = shrinker.shrink(given, identity)
    #expect(result.statistics.first { $0.name == pass.name }?.acceptedCount ?? 0 > 0)
    return result.trace.operations.map(\.description).joined(separator: " ")
  }

  private func text(_ trace: PassTrace) -> String {
    trace.operations.map(\.description).joined(separator: " ")
  }

  @Test func separateLifetimes() {
    let separated = shrink("+0=1 -0 +0=2 -0", by: SeparateLifetimes()) {
      $0.operations.count == 4
    }
    #expect(separated == "+0=1 -0 +1=2 -1")
  }

  @Test func removeLifetimes() {
    // Twenty lifetimes, of which two are needed whole.
    let lines = (0..<20).map { "+\($0)=\($0) .\($0) -\($0)" }.joined(separator: " ")
    let left = shrink(lines, by: RemoveLifetimes()) { trace in
      let text = text(trace)
      return text.contains("+3=3 .3 -3") && text.contains("+11=11 .11 -11")
    }
    #expect(left == "+3=3 .3 -3 +11=11 .11 -11")
  }

  @Test func removeRuns() {
    let lines = (0..<40).map { _ in "." }.joined(separator: " ")
    let left = shrink(lines, by: RemoveRuns()) { $0.operations.count >= 17 }
    #expect(left.count == 33)
  }

  @Test func removeSingles() {
    let left = shrink("+0=1 .0 +1=1 .1 -0", by: RemoveSingles()) {
      text($0).contains("+0=1") && text($0).hasSuffix("-0")
    }
    #expect(left == "+0=1 -0")
  }

  @Test func removePairs() {
    let left = shrink("+0=1 .0 .0 .0 .0", by: RemovePairs()) { $0.operations.count % 2 == 1 }
    #expect(left == "+0=1")
  }

  @Test func removeWindows() {
    let left = shrink("+0=1 .0 .0 .0 .0 .0 .0", by: RemoveWindows()) {
      $0.operations.count % 3 == 1
    }
    #expect(left == "+0=1 .0 .0 .0")
  }

  @Test func pump() {
    let left = shrink("+0=3 +1=4 -0 -1", by: Pump()) { trace in
      trace.operations.reduce(0) { $0 + $1.created } == 7
        && text(trace).contains("-")
    }
    #expect(left == "+0=7 -0")
  }

  @Test func thePumpMayEndWithTheDroppedLifetime() {
    let left = shrink("+0=3 +1=4 .0 -1", by: Pump()) { trace in
      trace.operations.reduce(0) { $0 + $1.created } == 7 && text(trace).hasSuffix(".0 -0")
        || text(trace).hasSuffix(".0 -1")
    }
    #expect(left == "+0=7 .0 -0")
  }

  @Test func unifySlots() {
    let left = shrink("+0=1 +1=1 .0 .1 .1", by: UnifySlots()) { trace in
      trace.operations.count { $0.mark == "." } == 3
    }
    #expect(left == "+0=1 .0 .0 .0")
  }

  @Test func retargetUses() {
    let left = shrink("+0=1 +1=1 .1 .1", by: RetargetUses()) { $0.operations.count == 4 }
    #expect(left == "+0=1 +1=1 .0 .0")
    let swapped = shrink("+0=1 +1=1 .1 -0", by: RetargetUses()) { trace in
      ["+0=1 +1=1 .1 -0", "+0=1 +1=1 .0 -1"].contains(text(trace))
    }
    #expect(swapped == "+0=1 +1=1 .0 -1")
  }

  @Test func raiseAndRemove() {
    let left = shrink("+0=1 +1=1 +2=1", by: RaiseAndRemove()) { trace in
      trace.operations.count == 3
        || trace.operations.allSatisfy { $0.created >= 8 }
          && !trace.operations.isEmpty
    }
    #expect(left == "+0=64" || left == "+0=8" || left == "+2=8", "\(left)")
  }

  @Test func simplifyParameters() {
    let left = shrink("+0=40 +1=33", by: SimplifyParameters()) { trace in
      trace.operations.count == 2 && trace.operations[1].created >= 17
    }
    #expect(left == "+0=0 +1=17")
  }

  @Test func simplifyAll() {
    // Each alone is refused; all at once are not.
    let left = shrink("+0=40 +1=33 +2=8", by: SimplifyAll()) { trace in
      trace.operations.count == 3
        && Set(trace.operations.map { $0.created == 0 }).count == 1
    }
    #expect(left == "+0=0 +1=0 +2=0")
  }

  @Test func simplifyKinds() {
    let left = shrink("+0=4 *0 *0", by: SimplifyKinds()) { trace in
      trace.operations.count == 3 && trace.operations[2].mark == "*"
    }
    #expect(left == "+0=4 .0 *0")
  }

  @Test func tryTinyTraces() {
    // Nothing can be left out of the long one, and three operations do as well.
    let lines = (0..<13).map { "+\($0)=9 -\($0)" }.joined(separator: " ")
    let left = shrink(lines, by: TryTinyTraces()) { trace in
      text(trace) == lines || text(trace) == "+0=8 +1=0 -0"
    }
    #expect(left == "+0=8 +1=0 -0")
  }

  @Test func simplifyTogether() {
    let left = shrink("+0=40 +1=40", by: SimplifyTogether()) { trace in
      trace.operations.count == 2 && trace.operations[0].created == trace.operations[1].created
        && trace.operations[0].created >= 21
    }
    #expect(left == "+0=21 +1=21")
  }

  @Test func lowerPairs() {
    let left = shrink("+0=40 +1=45", by: LowerPairs()) { trace in
      trace.operations.count == 2 && trace.operations[0].created + 5 == trace.operations[1].created
    }
    #expect(left == "+0=0 +1=5")
  }

  @Test func redistributePairs() {
    let left = shrink("+0=40 +1=45", by: RedistributePairs()) { trace in
      trace.operations.count == 2
        && trace.operations[0].created + trace.operations[1].created == 85
    }
    #expect(left == "+0=0 +1=85")
  }

  @Test func unifyParameters() {
    let left = shrink("+0=7 +1=9 +2=9", by: UnifyParameters()) { trace in
      trace.operations.count == 3 && trace.operations.allSatisfy { [7, 9].contains($0.created) }
    }
    #expect(left == "+0=7 +1=7 +2=7")
  }

  @Test func moveDestructions() {
    let left = shrink("+0=1 -0 .  .  .", by: MoveDestructions()) { trace in
      trace.operations.count == 5
    }
    #expect(left == "+0=1 . . -0 .")
  }

  @Test func orderNeighbours() {
    let left = shrink(". +0=1 . +1=2", by: OrderNeighbours()) { $0.operations.count == 4 }
    #expect(left == "+0=1 +1=2 . .")
  }

  @Test func nameSlots() {
    let left = shrink("+7=1 +3=2 .7", by: NameSlots()) { $0.operations.count == 3 }
    #expect(left == "+0=1 +1=2 .0")
  }

  @Test func simplifyConfiguration() {
    let identity = FailureIdentity("it")
    let given = PassTrace(configuration: PassConfiguration(8, 9), operations: [])
    let shrinker = Shrinker<PassConfiguration, PassOperation>(
      passes: [SimplifyConfiguration()]
    ) { trace in
      let isFailing = trace.configuration.right >= 4
      return Execution(
        failure: isFailing ? Execution.Failure(step: 0, identities: [identity]) : nil,
        skippedSteps: [], operationCount: 1)
    }
    #expect(shrinker.shrink(given, identity).trace.configuration == PassConfiguration(0, 4))
  }

  /// Without any pass before it, the last one finds what can be removed.
  @Test func oneMinimality() {
    let left = shrink("+0=1 .0 -0 . +1=1 -1 .", by: OneMinimality()) {
      text($0).contains("+1=1") && text($0).contains("-1")
    }
    #expect(left == "+1=1 -1")
  }

  /// Bisection, not steps of one: a number of nine digits takes few executions.
  @Test func coupledNumbersDoNotZigzag() {
    let identity = FailureIdentity("it")
    let shrinker = Shrinker<PassConfiguration, PassOperation> { trace in
      let numbers = trace.operations.map(\.created)
      let isFailing = numbers.count == 2 && numbers[0] + 1 == numbers[1]
      return Execution(
        failure: isFailing ? Execution.Failure(step: 1, identities: [identity]) : nil,
        skippedSteps: [], operationCount: 2)
    }
    let given = PassTrace(operations: PassOperation.all("+0=900000000 +1=900000001"))
    let result = shrinker.shrink(given, identity)
    #expect(text(result.trace) == "+0=0 +1=1")
    #expect(result.executionCount < 150)
  }
}
