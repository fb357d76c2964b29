/// A trace that fails, where it came from, and what it was reduced to.
public struct PropertyFailure<Configuration: TraceConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// The seed of the run.
  public let seed: Seed
  /// The number of the trace under that seed.
  public let number: Int
  /// The features that the trace was generated with, in words.
  public let swarm: String
  /// The trace as generated.
  public let original: Trace<Configuration, Operation>
  /// What it was reduced to, at what cost.
  public let shrinking: ShrinkResult<Configuration, Operation>
  /// For each operation of the minimal trace, what happens without it; nil when the failure could
  /// not be reproduced.
  public let certificate: Certificate?

  /// The smallest failing trace.
  public var trace: Trace<Configuration, Operation> { shrinking.trace }

  /// What went wrong.
  public var identity: FailureIdentity { shrinking.identity }

  /// Seed and number on one line: enough to generate the failing trace again.
  public var replayLine: String { "seed \(seed) trace \(number)" }

  /// The message to show: the failure, the minimal trace with reasons, and how to repeat it.
  public var message: String {
    let operations = trace.operations.enumerated().map { index, operation in
      "  \(index + 1). \(operation)\(reason(index))"
    }
    let lines =
      ["\(identity)", "configuration: \(trace.configuration)"] + operations + [
        "from \(original.operations.count) operations to \(trace.operations.count) in "
          + "\(shrinking.executionCount) executions: \(ending)",
        "replay: \(replayLine) (\(swarm))",
      ]
    return lines.joined(separator: "\n")
  }

  private func reason(_ index: Int) -> String {
    guard let certificate, index < certificate.operations.count else { return "" }
    return "  [without it: \(certificate.operations[index].without.words)]"
  }

  private var ending: String {
    switch shrinking.ending {
    case .oneMinimal: "no operation can be removed"
    case .budgetExhausted: "the budget was used up, it may not be minimal"
    case .interrupted: "it was interrupted and may not be minimal"
    case .off: "shrinking is off"
    case .notReproduced: "the failure could not be reproduced: the machine is not deterministic"
    }
  }
}
