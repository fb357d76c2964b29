/// The property that a machine never fails, tested on traces that a model generates.
///
/// Trace number n of a seed is the same whatever was tested before it, on however many threads:
/// all it draws comes from stream n. A run therefore needs no record other than seed and number.
public struct Property<Machine, Model: TraceModel>
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
  public init(_ machine: Machine.Type, _ model: Model.Type, _ settings: PropertySettings) {
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

  /// Tests traces in order of number, and reduces the first that fails.
  ///
  /// - Returns: the failure, with its minimal trace and certificate, or nil when none failed.
  public func firstFailure() -> Failure? {
    let runner = TraceRunner<Machine>(checks: settings.checks)
    for number in settings.firstTrace..<settings.firstTrace + settings.traceCount {
      let (trace, swarm) = trace(number)
      let execution = runner.run(trace)
      guard let identity = execution.failure?.identities.first else { continue }
      return failure(number, trace, swarm, identity)
    }
    return nil
  }

  /// Tests traces and hands a failure over to whoever records it.
  ///
  /// The library does not depend on a test framework: `record` is the one line that does.
  ///
  /// - Returns: the failure that was recorded, or nil.
  @discardableResult
  public func check(
    fileID: String = #fileID, filePath: String = #filePath, line: Int = #line,
    column: Int = #column, record: (FailureReport) -> Void
  ) -> Failure? {
    guard let failure = firstFailure() else { return nil }
    let position = SourcePosition(
      fileID: fileID, filePath: filePath, line: line, column: column)
    record(FailureReport(failure, at: position))
    return failure
  }

  private func failure(
    _ number: Int, _ trace: MachineTrace, _ swarm: Swarm, _ identity: FailureIdentity
  ) -> Failure {
    let runner = TraceRunner<Machine>(checks: settings.checks)
    let shrinker = Shrinker(Machine.self, checks: settings.checks, budget: settings.shrinking)
    let result = shrinker.shrink(trace, identity)
    return Failure(
      seed: settings.seed, number: number, swarm: swarm.summary(Model.kinds), original: trace,
      shrinking: result,
      certificate: Certificate(of: result.trace, identity) { runner.run($0) })
  }
}
