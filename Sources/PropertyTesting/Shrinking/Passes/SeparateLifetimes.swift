/// Gives every lifetime a slot of its own, so that the passes after it can delete one without
/// making another skip.
public struct SeparateLifetimes<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "separate lifetimes"

  /// The pass.
  public init() {}

  /// Proposes one trace, if any slot is used twice.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard SlotNaming.reuseCount(reduction.trace.operations) > 0,
      let renamed = SlotNaming.separated(reduction.trace.operations)
    else { return }
    reduction.attempt(Trace(configuration: reduction.trace.configuration, operations: renamed))
  }
}
