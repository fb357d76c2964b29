/// Replaces operations by ones of a simpler kind: a special creation by a plain one, if the
/// operations know of such (`SlotOperation.simplerKinds`).
public struct SimplifyKinds<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify kinds"

  /// The pass.
  public init() {}

  /// Proposes each simpler kind of each operation.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var index = 0
    while index < reduction.trace.operations.count, !reduction.isOver {
      let trace = reduction.trace
      for simpler in trace.operations[index].simplerKinds {
        var candidate = trace
        candidate.operations[index] = simpler
        if reduction.attempt(candidate) { break }
      }
      index += 1
    }
  }
}
