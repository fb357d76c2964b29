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
