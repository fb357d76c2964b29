/// Removes two operations at once: a creation and a destruction that undo each other, when each
/// alone is needed because of the other.
public struct RemovePairs<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove pairs"
  /// It is quadratic, and what it removes is dear to find otherwise.
  public let startsOver = true

  /// Longer traces have too many pairs.
  private static var longTrace: Int { 16 }

  /// The pass.
  public init() {}

  /// Proposes the trace without each pair of its operations.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= Self.longTrace else { return }
    // Whole lifetimes have been tried.
    let lifetimes = Lifetime.all(in: reduction.trace.operations).filter {
      $0.operations.count == 2
    }
    var second = reduction.trace.operations.count - 1
    while second > 0 {
      for first in stride(from: second - 1, through: 0, by: -1) {
        guard !reduction.isOver else { return }
        if lifetimes.contains(where: { $0.operations == [first, second] }) { continue }
        let count = reduction.trace.operations.count
        let selection = IndexSelection([first, second], of: count)
        if reduction.attempt(reduction.trace.removing(selection)) { return }
      }
      second -= 1
    }
  }
}
