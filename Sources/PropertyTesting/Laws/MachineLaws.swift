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
