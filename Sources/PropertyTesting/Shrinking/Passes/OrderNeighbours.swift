/// Swaps neighbours that do not depend on each other into the order that is smaller.
public struct OrderNeighbours<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "order neighbours"

  private let longestTrace: Int

  /// The pass, for traces of up to so many operations: order is for those that stay.
  public init(longestTrace: Int = .max) {
    self.longestTrace = longestTrace
  }

  /// One sweep of adjacent swaps.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= longestTrace else { return }
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
