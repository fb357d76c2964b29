import PropertyTesting
import Testing

@Suite struct TraceRunnerTests {
  private typealias PoolTrace = Trace<ToyPoolConfiguration, ToyPoolOperation>

  private func trace(_ bug: ToyPoolBug, _ lines: String...) -> PoolTrace {
    PoolTrace(
      configuration: ToyPoolConfiguration(bug: bug),
      operations: lines.compactMap { ToyPoolOperation($0) })
  }

  @Test func aHealthyTraceHasNoFailure() {
    let execution = TraceRunner<ToyPool>().run(trace(.none, "alloc s0 63", "free s0"))
    #expect(execution == Execution(failure: nil, skippedSteps: [], operationCount: 2))
  }

  @Test func theFirstFailingStepIsNamedAndTheRestNotExecuted() {
    let execution = TraceRunner<ToyPool>().run(
      trace(.splitLosesUnit, "alloc s0 5", "alloc s1 58", "free s0"))
    #expect(execution.failure?.step == 1)
    #expect(
      execution.failure?.identities == [FailureIdentity("pageNotTiled after alloc")])
    #expect(execution.operationCount == 2)
    #expect(execution.shows(FailureIdentity("pageNotTiled after alloc")))
    #expect(!execution.shows(FailureIdentity("pageNotTiled after free")))
  }

  @Test func operationsOnBusyAndEmptySlotsAreSkipped() {
    let execution = TraceRunner<ToyPool>().run(
      trace(.none, "free s9", "alloc s0 5", "alloc s0 6", "free s0", "free s0"))
    #expect(execution.skippedSteps == [0, 2, 4])
  }

  @Test func aRefusedCreationLeavesItsSlotEmpty() {
    let execution = TraceRunner<ToyPool>().run(
      trace(
        .none, "alloc s0 64", "alloc s1 64", "alloc s2 64", "alloc s3 1", "free s3", "free s0",
        "alloc s3 1"))
    #expect(execution.skippedSteps == [4])
    #expect(execution.failure == nil)
  }

  @Test func checksAtTheEndFindWhatChecksAtEveryStepFind() {
    let late = TraceRunner<ToyPool>(checks: .atEnd).run(
      trace(.splitLosesUnit, "alloc s0 63", "alloc s1 1", "alloc s2 1"))
    #expect(late.failure?.step == 3)
    #expect(late.failure?.identities.first?.description == "pageNotTiled after the end")
  }

  @Test func theCauseIsFoundApartFromTheSymptom() {
    let failing = trace(
      .splitLosesUnit, "alloc s0 1", "alloc s1 3", "alloc s2 59", "alloc s3 1", "free s0", "free s1"
    )
    #expect(TraceRunner<ToyPool>.causeStep(of: failing) == 2)
    #expect(TraceRunner<ToyPool>.causeStep(of: trace(.none, "alloc s0 1")) == nil)
    #expect(TraceRunner<ToyPool>.causeStep(of: trace(.none)) == nil)
  }

  @Test func occupancyAgreesWithASet() {
    var random = Xoshiro256(seed: 8)
    var occupancy = SlotOccupancy()
    var model: Set<Slot> = []
    for _ in 0..<2_000 {
      let slot = Slot(Int(random.draw(below: 200)))
      if random.draw(below: 2) == 0 {
        #expect(occupancy.admits(.creates(slot)) == !model.contains(slot))
        occupancy.apply(.creates(slot))
        model.insert(slot)
      } else {
        #expect(occupancy.admits(.destroys(slot)) == model.contains(slot))
        occupancy.apply(.destroys(slot))
        model.remove(slot)
      }
    }
  }
}
