/// The property that a machine never fails, tested on traces that a model generates.
///
/// Trace number n of a seed is the same whatever was tested before it, on however many threads:
/// all it draws comes from stream n. A run therefore needs no record other than seed and number.
public struct Property<Machine, Model: TraceModel>: Sendable
where
  Machine: StateMachine & ~Copyable, Model.Configuration == Machine.Configuration,
  Model.Operation == Machine.Operation
{
  /// What is executed: a configuration and operations.
  public typealias MachineTrace = Trace<Machine.Configuration, Machine.Operation>
  /// What a failing run reports.
  public typealias Failure = PropertyFailure<Machine.Configuration, Machine.Operation>

  /// How much is tested.
  public var settings: PropertySettings

  /// A property of a machine, tested on what a model makes.
  public init(
    _ machine: Machine.Type, _ model: Model.Type, _ settings: PropertySettings = PropertySettings()
  ) {
    self.settings = settings
  }

  /// Generates trace number `number` with its features; executes nothing.
  @inlinable
  public func trace(_ number: Int) -> (trace: MachineTrace, swarm: Swarm) {
    var choices = RandomChoices(seed: settings.seed, stream: UInt64(number))
    let configuration = Model.configuration(from: &choices)
    let swarm = Swarm.draw(Model.kinds, from: &choices)
    let count = choices.draw(in: 1...settings.operationLimit)
    let trace = TraceGenerator<Model>.trace(
      operationCount: count, configuration: configuration, swarm: swarm, choices: &choices)
    return (trace, swarm)
  }

  /// Tests traces that were kept, then generated ones in order of number, and reduces the first that
  /// fails.
  ///
  /// - Returns: the failure, with its minimal trace and certificate, or nil when none failed; and
  ///   what was tried.
  public func run(
    trying kept: [MachineTrace] = []
  ) -> (failure: Failure?, statistics: PropertyStatistics) {
    var statistics = PropertyStatistics()
    for (index, trace) in kept.enumerated() {
      if let identity = execute(trace, &statistics) {
        return (failure(.kept(index: index), trace, identity), statistics)
      }
    }
    for number in settings.firstTrace..<settings.firstTrace + settings.traceCount {
      let (trace, swarm) = trace(number)
      if let identity = execute(trace, &statistics) {
        let source = PropertyFailureSource.generated(
          seed: settings.seed, number: number, swarm: swarm.summary(Model.kinds))
        return (failure(source, trace, identity), statistics)
      }
    }
    return (nil, statistics)
  }

  /// The failure of `run` alone.
  public func firstFailure(trying kept: [MachineTrace] = []) -> Failure? {
    run(trying: kept).failure
  }

  /// Executes a trace and counts what it does.
  private func execute(
    _ trace: MachineTrace, _ statistics: inout PropertyStatistics
  ) -> FailureIdentity? {
    let runner = TraceRunner<Machine>(checks: settings.checks)
    let execution = runner.run(trace) { moment, machine, _ in
      guard case .judged(let step, let effect) = moment else { return }
      statistics.note(trace.operations[step], effect, machine.label)
    }
    for step in execution.skippedSteps {
      statistics.note(trace.operations[step], .skipped, nil)
    }
    statistics.traceCount += 1
    return execution.failure?.identities.first
  }

  /// What the model makes on a configuration, an operation of each kind, as simple as it can be.
  private func letters(on configuration: Machine.Configuration) -> [Machine.Operation] {
    var choices = RandomChoices(seed: settings.seed, stream: .max)
    let operations = TraceGenerator<Model>.trace(
      operationCount: Self.sampledOperations, configuration: configuration,
      swarm: .plain(Model.kinds), choices: &choices
    ).operations
    return operations.reduce(into: []) { letters, operation in
      guard !letters.contains(where: { $0.kind == operation.kind }) else { return }
      letters.append(operation.simplest)
    }
  }

  /// Enough to meet each kind.
  private static var sampledOperations: Int { 256 }

  private func failure(
    _ source: PropertyFailureSource, _ trace: MachineTrace, _ identity: FailureIdentity
  ) -> Failure {
    let runner = TraceRunner<Machine>(checks: settings.checks)
    var shrinker = Shrinker(Machine.self, checks: settings.checks, budget: settings.shrinking)
    shrinker.search = ShortestSearch(letters: letters(on: trace.configuration))
    let result = shrinker.shrink(trace, identity)
    var certificate = Certificate(of: result.trace, identity) { runner.run($0) }
    certificate?.length = result.length
    let told = Self.told(result.trace, runner)
    return Failure(
      source: source, original: trace, shrinking: result, certificate: certificate,
      violations: told.violations, answers: told.answers)
  }

  /// What a trace's operations give and what is wrong in the end, in the machine's words.
  private static func told(
    _ trace: MachineTrace, _ runner: TraceRunner<Machine>
  ) -> (violations: [String], answers: [String]) {
    var answers = Array(repeating: "", count: trace.operations.count)
    var words: [String] = []
    _ = runner.run(trace) { moment, machine, violations in
      if case .judged(let step, let effect) = moment {
        answers[step] = machine.answer ?? (effect == .refused ? "refused" : "")
      }
      words = violations.map { Machine.words(for: $0) }
    }
    return (words, answers)
  }
}

/// How much a property is tested.
public struct PropertySettings: Sendable, Equatable {
  /// From which everything follows.
  public var seed: Seed
  /// The number of the first trace; a replay line names it, to begin there.
  public var firstTrace: Int
  /// How many traces are generated.
  public var traceCount: Int
  /// How long they are at most, in operations; each trace draws a length up to this.
  public var operationLimit: Int
  /// How often invariants are checked.
  public var checks: CheckFrequency
  /// What the reduction of a failure may cost; `.off` reports it as found.
  public var shrinking: ShrinkBudget

  /// Those settings.
  public init(
    seed: Seed = Seed(1), firstTrace: Int = 0, traceCount: Int = 200, operationLimit: Int = 100,
    checks: CheckFrequency = .everyStep, shrinking: ShrinkBudget = ShrinkBudget()
  ) {
    precondition(firstTrace >= 0 && traceCount >= 0 && operationLimit > 0, "settings of nothing")
    self.seed = seed
    self.firstTrace = firstTrace
    self.traceCount = traceCount
    self.operationLimit = operationLimit
    self.checks = checks
    self.shrinking = shrinking
  }
}
