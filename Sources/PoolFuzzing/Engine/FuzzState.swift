import KernelPool
import PoolOracles
import PropertyTesting

/// Everything that a campaign has come to: from it and the plan the rest of the campaign follows.
///
/// It changes between epochs only, in the order of batches.
public struct FuzzState: Sendable {
  /// Features seen and traces kept.
  public internal(set) var corpus: FuzzCorpus
  /// What each profile has cost and brought, and its share of the next epoch.
  public internal(set) var scheduler: ProfileScheduler
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
  /// Numbers of traces that took too long and are left out.
  public var slowTraces: Set<UInt64> = []

  /// A campaign at its beginning.
  public init(_ plan: FuzzPlan) {
    self.init(
      corpus: FuzzCorpus(), scheduler: ProfileScheduler(plan.profiles.map(\.name)), nextBatch: 0,
      canaryCount: 0, caughtCanaries: 0, failureCounts: [:])
  }

  /// A campaign as it was saved.
  public init(
    corpus: FuzzCorpus, scheduler: ProfileScheduler, nextBatch: UInt64, canaryCount: UInt64,
    caughtCanaries: UInt64, referenceCounts: ReferenceCounts = ReferenceCounts(),
    failureCounts: [FailureIdentity: UInt64]
  ) {
    self.corpus = corpus
    self.scheduler = scheduler
    self.nextBatch = nextBatch
    self.canaryCount = canaryCount
    self.caughtCanaries = caughtCanaries
    self.referenceCounts = referenceCounts
    self.failureCounts = failureCounts
  }

  /// Traces executed, tests of the alarm left out.
  public var traceCount: UInt64 { scheduler.statistics.reduce(0) { $0 + $1.traceCount } }
  /// Operations executed, tests of the alarm left out.
  public var operationCount: UInt64 { scheduler.statistics.reduce(0) { $0 + $1.operationCount } }

  /// Traces that failed.
  public var failingCount: UInt64 { scheduler.statistics.reduce(0) { $0 + $1.failureCount } }

  /// Takes in the batches of an epoch, in the order of their numbers; returns the failing traces
  /// that are worth a closer look: of each failure the first few.
  mutating func take(_ batches: [FuzzBatch], _ plan: FuzzPlan) -> [FuzzBatch.Finding] {
    var findings: [FuzzBatch.Finding] = []
    for batch in batches {
      for (index, use) in batch.uses.enumerated() {
        scheduler.charge(
          index, traces: use.traces, operations: use.operations, failures: use.failures)
      }
      for novelty in batch.novelties {
        let count = corpus.offer(novelty.trace, novelty.features, limit: plan.corpusLimit)
        scheduler.credit(novelty.profile, features: count)
      }
      for finding in batch.findings where note(finding, plan) { findings.append(finding) }
      referenceCounts.add(batch.referenceCounts)
      canaryCount += batch.canaryCount
      caughtCanaries += batch.caughtCanaries
    }
    scheduler.endEpoch()
    nextBatch += UInt64(batches.count)
    return findings
  }

  private mutating func note(_ finding: FuzzBatch.Finding, _ plan: FuzzPlan) -> Bool {
    let identity = finding.countedIdentity
    let count = failureCounts[identity, default: 0]
    failureCounts[identity] = count + 1
    if count == 0, let index = plan.profiles.firstIndex(where: { $0.name == finding.profile }) {
      scheduler.creditFailure(index)
    }
    return count < plan.findingsPerFailure
  }
}

/// What a campaign has learned: features seen and the traces that showed them first.
///
/// It changes between epochs only, in the order of batches, so it depends on the plan alone.
public struct FuzzCorpus: Sendable {
  /// The features seen.
  public internal(set) var signature = StateSignature()
  /// Traces that were novel, oldest first; the oldest give way to new ones.
  public internal(set) var traces: [PoolFuzzTrace] = []
  /// The number of traces ever kept.
  public internal(set) var keptCount: UInt64 = 0

  /// Nothing learned.
  public init() {}

