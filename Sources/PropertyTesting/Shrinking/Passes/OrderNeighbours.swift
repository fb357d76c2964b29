/// Swaps neighbours that do not depend on each other into the order that is smaller.
public struct OrderNeighbours<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "order neighbours"

  /// The pass.
  public init() {}

  /// One sweep of adjacent swaps.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var index = 1
    while index < reduction.trace.operations.count, !reduction.isOver {
      var candidate = reduction.trace
      candidate.operations.swapAt(index - 1, index)
      // Names follow the order, or no swap of two creations would ever be smaller.
      if let renamed = SlotNaming.separated(candidate.operations) {
        candidate.operations = renamed
      }
      reduction.attempt(candidate)
      index += 1
    }
  }
}
