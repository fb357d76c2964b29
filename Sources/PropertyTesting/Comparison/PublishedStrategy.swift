/// Deletion strategies of other tools, written anew from their published descriptions, to be
/// compared with `Shrinker` on the same traces.
///
/// All of them get stable slots and the same-failure predicate, which most of the originals lack,
/// so what is compared is the strategy alone. Only the choice tape changes arguments.
public enum PublishedStrategy: String, Sendable, CaseIterable {
  /// Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): subsets,
  /// then complements, at doubling granularity.
  case deltaDebugging = "ddmin"
  /// One operation at a time from back to front, once, as proptest's state machines do.
  case backwardPass = "backward pass"
  /// One operation at a time from front to back, once, as ArcHeap's minimizer does.
  case forwardPass = "forward pass"
  /// One contiguous run, restarted after each success, as fast-check's commands do.
  case oneRun = "one run"
  /// Counter-based delta debugging (2024), the deterministic equivalent of ProbDD: blocks that
  /// shrink by a fixed factor each round, no complements, nothing tried twice.
  case counterBased = "CDD"
  /// Edits of the sequence of choices that the trace was generated from, as Hypothesis's reducer;
  /// see `ChoiceTape`, which needs the tape and the generator where the others need the trace.
  case choiceTape = "choice tape"

  /// The strategies that work on the trace itself.
  public static let ofTraces = allCases.filter { $0 != .choiceTape }

  /// What a strategy comes to.
  public struct Result<Configuration: TraceConfiguration, Operation: SlotOperation>: Sendable {
    /// The reduced trace.
    public let trace: Trace<Configuration, Operation>
    /// How many traces were executed.
    public let executionCount: Int
  }

  /// Reduces a trace; the choice tape has none to edit and leaves it as it is.
  ///
  /// - Parameters:
  ///   - trace: one that fails.
  ///   - executionLimit: after so many executions it stops where it is.
  ///   - isFailing: whether a trace fails in the same way.
  public func reduce<C: TraceConfiguration, O: SlotOperation>(
    _ trace: Trace<C, O>, executionLimit: Int = 100_000, isFailing: (Trace<C, O>) -> Bool
  ) -> Result<C, O> {
    var executions = 0
    func fails(_ kept: [Int]) -> Bool {
      guard executions < executionLimit else { return false }
      executions += 1
      return isFailing(
        Trace(
          configuration: trace.configuration, operations: kept.map { trace.operations[$0] }))
    }
    let all = Array(trace.operations.indices)
    let kept =
      switch self {
      case .deltaDebugging: DeletionLoops.deltaDebugging(all, fails)
      case .backwardPass: DeletionLoops.singlePass(all, Array(all.reversed()), fails)
      case .forwardPass: DeletionLoops.singlePass(all, all, fails)
      case .oneRun: DeletionLoops.oneRun(all, fails)
      case .counterBased: DeletionLoops.counterBased(all, fails)
      case .choiceTape: all
      }
    let reduced = Trace(
      configuration: trace.configuration, operations: kept.map { trace.operations[$0] })
    return Result(trace: reduced, executionCount: executions)
  }
}