  /// What an earlier run had learned.
  public init(signature: StateSignature, traces: [PoolFuzzTrace], keptCount: UInt64) {
    self.signature = signature
    self.traces = traces
    self.keptCount = keptCount
  }

  /// Takes a trace in if it shows something new; returns how many features were new.
  @discardableResult
  mutating func offer(_ trace: PoolFuzzTrace, _ features: [StateSignature.Feature], limit: Int)
    -> Int
  {
    let count = signature.insert(features)
    guard count > 0, limit > 0 else { return count }
    if traces.count < limit {
      traces.append(trace)
    } else {
      traces[Int(keptCount % UInt64(limit))] = trace
    }
    keptCount += 1
    return count
  }
}

/// What a trace has reached, as a set of small numbers: novelty without instrumentation.
///
/// A feature is one of two things: what an operation was, which branches of the algorithm it set
/// in motion, on which version, and the order of magnitude of what is live; or the branches of two
/// operations in a row. The two are not multiplied: their product is so large that almost every
/// trace of a long night would be new, and its hashes would fill any map. A trace is novel when it
/// shows a feature that no earlier one did.
public struct StateSignature: Sendable, Equatable {
  /// A feature's number.
  public typealias Feature = UInt32

  /// Features are numbered below this: some dozens of times as many as there are, so that hardly
  /// two share a number.
  public static let featureLimit = 1 << 20

  /// One bit a feature.
  private var words: [UInt64]
  /// How many features are set.
  public private(set) var count = 0

  /// No feature.
  public init() { words = Array(repeating: 0, count: Self.featureLimit / 64) }

  /// Those features; nil where one is out of range.
  public init?(_ features: [Feature]) {
    guard features.allSatisfy({ $0 < Self.featureLimit }) else { return nil }
    self.init()
    insert(features)
  }

  /// The features in ascending order.
  public var features: [Feature] {
    var features: [Feature] = []
    features.reserveCapacity(count)
    for (index, word) in words.enumerated() where word != 0 {
      var left = word
      while left != 0 {
        features.append(Feature(index * 64 + left.trailingZeroBitCount))
        left &= left - 1
      }
    }
    return features
  }

  /// Whether a feature is set.
  public func contains(_ feature: Feature) -> Bool {
    words[Int(feature) / 64] >> UInt64(feature % 64) & 1 != 0
  }

  /// Sets features; returns how many were new.
  @discardableResult
  public mutating func insert(_ features: [Feature]) -> Int {
    let before = count
    for feature in features { insert(feature) }
    return count - before
  }

  /// Sets a feature; returns whether it was new.
  @discardableResult
  public mutating func insert(_ feature: Feature) -> Bool {
    guard !contains(feature) else { return false }
    words[Int(feature) / 64] |= 1 << UInt64(feature % 64)
    count += 1
    return true
  }

  /// Takes features out again.
  mutating func remove(_ features: [Feature]) {
    for feature in features where contains(feature) {
      words[Int(feature) / 64] &= ~(1 << UInt64(feature % 64))
      count -= 1
    }
  }

  /// The share of the numbers that are taken, from 0 to 1: far below 1 as long as novelty means
  /// something.
  public var coverage: Double { Double(count) / Double(Self.featureLimit) }

  /// The features of an operation: its branches where they happen, and with those before them.
  public static func features(
    _ kind: PoolOperationKind, _ now: Mechanisms, after before: Mechanisms, live: Int,
    version: Int
  ) -> (Feature, Feature) {
    let magnitude = UInt64(Int.bitWidth - live.leadingZeroBitCount)
    let branches = UInt64(now.rawValue) | UInt64(kind.rawValue) << 32
    let place = SplitMix64.mix(branches ^ magnitude << 40 ^ UInt64(version) << 48)
    let pair = SplitMix64.mix(SplitMix64.mix(branches | 1 << 63) ^ UInt64(before.rawValue))
    return (number(place), number(pair))
  }

  private static func number(_ hash: UInt64) -> Feature {
    Feature(truncatingIfNeeded: hash >> 20) & Feature(featureLimit - 1)
  }
}
