/// Tries once more to remove each operation and each lifetime; its silence is the claim.
///
/// Not part of a plan: the shrinker always runs it last, whatever the passes before it were.
public struct OneMinimality<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "1-minimality"

  /// The pass.
  public init() {}

  /// Stops at the first success: the shrinker then begins another round.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    for index in trace.operations.indices.reversed() {
      if reduction.isOver || reduction.attempt(trace.removing(at: index)) { return }
    }
    for lifetime in Lifetime.all(in: trace.operations) {
      let selection = IndexSelection(lifetime.operations, of: trace.operations.count)
      if reduction.isOver || reduction.attempt(trace.removing(selection)) { return }
    }
  }
}
