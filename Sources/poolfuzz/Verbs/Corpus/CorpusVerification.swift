import PoolFuzzing
import PoolTrace
import PropertyTesting

/// `corpus verify`: every trace still does what its file says.
///
/// A trace that names a failure must show it, its certificate must hold word for word, and where a
/// bug is planted the healthy model must pass. A program must keep its promises to the last
/// operation. Any other trace must pass a replay with its own expectations.
struct CorpusVerification {
  private let level: PoolTrace.CheckLevel
  private let isJSON: Bool
  private let isQuiet: Bool
  private let streams: StandardStreams

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    level = try arguments.choice("--check", default: PoolTrace.CheckLevel.full)
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    self.streams = streams
  }

  func run(_ folders: [String]) throws(CommandFailure) -> ExitCode {
    Interruption.install()
    var code = ExitCode.held
    var (count, certified) = (0, 0)
    for folder in folders {
      for trace in try CorpusTrace.all(below: folder) {
        if Interruption.isRequested { return .interrupted }
        let problems: [String]
        do throws(CommandFailure) {
          problems = try self.problems(of: trace)
          if !problems.isEmpty { code = code.combined(with: .found) }
        } catch {
          problems = [error.message]
          code = code.combined(with: error.code)
        }
        count += 1
        certified += trace.certificate == nil ? 0 : 1
        show(trace, problems)
      }
    }
    if !isQuiet { streams.note("\(count) traces verified, \(certified) with a certificate") }
    return code
  }

  /// What does not hold; empty where everything does.
  private func problems(of trace: CorpusTrace) throws(CommandFailure) -> [String] {
    if let program = try trace.program() { return program.problems }
    guard let found = try trace.found() else { return try replay(trace) }
    var problems: [String] = []
    let execution = PoolShrinker.execute(found.trace)
    if !execution.shows(found.identity) {
      problems.append("it does not show '\(found.identity)'")
    }
    if let certificate = found.certificate {
      problems += certificate.discrepancies(
        for: found.trace, execute: PoolShrinker.execute
      ).map(\.description)
    }
    if found.trace.configuration.mutant != .none {
      var healthy = found.trace
      healthy.configuration.mutant = .none
      if let identity = PoolShrinker.identity(of: healthy) {
        problems.append("the healthy model shows '\(identity)'")
      }
    }
    return problems
  }

  private func replay(_ trace: CorpusTrace) throws(CommandFailure) -> [String] {
    var file = try TraceFile(path: trace.path)
    let configuration = try file.configuration()
    var session: ReplaySession
    do {
      session = try ReplaySession.boot(configuration, level: level)
    } catch {
      throw CommandFailure(message: "\(trace.path): \(error.message)", code: .badInput)
    }
    while let operation = try file.next(), session.step(operation) != nil {}
    session.finish()
    let outcome = session.outcome ?? .ok
    return outcome.isOK ? [] : ["operation \(session.operations): \(outcome.name)"]
  }

  private func show(_ trace: CorpusTrace, _ problems: [String]) {
    if isJSON {
      streams.print(
        JSONValue.object([
          ("trace", .string(trace.path)), ("holds", .bool(problems.isEmpty)),
          ("certificate", .bool(trace.certificate != nil)),
          ("problems", .array(problems.map(JSONValue.string))),
        ]).text)
    } else {
      for problem in problems { streams.print("\(trace.path): \(problem)") }
      if problems.isEmpty, !isQuiet { streams.print("\(trace.path): holds") }
    }
    streams.flush()
  }
}
