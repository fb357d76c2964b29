/// One way of making a trace smaller.
///
/// Obligations of a pass:
/// - It only proposes, with `Reduction.attempt`; the reduction decides, keeps the books, and
///   makes sure that what is accepted is smaller in `TraceOrder`.
/// - It goes on from where it was after a success, and does not start over: the shrinker repeats
///   passes to a fixpoint, and tells candidates that it has already seen.
/// - It looks at `reduction.trace` again after each success: the trace is cut after its failure
///   and freed of skipped operations, so indices may have moved.
/// - It stops when `reduction.isOver`.
///
/// The name is the key of the pass in all statistics.
public protocol ShrinkPass<Configuration, Operation>: Sendable {
  /// How the system is set up.
  associatedtype Configuration: TraceConfiguration
  /// What can be done to it.
  associatedtype Operation: SlotOperation

  /// What it is called in statistics.
  var name: String { get }

  /// Whether it is dear: it waits for a round in which the passes before it did nothing, and its
  /// progress starts a new round at once, because it makes way for cheaper passes.
  var startsOver: Bool { get }

  /// Proposes smaller traces.
  func run(_ reduction: inout Reduction<Configuration, Operation>)
}

extension ShrinkPass {
  /// No: the round goes on.
  public var startsOver: Bool { false }
}
