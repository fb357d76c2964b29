/// Removes three or more neighbouring operations from a trace that is already short: what comes
/// in threes and fours, as in a counter that wraps, cannot go in ones and twos.
public struct RemoveWindows<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove windows"
  /// What it leaves is shorter, and may now lose more.
  public let startsOver = true

  /// Longer traces have too many windows.
  private static var longTrace: Int { 12 }

  /// The pass.
  public init() {}

  /// Proposes the trace without each window of 3 operations up to half of them.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    let count = trace.operations.count
    guard count > 5, count <= Self.longTrace else { return }
    for length in 3...count / 2 {
      for start in stride(from: count - length, through: 0, by: -1) {
        let selection = IndexSelection(start..<start + length, of: count)
        if reduction.isOver || reduction.attempt(trace.removing(selection)) { return }
      }
    }
  }
}
