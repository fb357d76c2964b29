/// Checks that a machine can be shrunk at all, on sub-sequences of a trace.
public enum MachineLaws {
  /// The breaches seen on a trace and on `sampleCount` random sub-sequences of it.
  public static func breaches<Machine: StateMachine & ~Copyable>(
    of machine: Machine.Type, on trace: Trace<Machine.Configuration, Machine.Operation>,
    seed: Seed, sampleCount: Int = 16
  ) -> [LawBreach] {
    var breaches: [LawBreach] = []
    let defaults = Machine.Configuration()
    if defaults.parameters.contains(where: { $0.complexity != 0 }) {
      breaches.append(LawBreach(law: .defaults, witness: defaults.description))
    }
    check(machine, trace, &breaches)
    for sample in 0..<sampleCount {
      var choices = RandomChoices(seed: seed, stream: UInt64(sample))
      let indices = trace.operations.indices.filter { _ in choices.chance(1, in: 2) }
      let dropped = IndexSelection(indices, of: trace.operations.count)
      check(machine, trace.removing(dropped), &breaches)
    }
    return breaches
  }

  private static func check<Machine: StateMachine & ~Copyable>(
    _ machine: Machine.Type, _ trace: Trace<Machine.Configuration, Machine.Operation>,
    _ breaches: inout [LawBreach]
  ) {
    let runner = TraceRunner<Machine>()
    let execution = runner.run(trace)
    if runner.run(trace) != execution {
      breaches.append(LawBreach(law: .determinism, witness: trace.description))
    }
    let skipped = IndexSelection(execution.skippedSteps, of: trace.operations.count)
    var bare = trace.removing(skipped)
    let bareExecution = runner.run(bare)
    if !agree(execution, bareExecution) {
      breaches.append(LawBreach(law: .skipping, witness: trace.description))
    }
    bare = bare.prefix(bareExecution.operationCount)
    guard bareExecution.skippedSteps.isEmpty,
      let renamed = SlotNaming.separated(bare.operations)
    else { return }
    let separated = Trace(configuration: trace.configuration, operations: renamed)
    if runner.run(separated) != runner.run(bare) {
      breaches.append(LawBreach(law: .slotNames, witness: bare.description))
    }
  }

  /// The same failure, at the step that it has once the skipped ones before it are gone.
  private static func agree(_ whole: Execution, _ bare: Execution) -> Bool {
    guard let failure = whole.failure else { return bare.failure == nil }
    let skippedBefore = whole.skippedSteps.count { $0 < failure.step }
    return bare.failure
      == Execution.Failure(step: failure.step - skippedBefore, identities: failure.identities)
  }
}

/// A duty that an operation type or a machine does not fulfil.
public struct LawBreach: Error, Equatable, CustomStringConvertible {
  /// The duty.
  public enum Law: String, Sendable, CaseIterable {
    /// Renaming each slot to itself gives the same operation.
    case identityRenaming = "renaming slots to themselves changes nothing"
    /// Renaming changes the slots, as told, and nothing else.
    case faithfulRenaming = "renaming changes the slots only, and as told"
    /// A parameter that is replaced by itself gives the same operation.
    case identityReplacement = "replacing a parameter by its own value changes nothing"
    /// A replaced parameter reads back, and nothing else has changed.
    case faithfulReplacement = "a replaced parameter reads back and changes nothing else"
    /// Kind, slots and parameters tell operations apart.
    case distinction = "kind, slots and parameters are equal exactly for equal operations"
    /// A merger is a creation in the same slot.
    case merger = "a merger keeps the slots and the kind of creation"
    /// The default configuration has no complexity.
    case defaults = "every parameter of the default configuration is at its origin"
    /// The same trace gives the same execution.
    case determinism = "the same trace gives the same execution"
    /// Skipped operations change nothing.
    case skipping = "without its skipped operations a trace gives the same failure"
    /// Slots are only names.
    case slotNames = "slots of other names give the same execution"
    /// A machine that took over a state goes on as the one that came to it.
    case rewinding = "a machine that became another goes on as that one does"
  }

  /// Which.
  public let law: Law
  /// The operation or trace that shows it.
  public let witness: String

  /// The duty and the witness.
  public var description: String {
    "broken law: \(law.rawValue); shown by: \(witness)"
  }
}

/// Checks that operations tell the shrinker the truth about themselves.
///
/// A shrinker trusts what operations say of their slots and parameters. One wrong `switch` there
/// shows up as a bad minimum months later; here it shows up at once.
public enum OperationLaws {
  /// The breaches found in a sample of operations; quadratic in its size.
  public static func breaches<Operation: SlotOperation>(
    of sample: [Operation]
  ) -> [LawBreach] {
    var breaches: [LawBreach] = []
    for operation in sample {
      checkRenaming(operation, &breaches)
      checkReplacement(operation, &breaches)
      for other in sample {
        checkDistinction(operation, other, &breaches)
        checkMerger(operation, other, &breaches)
      }
    }
    return breaches
  }

