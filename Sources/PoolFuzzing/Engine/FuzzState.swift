import PoolOracles
import PropertyTesting

/// Everything that a campaign has come to: from it and the plan the rest of the campaign follows.
///
/// It changes between epochs only, in the order of batches.
public struct FuzzState: Sendable {
  /// Features seen and traces kept.
  public internal(set) var corpus: FuzzCorpus
  /// What each profile has cost and brought, and its share of the next epoch.
  public internal(set) var bandit: ProfileBandit
  /// The number of the next batch.
  public internal(set) var nextBatch: UInt64
  /// Tests of the alarm that were run.
  public internal(set) var canaryCount: UInt64
  /// Tests of the alarm that set off the alarm that they must.
  public internal(set) var caughtCanaries: UInt64
  /// What the reference allocator said and did not say, tests of the alarm left out.
  public internal(set) var referenceCounts: ReferenceCounts
  /// How often each failure was seen.
  public internal(set) var failureCounts: [FailureIdentity: UInt64]

  /// A campaign at its beginning.
  public init(_ plan: FuzzPlan) {
    self.init(
      corpus: FuzzCorpus(), bandit: ProfileBandit(plan.profiles.map(\.name)), nextBatch: 0,
      canaryCount: 0, caughtCanaries: 0, failureCounts: [:])
  }

  /// A campaign as it was saved.
  public init(
    corpus: FuzzCorpus, bandit: ProfileBandit, nextBatch: UInt64, canaryCount: UInt64,
    caughtCanaries: UInt64, referenceCounts: ReferenceCounts = ReferenceCounts(),
    failureCounts: [FailureIdentity: UInt64]
  ) {
    self.corpus = corpus
    self.bandit = bandit
    self.nextBatch = nextBatch
    self.canaryCount = canaryCount
    self.caughtCanaries = caughtCanaries
    self.referenceCounts = referenceCounts
    self.failureCounts = failureCounts
  }

  /// Traces executed, tests of the alarm left out.
  public var traceCount: UInt64 { bandit.accounts.reduce(0) { $0 + $1.traceCount } }
  /// Operations executed, tests of the alarm left out.
  public var operationCount: UInt64 { bandit.accounts.reduce(0) { $0 + $1.operationCount } }

  /// Traces that failed.
  public var failingCount: UInt64 { bandit.accounts.reduce(0) { $0 + $1.failureCount } }

  /// Takes in the batches of an epoch, in the order of their numbers; returns the failing traces
  /// that are worth a closer look: of each failure the first few.
  mutating func take(_ batches: [FuzzBatch], _ plan: FuzzPlan) -> [FuzzBatch.Finding] {
    var findings: [FuzzBatch.Finding] = []
    for batch in batches {
      for (index, use) in batch.uses.enumerated() {
        bandit.charge(
          index, traces: use.traces, operations: use.operations, failures: use.failures)
      }
      for novelty in batch.novelties {
        let count = corpus.offer(novelty.trace, novelty.features, limit: plan.corpusLimit)
        bandit.credit(novelty.profile, features: count)
      }
      for finding in batch.findings where note(finding, plan) { findings.append(finding) }
      referenceCounts.add(batch.referenceCounts)
      canaryCount += batch.canaryCount
      caughtCanaries += batch.caughtCanaries
    }
    bandit.endEpoch()
    nextBatch += UInt64(batches.count)
    return findings
  }

  private mutating func note(_ finding: FuzzBatch.Finding, _ plan: FuzzPlan) -> Bool {
    let identity = finding.countedIdentity
    let count = failureCounts[identity, default: 0]
    failureCounts[identity] = count + 1
    if count == 0, let index = plan.profiles.firstIndex(where: { $0.name == finding.profile }) {
      bandit.creditFailure(index)
    }
    return count < plan.findingsPerFailure
  }
}
