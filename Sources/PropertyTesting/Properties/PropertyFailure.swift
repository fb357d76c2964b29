/// A trace that fails, where it came from, and what it was reduced to.
public struct PropertyFailure<Configuration: MachineConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// Where the failing trace came from.
  public let source: PropertyFailureSource
  /// The trace as it came.
  public let original: Trace<Configuration, Operation>
  /// What it was reduced to, at what cost.
  public let shrinking: ShrinkResult<Configuration, Operation>
  /// For each operation of the minimal trace, what happens without it; nil when the failure could
  /// not be reproduced.
  public let certificate: Certificate?
  /// What is wrong at the failing step of the minimal trace, with its values, in the machine's words.
  public let violations: [String]
  /// What each operation of the minimal trace gave, in the machine's words; empty where it says
  /// nothing.
  public let answers: [String]

  /// The smallest failing trace.
  public var trace: Trace<Configuration, Operation> { shrinking.trace }

  /// What went wrong.
  public var identity: FailureIdentity { shrinking.identity }

  /// The message to show: the failure with its values, the minimal trace with what each operation gave
  /// and why it is needed, and how to repeat it.
  public var message: String {
    let told = violations.filter { $0 != identity.description }
    let first = told.isEmpty ? "\(identity)" : "\(identity): \(told.joined(separator: "; "))"
    let operations = trace.operations.enumerated().map { index, operation in
      "  \(index + 1). \(operation)\(answer(index))\(reason(index))"
    }
    let settings =
      trace.configuration.parameters.isEmpty
      ? []
      : [
        "configuration: \(trace.configuration)"
      ]
    let lines =
      [first] + settings + operations + [
        "from \(original.operations.count) operations to \(trace.operations.count) in "
          + "\(shrinking.executionCount) executions: \(ending)",
        "found by: \(source)",
      ]
    return lines.joined(separator: "\n")
  }

  /// Texts to keep with the results of a test: the minimal trace, its certificate, and what each
  /// pass of the reduction did.
  public var attachments: [(name: String, text: String)] {
    [("minimal.trace", "\(trace)\n")]
      + (certificate.map { [("minimal.certificate", "\($0)")] } ?? [])
      + [("shrinking.txt", shrinking.statisticsTable + "\n")]
  }

  private func answer(_ index: Int) -> String {
    index < answers.count && !answers[index].isEmpty ? " -> \(answers[index])" : ""
  }

  private func reason(_ index: Int) -> String {
    guard let certificate, index < certificate.operations.count else { return "" }
    return "  [without it: \(certificate.operations[index].without.words)]"
  }

  private var ending: String {
    switch shrinking.ending {
    case .oneMinimal: "no operation can be removed, \(shrinking.length)"
    case .budgetExhausted: "the budget was used up, it may not be minimal"
    case .interrupted: "it was interrupted and may not be minimal"
    case .off: "shrinking is off"
    case .notReproduced: "the failure could not be reproduced: the machine is not deterministic"
    }
  }
}

/// Where a failing trace came from.
public enum PropertyFailureSource: Sendable, Equatable, CustomStringConvertible {
  /// It is number `number` of a seed, generated with those features.
  case generated(seed: Seed, number: Int, swarm: String)
  /// It was kept from an earlier run, and is at that index of those that were.
  case kept(index: Int)

  /// Enough to come to it again.
  public var description: String {
    switch self {
    case .generated(let seed, let number, let swarm): "seed \(seed) trace \(number) (\(swarm))"
    case .kept(let index): "kept trace \(index + 1)"
    }
  }
}

/// What a property was tested on: a run that never came to what matters has shown little.
public struct PropertyStatistics: Sendable, CustomStringConvertible {
  /// How often an operation of a kind was done, refused and skipped.
  public struct Row: Sendable, Equatable {
    /// The first word of such operations.
    public let name: String
    /// Done.
    public internal(set) var performedCount = 0
    /// Properly refused.
    public internal(set) var refusedCount = 0
    /// Skipped, because it meant nothing there.
    public internal(set) var skippedCount = 0
    /// How many of those that were done or refused had each label.
    public internal(set) var labels: [String: Int] = [:]
  }

  /// How many traces were executed.
  public internal(set) var traceCount = 0
  /// A row for each kind that was met, by its rank.
  public private(set) var rows: [Int: Row] = [:]

  /// How many operations had a label.
  public func count(of label: String) -> Int {
    rows.values.reduce(0) { $0 + ($1.labels[label] ?? 0) }
  }

  mutating func note(_ operation: some SlotOperation, _ effect: StepEffect, _ label: String?) {
    let kind = operation.kind
    if rows[kind] == nil {
      rows[kind] = Row(name: String("\(operation)".prefix { $0 != " " }))
    }
    switch effect {
    case .performed: rows[kind]?.performedCount += 1
    case .refused: rows[kind]?.refusedCount += 1
    case .skipped: rows[kind]?.skippedCount += 1
    }
    if let label { rows[kind]?.labels[label, default: 0] += 1 }
  }

  /// A table, a kind a line.
  public var description: String {
    let lines = rows.sorted { $0.key < $1.key }.map { _, row in
      let total = row.performedCount + row.refusedCount
      let parts =
        ["\(total)"] + (row.refusedCount > 0 ? ["\(row.refusedCount) refused"] : [])
        + (row.skippedCount > 0 ? ["\(row.skippedCount) skipped"] : [])
        + row.labels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { label, count in
          "\(count * 100 / max(total, 1)) % \(label)"
        }
      return "  \(row.name): \(parts.joined(separator: ", "))"
    }
    return (["\(traceCount) \(traceCount == 1 ? "trace" : "traces")"] + lines)
      .joined(separator: "\n")
  }
}