  private static func checkRenaming<Operation: SlotOperation>(
    _ operation: Operation, _ breaches: inout [LawBreach]
  ) {
    if operation.renamingSlots({ $0 }) != operation {
      breaches.append(LawBreach(law: .identityRenaming, witness: operation.description))
    }
    func shifted(_ slot: Slot) -> Slot { Slot((slot.number + 1) % Slot.limit) }
    func shifted(_ use: SlotUse?) -> SlotUse? {
      use.map { SlotUse(shifted($0.slot), $0.effect) }
    }
    let renamed = operation.renamingSlots(shifted)
    let expected = SlotUses(
      first: shifted(operation.slots.first), second: shifted(operation.slots.second))
    let isFaithful =
      renamed.slots == expected && renamed.kind == operation.kind
      && renamed.parameters.map(\.value) == operation.parameters.map(\.value)
    if !isFaithful {
      breaches.append(LawBreach(law: .faithfulRenaming, witness: operation.description))
    }
  }

  private static func checkReplacement<Operation: SlotOperation>(
    _ operation: Operation, _ breaches: inout [LawBreach]
  ) {
    let parameters = operation.parameters
    for (index, parameter) in parameters.enumerated() {
      if operation.replacingParameter(at: index, with: parameter.value) != operation {
        breaches.append(LawBreach(law: .identityReplacement, witness: operation.description))
      }
      for value in [parameter.origin, parameter.value / 2] + parameter.landmarks {
        guard let replaced = operation.replacingParameter(at: index, with: value) else { continue }
        var expected = parameters.map(\.value)
        expected[index] = value
        let isFaithful =
          replaced.parameters.map(\.value) == expected && replaced.kind == operation.kind
          && replaced.slots == operation.slots
        if !isFaithful {
          breaches.append(LawBreach(law: .faithfulReplacement, witness: operation.description))
        }
      }
    }
  }

  private static func checkDistinction<Operation: SlotOperation>(
    _ left: Operation, _ right: Operation, _ breaches: inout [LawBreach]
  ) {
    let looksEqual =
      left.kind == right.kind && left.slots == right.slots
      && left.parameters.map(\.value) == right.parameters.map(\.value)
    if looksEqual != (left == right) {
      breaches.append(LawBreach(law: .distinction, witness: "\(left) and \(right)"))
    }
  }

  private static func checkMerger<Operation: SlotOperation>(
    _ left: Operation, _ right: Operation, _ breaches: inout [LawBreach]
  ) {
    for merged in left.merging(right) where merged.slots != left.slots || !merged.isCreation {
      breaches.append(LawBreach(law: .merger, witness: "\(left) and \(right)"))
    }
  }
}

extension MachineLaws {
  /// The breaches of rewinding seen on a trace: at each of its places a machine that is already
  /// somewhere else takes over the state of one that has come so far, which then runs to its end.
  /// The rest of the trace must come out of the first machine as it does of a whole run.
  public static func rewindingBreaches<Machine: RewindableMachine & ~Copyable>(
    of machine: Machine.Type, on trace: Trace<Machine.Configuration, Machine.Operation>
  ) -> [LawBreach] {
    let expected = TraceRunner<Machine>().run(trace)
    var breaches: [LawBreach] = []
    for place in 0...trace.operations.count {
      var ahead = RewindingRun<Machine>(trace)
      ahead.run(upTo: place)
      var other = RewindingRun<Machine>(trace)
      other.run(upTo: trace.operations.count)
      other.become(ahead)
      ahead.run(upTo: trace.operations.count)
      ahead.finish()
      other.run(upTo: trace.operations.count)
      other.finish()
      if other.failure != expected.failure || ahead.failure != expected.failure {
        breaches.append(LawBreach(law: .rewinding, witness: "\(trace)\nrewound at \(place)"))
      }
    }
    return breaches
  }
}

/// A run that can be stopped at any place, and taken over by another.
private struct RewindingRun<Machine: RewindableMachine & ~Copyable>: ~Copyable {
  private let trace: Trace<Machine.Configuration, Machine.Operation>
  private var machine: Machine
  private var occupancy = SlotOccupancy()
  private var next = 0
  private(set) var failure: Execution.Failure?

  init(_ trace: Trace<Machine.Configuration, Machine.Operation>) {
    self.trace = trace
    machine = Machine(configuration: trace.configuration)
  }

  mutating func become(_ other: borrowing Self) {
    machine.become(other.machine)
    occupancy = other.occupancy
    next = other.next
    failure = other.failure
  }

  mutating func run(upTo end: Int) {
    var violations: [Machine.Violation] = []
    while next < end, failure == nil {
      let operation = trace.operations[next]
      let effect = TraceRunner<Machine>.perform(
        operation, on: &machine, &occupancy, &violations)
      if effect != .skipped, violations.isEmpty { machine.check(&violations) }
      if !violations.isEmpty {
        failure = TraceRunner<Machine>.failure(violations, step: next, after: operation)
      }
      next += 1
    }
  }

  mutating func finish() {
    guard failure == nil else { return }
    var violations: [Machine.Violation] = []
    machine.finish(&violations)
    guard !violations.isEmpty else { return }
    failure = TraceRunner<Machine>.failure(
      violations, step: trace.operations.count, after: nil)
  }
}
