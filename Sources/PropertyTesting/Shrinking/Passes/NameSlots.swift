/// Names slots in order of first use, one for each lifetime.
public struct NameSlots<Configuration: TraceConfiguration, Operation: SlotOperation>: ShrinkPass {
  /// In statistics.
  public let name = "name slots"

  /// The pass.
  public init() {}

  /// Proposes the one trace with those names.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard let renamed = SlotNaming.separated(reduction.trace.operations),
      renamed != reduction.trace.operations
    else { return }
    reduction.attempt(Trace(configuration: reduction.trace.configuration, operations: renamed))
  }
}
