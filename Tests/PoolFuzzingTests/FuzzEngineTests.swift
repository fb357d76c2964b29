import KernelPool
import PoolFuzzing
import PoolOracles
import PropertyTesting
import Testing

@Suite struct FuzzEngineTests {
  private func plan(_ mutant: Mutant, canary: UInt64 = 0) -> FuzzPlan {
    var plan = FuzzPlan(seed: Seed(11), profiles: GeneratorProfile.healthy)
    plan.mutant = mutant
    plan.operationsPerTrace = 40
    plan.tracesPerBatch = 4
    plan.batchesPerEpoch = 4
    plan.canaryInterval = canary
    return plan
  }

  private func found(_ engine: FuzzEngine, jobs: Int, epochs: Int) -> [String] {
    (0..<epochs).flatMap { _ in
      (engine.runEpoch(jobs: jobs) ?? []).map { "\($0.number) \($0.failure.identities)" }
    }
  }

  @Test func aSeedFindsTheSameForAnyNumberOfJobs() {
    let one = FuzzEngine(plan(.noForwardMerge))
    let three = FuzzEngine(plan(.noForwardMerge))
    let findings = found(one, jobs: 1, epochs: 6)
    #expect(!findings.isEmpty)
    #expect(findings == found(three, jobs: 3, epochs: 6))
    #expect(one.state.corpus.signature == three.state.corpus.signature)
    #expect(one.state.corpus.traces == three.state.corpus.traces)
    #expect(one.state.scheduler == three.state.scheduler)
  }

  @Test func aCampaignGoesOnWhereItWas() throws {
    let whole = FuzzEngine(plan(.freeNotCounted))
    _ = found(whole, jobs: 1, epochs: 5)
    let state = whole.state
    let statistics = try state.scheduler.statistics.map {
      try #require(ProfileStatistics(name: $0.name, numbers: $0.numbers))
    }
    let corpus = FuzzCorpus(
      signature: try #require(StateSignature(state.corpus.signature.features)),
      traces: state.corpus.traces, keptCount: state.corpus.keptCount)
    let restored = FuzzState(
      corpus: corpus, scheduler: ProfileScheduler(statistics), nextBatch: state.nextBatch,
      canaryCount: 0, caughtCanaries: 0, failureCounts: state.failureCounts)
    let again = FuzzEngine(plan(.freeNotCounted), state: restored)
    #expect(found(whole, jobs: 1, epochs: 2) == found(again, jobs: 2, epochs: 2))
    #expect(restored.corpus.signature == state.corpus.signature)
    #expect(StateSignature([StateSignature.Feature(StateSignature.featureLimit)]) == nil)
    #expect(whole.state.scheduler == again.state.scheduler)
    #expect(whole.state.failureCounts == again.state.failureCounts)
    #expect(ProfileStatistics(name: "x", numbers: [1]) == nil)
  }

  @Test func noveltyIsKeptAndCounted() {
    let engine = FuzzEngine(plan(.none))
    _ = engine.runEpoch(jobs: 2)
    let first = engine.state.corpus.signature.count
    #expect(first > 0)
    _ = engine.runEpoch(jobs: 2)
    let state = engine.state
    #expect(state.corpus.signature.count > first)
    #expect(state.corpus.keptCount > 0)
    #expect(state.traceCount == 8)
    #expect(state.scheduler.noveltyPerMillion > 0)
    let features = state.scheduler.statistics.reduce(0) { $0 + $1.featureCount }
    #expect(features == UInt64(state.corpus.signature.count))
  }

  /// What a feature stands for: an operation with its branches where it happens, and two
  /// operations in a row; not their product.
  @Test func featuresAreOfTwoKinds() {
    func features(_ before: Mechanisms, _ live: Int, _ version: Int) -> [StateSignature.Feature] {
      let both = StateSignature.features(
        .alloc, [.splitFront, .freshPage], after: before, live: live, version: version)
      return [both.0, both.1]
    }
    let first = features([.mergedForward], 5, 1)
    #expect(features([.mergedForward], 7, 1) == first)
    #expect(features([.exactFit], 5, 1)[0] == first[0])
    #expect(features([.exactFit], 5, 1)[1] != first[1])
    #expect(features([.mergedForward], 9, 1)[0] != first[0])
    #expect(features([.mergedForward], 9, 2)[1] == first[1])
    #expect(first.allSatisfy { $0 < StateSignature.featureLimit })
    var signature = StateSignature()
    #expect(signature.insert(first + first) == 2)
    #expect(signature.features == first.sorted())
    #expect(signature.coverage * Double(StateSignature.featureLimit) == 2)
  }

