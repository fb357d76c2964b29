import KernelPool
import PoolInvariants
import PropertyTesting

/// A planted bug that one rule alone noticed, and the trace in which it did.
public struct SoleKilling: Sendable {
  /// The rule without which nobody would have noticed.
  public let rule: String
  /// The planted bug.
  public let mutant: Mutant
  /// The profile's name.
  public let profile: String
  /// The seed.
  public let seed: Seed
  /// The number of the trace among those of the seed.
  public let stream: UInt64

  /// A killing.
  public init(rule: String, mutant: Mutant, profile: String, seed: Seed, stream: UInt64) {
    self.rule = rule
    self.mutant = mutant
    self.profile = profile
    self.seed = seed
    self.stream = stream
  }

  /// Whether it is still so: executes the trace with all rules, and without this one.
  public var isConfirmed: Bool {
    guard let profile = GeneratorProfile.named(profile) else { return false }
    return MutantTrial(mutant, profile, seed: seed, stream: stream).soleRule == rule
  }

  /// What is wrong with a matrix of rules that kill alone: each invariant is needed, because some
  /// planted bug would get away without it, or says why it is never alone; never both.
  public static func problems(
    killers: Set<String>,
    explained: (Invariant) -> Bool = { $0.row.company != nil }
  ) -> [String] {
    Invariant.allCases.compactMap { invariant in
      switch (killers.contains(invariant.rawValue), explained(invariant)) {
      case (false, false):
        "\(invariant.rawValue) kills no planted bug alone, and nothing says why"
      case (true, true):
        "\(invariant.rawValue) kills a planted bug alone: why it does not needs no explanation"
      case (true, false), (false, true): nil
      }
    }
  }
}
