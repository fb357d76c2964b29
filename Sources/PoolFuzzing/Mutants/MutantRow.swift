import KernelPool
import PropertyTesting

/// A row of the detection table: one planted bug against one profile over several seeds.
public struct MutantRow: Sendable {
  /// The planted bug.
  public let mutant: Mutant
  /// The profile's name.
  public let profile: String
  /// The trials, in the order of their seeds.
  public let trials: [MutantTrial]

  /// A row of trials that were run.
  public init(_ mutant: Mutant, _ profile: GeneratorProfile, trials: [MutantTrial]) {
    self.mutant = mutant
    self.profile = profile.name
    self.trials = trials
  }

  /// Runs seeds `first` and the following ones.
  public init(
    _ mutant: Mutant, _ profile: GeneratorProfile, firstSeed: UInt64, seeds: Int,
    operationLimit: Int
  ) {
    self.init(
      mutant, profile,
      trials: (0..<UInt64(max(seeds, 1))).map { offset in
        MutantTrial(
          mutant, profile, seed: Seed(firstSeed &+ offset), operationLimit: operationLimit)
      })
  }

  /// How many trials noticed the bug.
  public var killedCount: Int { trials.count { $0.isKilled } }

  /// A quantile of a number over the trials that noticed, `share` in percent; nil without any.
  public func quantile(_ share: Int, _ number: (MutantTrial) -> Int) -> Int? {
    Self.quantile(share, trials.filter(\.isKilled).map(number))
  }

  /// The least number that `share` percent of the numbers do not exceed; nil without any.
  public static func quantile<Number: Comparable>(_ share: Int, _ numbers: [Number]) -> Number? {
    let sorted = numbers.sorted()
    guard !sorted.isEmpty else { return nil }
    let rank = (sorted.count * share + 99) / 100
    return sorted[min(max(rank, 1), sorted.count) - 1]
  }

  /// The rules that were broken, most frequent first.
  public var rules: [String] {
    var counts: [(rule: String, count: Int)] = []
    for rule in trials.flatMap(\.rules) {
      if let index = counts.firstIndex(where: { $0.rule == rule }) {
        counts[index].count += 1
      } else {
        counts.append((rule, 1))
      }
    }
    return counts.sorted { ($1.count, $0.rule) < ($0.count, $1.rule) }.map(\.rule)
  }

  /// Trials whose rules are looked at one by one: each costs two executions.
  private static let trialsLookedAt = 5

  /// The first trial of each invariant that killed alone.
  public var soleKillings: [(rule: String, trial: MutantTrial)] {
    var found: [(rule: String, trial: MutantTrial)] = []
    for trial in trials.prefix(Self.trialsLookedAt) where trial.isKilled {
      guard let rule = trial.soleRule, !found.contains(where: { $0.rule == rule }) else { continue }
      found.append((rule, trial))
    }
    return found
  }

  /// The median latency of cheap checks, in operations; nil where they notice nothing.
  public var latencyMedian: Int? { Self.quantile(50, trials.compactMap(\.latency)) }
}
