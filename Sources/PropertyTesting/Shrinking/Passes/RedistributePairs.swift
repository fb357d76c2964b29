/// Lowers one number and raises a later one of its role by the same amount: numbers whose sum
/// matters. It is what brings (50, 50) and (30, 70) to the same normal form.
public struct RedistributePairs<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "redistribute pairs"

  /// The pass.
  public init() {}

  /// Proposes shifts from the earlier to the later of each pair.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    ParameterPairs.visit(&reduction) { first, second in
      guard first.parameter.value > first.parameter.origin,
        second.parameter.value <= UInt64.max - first.parameter.complexity
      else { return nil }
      return ParameterPairs.Shift(
        limit: first.parameter.complexity, first: .down, second: .upward)
    }
  }
}
