/// Lets operations use earlier things in place of the ones that they use.
public struct RetargetUses<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "retarget uses"

  /// The pass.
  public init() {}

  /// Proposes, for each slot that an operation does not create, each lower live slot in its
  /// place; and for pairs of operations that they exchange their slots.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var index = 0
    while index < reduction.trace.operations.count, !reduction.isOver {
      retarget(index, &reduction)
      exchange(index, &reduction)
      index += 1
    }
  }

  private func retarget(
    _ index: Int, _ reduction: inout Reduction<Configuration, Operation>
  ) {
    let trace = reduction.trace
    let operation = trace.operations[index]
    var live = Self.live(before: index, in: trace)
    if operation.isDestruction {
      // A thing that is to end later cannot end now as well: one of the two would be skipped.
      live.removeAll { slot in
        trace.operations[index...].contains { $0.isDestruction && $0.names(slot) }
      }
    }
    for slot in Self.used(by: operation) {
      for lower in live where lower < slot && !operation.names(lower) {
        var candidate = trace
        candidate.operations[index] = operation.renamingSlots { $0 == slot ? lower : $0 }
        if reduction.isOver || reduction.attempt(candidate) { return }
      }
    }
  }

  private func exchange(
    _ index: Int, _ reduction: inout Reduction<Configuration, Operation>
  ) {
    let trace = reduction.trace
    guard index < trace.operations.count else { return }
    let operation = trace.operations[index]
    for other in trace.operations.indices where other > index {
      for slot in Self.used(by: operation) {
        for lower in Self.used(by: trace.operations[other]) where lower < slot {
          guard trace.operations[other].kind != operation.kind || other == index + 1 else {
            continue
          }
          var candidate = trace
          candidate.operations[index] = operation.renamingSlots { $0 == slot ? lower : $0 }
          candidate.operations[other] = trace.operations[other].renamingSlots {
            $0 == lower ? slot : $0
          }
          if reduction.isOver || reduction.attempt(candidate) { return }
        }
      }
    }
  }

  private static func used(by operation: Operation) -> [Slot] {
    var slots: [Slot] = []
    operation.slots.forEach { if $0.effect != .creates { slots.append($0.slot) } }
    return slots
  }

  private static func live(
    before index: Int, in trace: Trace<Configuration, Operation>
  ) -> [Slot] {
    var live: [Slot] = []
    for operation in trace.operations.prefix(index) {
      operation.slots.forEach { use in
        if use.effect == .creates { live.append(use.slot) }
        if use.effect == .destroys { live.removeAll { $0 == use.slot } }
      }
    }
    return live.sorted()
  }
}
