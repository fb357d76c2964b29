/// Lets an earlier thing stand for a later one: its creation goes, and what was done with it is
/// done with the other. What was a copy of a copy becomes a copy.
public struct UnifySlots<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "unify slots"
  /// What it leaves is shorter, and may now lose more.
  public let startsOver = true

  /// More lifetimes have too many pairs.
  private static var manyLifetimes: Int { 12 }

  /// The pass.
  public init() {}

  /// Proposes, for each pair of lifetimes of which the later does more than exist, the trace in
  /// which the earlier one takes its part; until one is accepted.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    let lifetimes = Lifetime.all(in: trace.operations)
    guard lifetimes.count <= Self.manyLifetimes else { return }
    for (index, later) in lifetimes.enumerated() where later.operations.count > 1 {
      for earlier in lifetimes[..<index] {
        // Two destructions of one thing are the same as the removal of one of them.
        guard later.operations.count > 2 || earlier.destruction == nil || later.destruction == nil
        else { continue }
        var candidate = trace
        for step in later.operations.dropFirst() {
          candidate.operations[step] = candidate.operations[step].renamingSlots {
            $0 == later.slot ? earlier.slot : $0
          }
        }
        candidate.operations.remove(at: later.creation)
        if reduction.isOver || reduction.attempt(candidate) { return }
      }
    }
  }
}
