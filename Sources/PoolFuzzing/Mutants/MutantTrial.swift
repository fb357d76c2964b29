import KernelPool
import PoolInvariants
import PropertyTesting

/// One seed of one profile against one planted bug: how long until somebody notices.
public struct MutantTrial: Sendable {
  /// The planted bug.
  public let mutant: Mutant
  /// The profile's name.
  public let profile: String
  /// The seed.
  public let seed: Seed
  /// Whether the bug was noticed within the limit.
  public let isKilled: Bool
  /// Traces executed, the killing one included.
  public let executionCount: Int
  /// Operations executed.
  public let operationCount: Int
  /// The rules that the killing trace showed broken.
  public let rules: [String]
  /// The killing trace, cut behind the operation that showed it.
  public let trace: PoolFuzzTrace?
  /// The operation of it that showed it.
  public let step: Int
  /// The number of the killing trace among those of its seed; nil where there is none.
  public let stream: UInt64?

  /// Runs traces until the bug is noticed, so many operations are executed, or somebody interrupts:
  /// then the trial says nothing.
  public init(
    _ mutant: Mutant, _ profile: GeneratorProfile, seed: Seed, operationLimit: Int,
    isInterrupted: () -> Bool = { false }
  ) {
    var executions = 0
    var operations = 0
    var killing: (trace: PoolFuzzTrace, failure: FuzzRun.Failure)?
    while operations < operationLimit, executions < operationLimit, killing == nil,
      !isInterrupted()
    {
      let trace = Self.trace(mutant, profile, seed: seed, stream: UInt64(executions))
      let run = FuzzRun(trace)
      executions += 1
      operations += max(run.operationCount, 1)
      if let failure = run.failure, !Self.isFalseAlarm(trace) {
        killing = (trace.prefix(failure.step + 1), failure)
      }
    }
    self.mutant = mutant
    self.profile = profile.name
    self.seed = seed
    isKilled = killing != nil
    executionCount = executions
    operationCount = operations
    trace = killing?.trace
    step = killing?.failure.step ?? 0
    stream = killing == nil ? nil : UInt64(executions - 1)
    rules = killing.map { Self.rules($0.failure) } ?? []
  }

  private static func trace(
    _ mutant: Mutant, _ profile: GeneratorProfile, seed: Seed, stream: UInt64
  ) -> PoolFuzzTrace {
    var choices = RandomChoices(seed: seed, stream: stream)
    let count = 25 * choices.draw(from: profile.lengths)
    var trace = PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
    trace.configuration.mutant = mutant
    return trace
  }

  /// Runs one numbered trace of a seed: the one that a longer search has already found.
  public init(_ mutant: Mutant, _ profile: GeneratorProfile, seed: Seed, stream: UInt64) {
    let trace = Self.trace(mutant, profile, seed: seed, stream: stream)
    let run = FuzzRun(trace)
    let failure = Self.isFalseAlarm(trace) ? nil : run.failure
    self.mutant = mutant
    self.profile = profile.name
    self.seed = seed
    isKilled = failure != nil
    executionCount = 1
    operationCount = run.operationCount
    self.trace = failure.map { trace.prefix($0.step + 1) }
    step = failure?.step ?? 0
    self.stream = failure == nil ? nil : stream
    rules = failure.map { Self.rules($0) } ?? []
  }

  /// Whether the healthy model sets off an alarm as well: then nothing was noticed.
  private static func isFalseAlarm(_ trace: PoolFuzzTrace) -> Bool {
    FuzzRun(trace.onHealthyModel).failure != nil
  }

  private static func rules(_ failure: FuzzRun.Failure) -> [String] {
    var rules: [String] = []
    for failure in failure.failures where !rules.contains(failure.rule) {
      rules.append(failure.rule)
    }
    return rules
  }

  /// Operations between the first full alarm and the first cheap one; nil where cheap checks see
  /// nothing in the killing trace.
  public var latency: Int? {
    guard var cheap = trace else { return nil }
    cheap.configuration.oracles = .fast
    return FuzzRun(cheap).failure.map { max($0.step - step, 0) }
  }

  /// The one rule without which the invariants would not have noticed: in the killing trace no
  /// other of them objects at the same operation, and with this one silenced none does up to the
  /// end. Nil where there are several, or where only other oracles noticed.
  var soleRule: String? {
    guard let stream, let profile = GeneratorProfile.named(profile) else { return nil }
    var whole = Self.trace(mutant, profile, seed: seed, stream: stream)
    whole.configuration.oracles = [.fullInvariants, .finalInvariants]
    guard let failure = FuzzRun(whole).failure else { return nil }
    let rules = Self.rules(failure)
    guard rules.count == 1, FuzzRun(whole, silencing: Set(rules)).failure == nil else { return nil }
    return rules[0]
  }
}

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

extension Mutant {
  /// The mechanism that the planted bug is in.
  public var mechanism: String {
    let table: [(prefix: String, mechanism: String)] = [
      ("split", "split"), ("remainder", "split"), ("fresh", "fresh page"), ("orphan", "split"),
      ("first-list", "search"), ("merge", "coalescing"), ("no-", "coalescing"),
      ("backward-merge", "coalescing"), ("forward-merge", "coalescing"),
      ("freed", "coalescing"), ("keeps-free-page", "coalescing"),
      ("released-page", "coalescing"), ("head-insert", "list heads"),
      ("tail-insert", "list heads"), ("unlink", "list heads"), ("remove-first", "list heads"),
      ("lookaside", "lookaside"), ("deferred", "deferred frees"),
      ("single-page", "single-page lists"), ("run", "run lists"), ("expansion", "expansion"),
      ("bitmap", "bitmap"), ("paged-hint", "bitmap"), ("big", "big-page table"),
      ("tracker", "tag table"), ("fragment", "fragments"), ("quota", "quota"),
      ("contiguous", "contiguous"), ("threshold", "thresholds"), ("cache-line", "cache alignment"),
      ("must-succeed", "bug checks"), ("special-pool", "special pool"),
      ("session", "paged pools"), ("round-robin", "paged pools"),
    ]
    return table.first { rawValue.hasPrefix($0.prefix) }?.mechanism ?? "accounting"
  }
}

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
