/// Removes single operations, last to first.
public struct RemoveSingles<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove singles"

  /// The pass.
  public init() {}

  /// Proposes the trace without each of its operations.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var index = reduction.trace.operations.count - 1
    while index >= 0, !reduction.isOver {
      reduction.attempt(reduction.trace.removing(at: index))
      index = min(index, reduction.trace.operations.count) - 1
    }
  }
}
