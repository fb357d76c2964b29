/// Removes whole lifetimes: halves of them, quarters, and so on down to single ones.
public struct RemoveLifetimes<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "remove lifetimes"

  /// With so few, groups are not worth their executions.
  private static var fewLifetimes: Int { 8 }

  /// The pass.
  public init() {}

  /// Works from the last lifetime to the first: late ones are the least likely to be needed.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var lifetimes = Lifetime.all(in: reduction.trace.operations)
    var group = lifetimes.count > Self.fewLifetimes ? lifetimes.count / 2 : 1
    while group > 0, !lifetimes.isEmpty, !reduction.isOver {
      var end = lifetimes.count
      while end > 0, !reduction.isOver {
        let start = max(0, end - group)
        let indices = lifetimes[start..<end].flatMap(\.operations)
        let selection = IndexSelection(indices, of: reduction.trace.operations.count)
        if reduction.attempt(reduction.trace.removing(selection)) {
          lifetimes = Lifetime.all(in: reduction.trace.operations)
        }
        end = min(start, lifetimes.count)
      }
      group = min(group, lifetimes.count) / 2
    }
  }
}
