import KernelPool
import PoolFuzzing
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
      engine.runEpoch(jobs: jobs).map { "\($0.number) \($0.failure.identities)" }
    }
  }

  @Test func aSeedFindsTheSameForAnyNumberOfJobs() {
    let one = FuzzEngine(plan(.noForwardMerge))
    let three = FuzzEngine(plan(.noForwardMerge))
    let findings = found(one, jobs: 1, epochs: 3)
    #expect(!findings.isEmpty)
    #expect(findings == found(three, jobs: 3, epochs: 3))
    #expect(one.corpus.signature == three.corpus.signature)
    #expect(one.corpus.traces == three.corpus.traces)
  }

  @Test func aCampaignGoesOnWhereItWas() throws {
    let whole = FuzzEngine(plan(.freeNotCounted))
    _ = found(whole, jobs: 1, epochs: 1)
    let corpus = whole.corpus
    let bytes = corpus.signature.bytes
    let restored = FuzzCorpus(
      signature: try #require(StateSignature(bytes: bytes)), traces: corpus.traces,
      keptCount: corpus.keptCount)
    let again = FuzzEngine(plan(.freeNotCounted), corpus: restored, nextBatch: whole.nextBatch)
    #expect(found(whole, jobs: 1, epochs: 2) == found(again, jobs: 2, epochs: 2))
    #expect(StateSignature(bytes: [1]) == nil)
  }

  @Test func noveltyIsKeptAndCounted() {
    let engine = FuzzEngine(plan(.none))
    _ = engine.runEpoch(jobs: 2)
    let first = engine.corpus.signature.count
    #expect(first > 0)
    _ = engine.runEpoch(jobs: 2)
    #expect(engine.corpus.signature.count > first)
    #expect(engine.corpus.keptCount > 0)
    #expect(engine.traceCount == 32)
  }

  @Test func theAlarmIsTested() {
    let engine = FuzzEngine(plan(.none, canary: 3))
    _ = found(engine, jobs: 2, epochs: 3)
    #expect(engine.canaries.run > 5)
    #expect(engine.canaries.caught > 0)
  }

  @Test func aBatchLimitIsKept() {
    let engine = FuzzEngine(plan(.none))
    _ = engine.runEpoch(jobs: 4, batchLimit: 2)
    #expect(engine.nextBatch == 2)
  }
}
