import PoolOracles
import PropertyTesting

/// When a trace's pool went wrong, and when somebody noticed: the operation that did it is rarely
/// the one that shows it.
public struct CorruptionTime: Sendable, Equatable {
  /// The index of the first operation after which a full check finds the pool wrong, by bisection
  /// over prefixes; nil where only the end of the run shows anything.
  public let cause: Int?
  /// The index of the operation at which the fast checks notice; the number of operations for the
  /// end of the run, nil where they see nothing.
  public let symptom: Int?

  /// Replays a trace about log2 of its length times.
  public init(of trace: PoolFuzzTrace) {
    var fast = trace
    let kept = trace.configuration.oracles.intersection(.afterMisuse)
    fast.configuration.oracles = OracleSet.fast.union(kept)
    symptom = PoolShrinker.execute(fast).failure?.step
    var full = trace
    // Oracles that predict single operations would find in passing what the bisection looks for.
    full.configuration.oracles = kept.union([.finalInvariants, .fullInvariants])
    // What comes after an alarm does not matter, and may hide what caused it.
    if let symptom { full = full.prefix(symptom + 1) }
    cause = TraceRunner<CheckedPool>.causeStep(of: full)
  }
}
