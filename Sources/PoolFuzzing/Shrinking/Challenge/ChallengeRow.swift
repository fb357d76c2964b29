import PropertyTesting

/// What one strategy made of one task over several seeds: counts and sums, nothing rounded.
public struct ChallengeRow: Sendable, Equatable {
  /// Traces reduced.
  public private(set) var traces = 0
  /// Results with a certificate that nothing can be left out.
  public private(set) var oneMinimal = 0
  /// Results as long as the enumerated optimum, of those where one is known.
  public private(set) var atOptimum = 0
  /// Results of tasks with a known optimum.
  public private(set) var withOptimum = 0
  /// Operations up to the failure, by trace.
  public private(set) var lengthsBefore: [Int] = []
  /// Operations of the results.
  public private(set) var lengthsAfter: [Int] = []
  /// Executions of the reductions.
  public private(set) var executions: [Int] = []
  /// Executions of the certificates.
  public private(set) var certificateExecutions: [Int] = []
  /// The different results with how often each came out, the most frequent first.
  public private(set) var forms: [(text: String, count: Int)] = []

  /// What the passes did, added up.
  public private(set) var statistics: [PassStatistics] = []

  /// No trace.
  public init() {}

  /// Counts a result.
  public mutating func add(_ outcome: ChallengeOutcome, optimum: Int?) {
    traces += 1
    oneMinimal += outcome.isOneMinimal ? 1 : 0
    let length = outcome.trace.operations.count
    if let optimum {
      withOptimum += 1
      atOptimum += length <= optimum ? 1 : 0
    }
    lengthsBefore.append(outcome.failingOperations)
    lengthsAfter.append(length)
    executions.append(outcome.executionCount)
    certificateExecutions.append(outcome.certificateExecutionCount)
    statistics = PassStatistics.sums(statistics + outcome.statistics)
    count(form: outcome.form, 1)
  }

  /// Counts what another row counted.
  public mutating func add(_ other: ChallengeRow) {
    traces += other.traces
    oneMinimal += other.oneMinimal
    atOptimum += other.atOptimum
    withOptimum += other.withOptimum
    lengthsBefore += other.lengthsBefore
    lengthsAfter += other.lengthsAfter
    executions += other.executions
    certificateExecutions += other.certificateExecutions
    statistics = PassStatistics.sums(statistics + other.statistics)
    for form in other.forms { count(form: form.text, form.count) }
  }

  private mutating func count(form: String, _ count: Int) {
    if let index = forms.firstIndex(where: { $0.text == form }) {
      forms[index].count += count
    } else {
      forms.append((form, count))
    }
    forms.sort { ($1.count, $0.text) < ($0.count, $1.text) }
  }

  /// The number that so many percent of the numbers do not exceed; 0 where there are none.
  public static func quantile(_ percent: Int, of numbers: [Int]) -> Int {
    guard !numbers.isEmpty else { return 0 }
    let rank = (numbers.count * percent + 99) / 100
    return numbers.sorted()[min(max(rank, 1), numbers.count) - 1]
  }

  /// Equal when all numbers and forms are.
  public static func == (left: Self, right: Self) -> Bool {
    left.traces == right.traces && left.oneMinimal == right.oneMinimal
      && left.atOptimum == right.atOptimum && left.withOptimum == right.withOptimum
      && left.lengthsBefore == right.lengthsBefore && left.lengthsAfter == right.lengthsAfter
      && left.executions == right.executions
      && left.certificateExecutions == right.certificateExecutions
      && left.statistics == right.statistics
      && left.forms.elementsEqual(right.forms) { $0 == $1 }
  }
}
