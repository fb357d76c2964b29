/// Removes runs of neighbouring operations, for what belongs to no lifetime.
public struct RemoveRuns<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove runs"

  /// Shorter traces are left to the removal of single operations.
  private static var shortTrace: Int { 16 }

  /// The pass.
  public init() {}

  /// Runs of half the trace, a quarter, and so on; a run that can go is doubled while it can.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var length = reduction.trace.operations.count / 2
    while length > 2, reduction.trace.operations.count > Self.shortTrace, !reduction.isOver {
      var end = reduction.trace.operations.count
      while end > 0, !reduction.isOver {
        var extent = length
        var start = max(0, end - extent)
        while start < end, reduction.attempt(Self.removing(start..<end, from: reduction.trace)) {
          end = min(start, reduction.trace.operations.count)
          extent *= 2
          start = max(0, end - extent)
        }
        end = max(0, end - length)
      }
      length /= 2
    }
  }

  private static func removing(
    _ range: Range<Int>, from trace: Trace<Configuration, Operation>
  ) -> Trace<Configuration, Operation> {
    var copy = trace
    copy.operations.removeSubrange(range)
    return copy
  }
}
