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
    _ number: Int, _ trace: MachineTrace, _ swarm: Swarm, _ identity: FailureIdentity
  ) -> Failure {
    let runner = TraceRunner<Machine>(checks: settings.checks)
    var shrinker = Shrinker(Machine.self, checks: settings.checks, budget: settings.shrinking)
    shrinker.search = ShortestSearch(letters: letters(on: trace.configuration))
    let result = shrinker.shrink(trace, identity)
    return Failure(
      seed: settings.seed, number: number, swarm: swarm.summary(Model.kinds), original: trace,
      shrinking: result,
      certificate: Certificate(of: result.trace, identity) { runner.run($0) })
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
    seed: Seed, firstTrace: Int = 0, traceCount: Int = 200, operationLimit: Int = 100,
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

/// A trace that fails, where it came from, and what it was reduced to.
public struct PropertyFailure<Configuration: MachineConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// The seed of the run.
  public let seed: Seed
  /// The number of the trace under that seed.
  public let number: Int
  /// The features that the trace was generated with, in words.
  public let swarm: String
  /// The trace as generated.
  public let original: Trace<Configuration, Operation>
  /// What it was reduced to, at what cost.
  public let shrinking: ShrinkResult<Configuration, Operation>
  /// For each operation of the minimal trace, what happens without it; nil when the failure could
  /// not be reproduced.
  public let certificate: Certificate?

  /// The smallest failing trace.
  public var trace: Trace<Configuration, Operation> { shrinking.trace }

  /// What went wrong.
  public var identity: FailureIdentity { shrinking.identity }

  /// Seed and number on one line: enough to generate the failing trace again.
  public var replayLine: String { "seed \(seed) trace \(number)" }

  /// The message to show: the failure, the minimal trace with reasons, and how to repeat it.
  public var message: String {
    let operations = trace.operations.enumerated().map { index, operation in
      "  \(index + 1). \(operation)\(reason(index))"
    }
    let lines =
      ["\(identity)", "configuration: \(trace.configuration)"] + operations + [
        "from \(original.operations.count) operations to \(trace.operations.count) in "
          + "\(shrinking.executionCount) executions: \(ending)",
        "replay: \(replayLine) (\(swarm))",
      ]
    return lines.joined(separator: "\n")
  }

  private func reason(_ index: Int) -> String {
    guard let certificate, index < certificate.operations.count else { return "" }
    return "  [without it: \(certificate.operations[index].without.words)]"
  }

  private var ending: String {
    switch shrinking.ending {
    case .oneMinimal: "no operation can be removed, \(shrinking.length)"
    case .budgetExhausted: "the budget was used up, it may not be minimal"
    case .interrupted: "it was interrupted and may not be minimal"
    case .off: "shrinking is off"
    case .notReproduced: "the failure could not be reproduced: the machine is not deterministic"
    }
  }
}

/// What a test framework needs to record a failure.
public struct FailureReport: Sendable {
  /// What went wrong, with the minimal trace.
  public let message: String
  /// The place of the user's call.
  public let position: SourcePosition
  /// The minimal trace, its certificate, and the statistics of the reduction.
  public let attachments: [AttachedText]

  init<C, O>(_ failure: PropertyFailure<C, O>, at position: SourcePosition) {
    message = failure.message
    self.position = position
    var attachments = [AttachedText(name: "minimal.trace", text: "\(failure.trace)\n")]
    if let certificate = failure.certificate {
      attachments.append(AttachedText(name: "minimal.certificate", text: "\(certificate)"))
    }
    let table = failure.shrinking.statisticsTable
    attachments.append(AttachedText(name: "shrinking.txt", text: table + "\n"))
    self.attachments = attachments
  }
}

/// A place in source code: where a failure should be shown.
public struct SourcePosition: Sendable, Equatable {
  /// Module and file, as `#fileID` gives them.
  public let fileID: String
  /// The path, as `#filePath` gives it.
  public let filePath: String
  /// The line, from 1.
  public let line: Int
  /// The column, from 1.
  public let column: Int

  /// That place.
  public init(fileID: String, filePath: String, line: Int, column: Int) {
    self.fileID = fileID
    self.filePath = filePath
    self.line = line
    self.column = column
  }
}

/// A named text to keep with the results of a test.
public struct AttachedText: Sendable, Equatable {
  /// A file name.
  public let name: String
  /// The text.
  public let text: String
}
