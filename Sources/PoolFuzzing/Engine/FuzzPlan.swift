import KernelPool
import PoolOracles
import PropertyTesting

/// Everything that decides what a campaign does; two campaigns of one plan find the same.
public struct FuzzPlan: Sendable {
  /// The seed of everything.
  public var seed: Seed
  /// The portfolio.
  public var profiles: [GeneratorProfile]
  /// A planted bug.
  public var mutant: Mutant = .none
  /// The bug of the model that triage takes for healthy: none, but where triage itself is tested.
  public var faultOfHealthyModel: Mutant = .none
  /// What is checked.
  public var oracles: OracleSet = .everything
  /// Operations of a trace at most.
  public var operationsPerTrace = 400
  /// Traces of a batch.
  public var tracesPerBatch = 16
  /// Batches of a late epoch: novelty is shared between epochs, never within one.
  public var batchesPerEpoch = 32
  /// Novel traces that are kept for mutation.
  public var corpusLimit = 512
  /// One trace in so many runs on a model with a bug in it: the alarm must go off. 0 is never.
  public var canaryInterval: UInt64 = 0
  /// Failing traces of one failure that are worth a closer look.
  public var findingsPerFailure: UInt64 = 4

  /// A plan with the usual sizes.
  public init(seed: Seed, profiles: [GeneratorProfile] = GeneratorProfile.all) {
    self.seed = seed
    self.profiles = profiles
  }

  /// Batches of the epoch that begins at a batch: few at first, while every trace shows something
  /// new, and more later, so that many threads find work.
  func epochLength(at batch: UInt64) -> Int {
    min(batchesPerEpoch, Int(clamping: batch / 4) + 1)
  }
}
