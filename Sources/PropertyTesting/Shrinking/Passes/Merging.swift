/// Lets an earlier thing stand for a later one: its creation goes, and what was done with it is
/// done with the other. What was a copy of a copy becomes a copy.
public struct UnifySlots<Configuration: MachineConfiguration, Operation: SlotOperation>:
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

/// Lets operations use earlier things in place of the ones that they use.
public struct RetargetUses<Configuration: MachineConfiguration, Operation: SlotOperation>:
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

/// Replaces a value by a simpler one that its role already has: fewer distinct numbers to explain.
public struct UnifyParameters<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "unify parameters"

  /// The pass.
  public init() {}

  /// Proposes each simpler value for all places of a more complex one.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var distinct: [Parameter] = []
    for site in ParameterSite.all(in: reduction.trace) {
      let isKnown = distinct.contains {
        $0.role == site.parameter.role && $0.value == site.parameter.value
      }
      if !isKnown { distinct.append(site.parameter) }
    }
    for parameter in distinct {
      for simpler in distinct where simpler.role == parameter.role {
        guard !reduction.isOver else { return }
        guard parameter.complexity(of: simpler.value) < parameter.complexity else { continue }
        let sites = ParameterSite.all(in: reduction.trace).filter {
          $0.parameter.role == parameter.role && $0.parameter.value == parameter.value
        }
        let values = sites.map { _ in simpler.value }
        reduction.attempt(ParameterSite.replacing(sites, with: values, in: reduction.trace))
      }
    }
  }
}

/// Gives every lifetime a slot of its own, so that the passes after it can delete one without
/// making another skip.
public struct SeparateLifetimes<Configuration: MachineConfiguration, Operation: SlotOperation>:
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
