/// Executes traces on fresh machines.
public struct TraceRunner<Machine: StateMachine & ~Copyable>: Sendable {
  /// How often invariants are checked.
  public let checks: CheckFrequency

  /// A runner that checks that often.
  @inlinable
  public init(checks: CheckFrequency = .everyStep) {
    self.checks = checks
  }

  /// Executes a trace until its first failure or its end.
  @inlinable
  public func run(_ trace: Trace<Machine.Configuration, Machine.Operation>) -> Execution {
    var machine = Machine(configuration: trace.configuration)
    var occupancy = SlotOccupancy()
    var violations: [Machine.Violation] = []
    var skipped: [Int] = []
    for step in trace.operations.indices {
      let operation = trace.operations[step]
      let effect = Self.perform(operation, on: &machine, &occupancy, &violations)
      if effect == .skipped { skipped.append(step) }
      if effect != .skipped, checks == .everyStep, violations.isEmpty {
        machine.check(&violations)
      }
      if !violations.isEmpty {
        let failure = Self.failure(violations, step: step, after: operation)
        return Execution(failure: failure, skippedSteps: skipped, operationCount: step &+ 1)
      }
    }
    let count = trace.operations.count
    if checks == .atEnd { machine.check(&violations) }
    if violations.isEmpty { machine.finish(&violations) }
    let failure =
      violations.isEmpty ? nil : Self.failure(violations, step: count, after: nil)
    return Execution(failure: failure, skippedSteps: skipped, operationCount: count)
  }

  @inlinable
  static func perform(
    _ operation: Machine.Operation, on machine: inout Machine,
    _ occupancy: inout SlotOccupancy, _ violations: inout [Machine.Violation]
  ) -> StepEffect {
    guard Machine.slotKeeping == .byRunner else {
      return machine.perform(operation, &violations)
    }
    let slots = operation.slots
    guard occupancy.admits(slots) else { return .skipped }
    let effect = machine.perform(operation, &violations)
    if effect == .performed { occupancy.apply(slots) }
    return effect
  }

  @usableFromInline
  static func failure(
    _ violations: [Machine.Violation], step: Int, after operation: Machine.Operation?
  ) -> Execution.Failure {
    var identities: [FailureIdentity] = []
    for violation in violations {
      let identity = Machine.identity(of: violation, after: operation)
      if !identities.contains(identity) { identities.append(identity) }
    }
    return Execution.Failure(step: step, identities: identities)
  }
}
