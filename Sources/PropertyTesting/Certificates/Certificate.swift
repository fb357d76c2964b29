/// Why a trace is minimal: for each operation, and each lifetime, what happens without it.
///
/// It is evidence and explanation at once. Written beside a minimal trace it can be checked by
/// anyone in as many executions as it has lines, and a reader learns from it what each operation
/// is there for: without one the run passes, without another something else breaks.
public struct Certificate: Sendable, Equatable {
  /// An operation, in words, and what happens without it.
  public struct Operation: Sendable, Equatable {
    /// Its description.
    public let text: String
    /// What the trace does without it.
    public let without: RemovalOutcome
  }

  /// A lifetime of several operations, and what happens without all of them.
  public struct Life: Sendable, Equatable {
    /// Its slot.
    public let slot: Slot
    /// The indices of its operations, from 0.
    public let operations: [Int]
    /// What the trace does without them.
    public let without: RemovalOutcome
  }

  /// The failure that the trace shows.
  public let identity: FailureIdentity
  /// Where it shows: the index of the operation, or the number of operations for the end.
  public let step: Int
  /// The configuration, in words.
  public let configuration: String
  /// The operations of the trace in order.
  public let operations: [Operation]
  /// The lifetimes of more than one operation, in order of creation.
  public let lifetimes: [Life]

  /// Whether nothing can be removed: no operation, and no lifetime.
  public var isMinimal: Bool {
    operations.allSatisfy { $0.without != .failsTheSame }
      && lifetimes.allSatisfy { $0.without != .failsTheSame }
  }

  init(
    identity: FailureIdentity, step: Int, configuration: String, operations: [Operation],
    lifetimes: [Life]
  ) {
    self.identity = identity
    self.step = step
    self.configuration = configuration
    self.operations = operations
    self.lifetimes = lifetimes
  }

  /// Executes the trace, and then the trace without each operation and each lifetime.
  ///
  /// - Returns: nil when the trace does not show the failure.
  public init?<C: TraceConfiguration, O: SlotOperation>(
    of trace: Trace<C, O>, _ identity: FailureIdentity, execute: (Trace<C, O>) -> Execution
  ) {
    let whole = execute(trace)
    guard let failure = whole.failure, whole.shows(identity) else { return nil }
    func outcome(without removed: [Int]) -> RemovalOutcome {
      let selection = IndexSelection(removed, of: trace.operations.count)
      let execution = execute(trace.removing(selection))
      guard let failure = execution.failure, let first = failure.identities.first else {
        return .passes
      }
      if execution.shows(identity) { return .failsTheSame }
      let kept = trace.operations.indices.filter { !selection.contains($0) }
      let step = failure.step < kept.count ? kept[failure.step] : trace.operations.count
      return .failsOtherwise(first, step: step)
    }
    self.identity = identity
    step = failure.step
    configuration = Self.line(trace.configuration.description)
    operations = trace.operations.enumerated().map { index, operation in
      Operation(text: Self.line(operation.description), without: outcome(without: [index]))
    }
    lifetimes = Lifetime.all(in: trace.operations).filter { $0.operations.count > 1 }.map {
      Life(slot: $0.slot, operations: $0.operations, without: outcome(without: $0.operations))
    }
  }

  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }
}