  /// Every test of the alarm sets it off, by the fast checks and by the full ones.
  @Test(arguments: [OracleSet.fast, .everything, [.shadow]])
  func theAlarmIsTested(_ oracles: OracleSet) {
    var plan = plan(.none, canary: 2)
    plan.oracles = oracles
    plan.operationsPerTrace = 16
    let engine = FuzzEngine(plan)
    let findings = found(engine, jobs: 2, epochs: 5)
    #expect(findings.isEmpty)
    #expect(engine.state.canaryCount > 5)
    #expect(engine.state.caughtCanaries == engine.state.canaryCount)
  }

  /// The alarm's test fails when the alarm does: without the oracles that should see it.
  @Test func aBrokenAlarmIsSeen() {
    var plan = plan(.none, canary: 1)
    plan.oracles = [.emptied]
    let engine = FuzzEngine(plan)
    _ = engine.runEpoch(jobs: 1)
    #expect(engine.state.canaryCount == 4)
    #expect(engine.state.caughtCanaries == 0)
  }

  @Test func ofAFailureAFewTracesAreLookedAt() {
    var plan = plan(.freeNotCounted)
    plan.findingsPerFailure = 2
    let engine = FuzzEngine(plan)
    var counts: [FailureIdentity: UInt64] = [:]
    for _ in 0..<6 {
      for finding in engine.runEpoch(jobs: 1) ?? [] {
        finding.failure.identities.first.map { counts[$0, default: 0] += 1 }
      }
    }
    #expect(counts.values.max() == 2)
    #expect(engine.state.failureCounts.values.max() ?? 0 > 4)
  }

  /// A fault of the model itself is filed apart and hides nothing of the planted bug.
  @Test func whatTheHealthyModelShowsIsFiledApart() throws {
    var plan = plan(.freeNotCounted)
    plan.faultOfHealthyModel = .noForwardMerge
    let engine = FuzzEngine(plan)
    var findings: [FuzzBatch.Finding] = []
    for _ in 0..<4 { findings += engine.runEpoch(jobs: 1) ?? [] }
    let (apart, blamed) = (
      findings.filter(\.isOfHealthyModel), findings.filter { !$0.isOfHealthyModel }
    )
    #expect(!apart.isEmpty && !blamed.isEmpty)
    for finding in apart {
      #expect(finding.trace.configuration.mutant == .noForwardMerge)
      #expect(PoolShrinker.identity(of: finding.trace) == finding.failure.identities[0])
    }
    for finding in blamed {
      #expect(finding.trace.configuration.mutant == .freeNotCounted)
      #expect(PoolShrinker.healthyIdentity(of: finding.trace) == nil)
    }
  }

  @Test func aBatchLimitIsKept() {
    let engine = FuzzEngine(plan(.none))
    for _ in 0..<5 { _ = engine.runEpoch(jobs: 4, batchLimit: 1) }
    #expect(engine.state.nextBatch == 5)
    _ = engine.runEpoch(jobs: 4)
    #expect(engine.state.nextBatch == 7)
  }

  /// Limits that end within a batch, within an epoch and with one: eight batches are four epochs of one,
  /// two of two.
  @Test(arguments: [18, 19, 20, 24, 32])
  func aCampaignThatIsMadeLongerIsOneThatWasLongerFromTheStart(_ traces: UInt64) {
    func run(_ limit: UInt64, from state: FuzzState?) -> (engine: FuzzEngine, numbers: Set<UInt64>)
    {
      var plan = plan(.noForwardMerge)
      plan.traceLimit = limit
      let engine = FuzzEngine(plan, state: state)
      var numbers: Set<UInt64> = []
      let batches = (limit + 3) / 4
      while engine.state.nextBatch < batches {
        let left = Int(batches - engine.state.nextBatch)
        numbers.formUnion((engine.runEpoch(jobs: 1, batchLimit: left) ?? []).map(\.number))
      }
      return (engine, numbers)
    }
    let whole = run(48, from: nil)
    let short = run(traces, from: nil)
    #expect(short.engine.state.traceCount == traces)
    let longer = run(48, from: short.engine.stateOfWholeEpochs)
    #expect(whole.engine.state.traceCount == 48)
    #expect(longer.engine.state.scheduler == whole.engine.state.scheduler)
    #expect(longer.engine.state.corpus.traces == whole.engine.state.corpus.traces)
    #expect(short.numbers.union(longer.numbers) == whole.numbers)
    // Gone on with from where the limit cut it, it is another campaign.
    if traces == 18 {
      let other = run(48, from: short.engine.state)
      #expect(other.engine.state.traceCount < 48)
    }
  }

  @Test func anInterruptedEpochCountsForNothing() {
    let engine = FuzzEngine(plan(.none))
    #expect(engine.runEpoch(jobs: 2, isInterrupted: { true }) == nil)
    #expect(engine.state.nextBatch == 0)
    #expect(engine.state.traceCount == 0)
    #expect(engine.runEpoch(jobs: 2) != nil)
  }
}
