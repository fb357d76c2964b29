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

  /// Runs seeds `first` and the following ones.
  public init(
    _ mutant: Mutant, _ profile: GeneratorProfile, firstSeed: UInt64, seeds: Int,
    operationLimit: Int
  ) {
    self.mutant = mutant
    self.profile = profile.name
    trials = (0..<UInt64(max(seeds, 1))).map { offset in
      MutantTrial(
        mutant, profile, seed: Seed(firstSeed &+ offset), operationLimit: operationLimit)
    }
  }

  /// How many trials noticed the bug.
  public var killedCount: Int { trials.count { $0.isKilled } }

  /// A quantile of a number over the trials that noticed, `share` in percent; nil without any.
  public func quantile(_ share: Int, _ number: (MutantTrial) -> Int) -> Int? {
    let numbers = trials.filter(\.isKilled).map(number).sorted()
    guard !numbers.isEmpty else { return nil }
    return numbers[
      min((numbers.count * share + 99) / 100, numbers.count) - 1 + (share == 0 ? 1 : 0)]
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

  /// The median latency of cheap checks, in operations; nil where they notice nothing.
  public var latencyMedian: Int? {
    let latencies = trials.compactMap(\.latency).sorted()
    return latencies.isEmpty ? nil : latencies[(latencies.count - 1) / 2]
  }
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
      ("session", "paged pools"), ("round-robin", "paged pools"),
    ]
    return table.first { rawValue.hasPrefix($0.prefix) }?.mechanism ?? "accounting"
  }
}
