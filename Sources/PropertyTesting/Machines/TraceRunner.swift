/// Executes traces on fresh machines.
public struct TraceRunner<Machine: StateMachine & ~Copyable>: Sendable {
  /// How often invariants are checked.
  public let checks: CheckFrequency

  /// A runner that checks that often.
  @inlinable
  public init(checks: CheckFrequency = .everyStep) {
    self.checks = checks
  }

  /// Where in a run an observer is asked.
  public enum Moment: Sendable {
    /// The machine is fresh.
    case begun
    /// An operation was not skipped, and it and what it left were judged.
    case judged(step: Int, StepEffect)
    /// All operations were judged without a failure; the end comes next.
    case ending
    /// The end was judged.
    case ended
  }

  /// Looks at the machine within a run, and may take out violations that are not to count.
  public typealias Observer = (Moment, inout Machine, inout [Machine.Violation]) -> Void

  /// Executes a trace until its first failure or its end.
  @inlinable
  public func run(_ trace: Trace<Machine.Configuration, Machine.Operation>) -> Execution {
    run(trace) { _, _, _ in }
  }

  /// The same with somebody who looks on.
  @inlinable
  public func run(
    _ trace: Trace<Machine.Configuration, Machine.Operation>, observer: Observer
  ) -> Execution {
    var machine = Machine(configuration: trace.configuration)
    var occupancy = SlotOccupancy()
    var violations: [Machine.Violation] = []
    var skipped: [Int] = []
    observer(.begun, &machine, &violations)
    for step in trace.operations.indices {
      let operation = trace.operations[step]
      let effect = Self.perform(operation, on: &machine, &occupancy, &violations)
      if effect == .skipped {
        skipped.append(step)
      } else {
        if checks == .everyStep, violations.isEmpty { machine.check(&violations) }
        observer(.judged(step: step, effect), &machine, &violations)
      }
      if !violations.isEmpty {
        let failure = Self.failure(violations, step: step, after: operation)
        return Execution(failure: failure, skippedSteps: skipped, operationCount: step &+ 1)
      }
    }
    let count = trace.operations.count
    if checks == .atEnd { machine.check(&violations) }
    observer(.ending, &machine, &violations)
    if violations.isEmpty { machine.finish(&violations) }
    observer(.ended, &machine, &violations)
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
