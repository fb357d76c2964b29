/// Lowers two numbers of one role by the same amount: numbers whose difference matters.
///
/// Lowering them in turn, each by one, would zigzag: as many attempts as the numbers are large.
public struct LowerPairs<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "lower pairs"

  /// The pass.
  public init() {}

  /// Proposes common reductions of each pair.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    ParameterPairs.visit(&reduction) { first, second in
      let limit = min(first.parameter.complexity, second.parameter.complexity)
      guard first.parameter.value > first.parameter.origin,
        second.parameter.value > second.parameter.origin
      else { return nil }
      return ParameterPairs.Shift(limit: limit, first: .down, second: .down)
    }
  }
}
