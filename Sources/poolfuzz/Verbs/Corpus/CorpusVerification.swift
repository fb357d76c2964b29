import PoolFuzzing
import PoolTrace
import PropertyTesting

/// `corpus verify`: every trace still does what its file says.
///
/// Every trace is judged as `replay` judges it. One that names a failure must show it, its
/// certificate must hold word for word, and where a bug is planted the healthy model must pass. One
/// that was recorded against somebody else's allocator is not judged. A program must keep its
/// promises to the last operation. Any other trace must hold.
struct CorpusVerification {
  private let level: CheckLevel
  private let isJSON: Bool
  private let isQuiet: Bool
  private let streams: StandardStreams

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    level = try arguments.checkLevel()
    guard level != .off else { throw .usage("--check off: there is nothing to verify") }
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
        var verification = Verification()
        do throws(CommandFailure) {
          verification = try verify(trace)
          if !verification.problems.isEmpty { code = code.combined(with: .found) }
          if verification.isNotJudged { code = code.combined(with: .badInput) }
        } catch {
          verification.problems = [error.message]
          code = code.combined(with: error.code)
        }
        count += 1
        certified += trace.certificate == nil ? 0 : 1
        show(trace, verification)
      }
    }
    guard count > 0 else {
      throw CommandFailure(
        message: "\(folders.joined(separator: ", ")): no trace below", code: .badInput)
    }
    if !isQuiet {
      streams.note("\(counted(count, "trace")) verified, \(certified) with a certificate")
    }
    return code
  }

  /// What became of one file.
  private struct Verification {
    /// What does not hold; empty where everything does.
    var problems: [String] = []
    /// The verdict as `replay` words it; empty for programs.
    var verdict: [String] = []
    /// Whether nobody could judge it.
    var isNotJudged = false
  }

  private func verify(_ trace: CorpusTrace) throws(CommandFailure) -> Verification {
    var result = Verification()
    if let program = try trace.program() {
      result.problems = program.problems
      return result
    }
    let verdict = try TraceVerdict.judging(trace.path, level: level)
    result.verdict = verdict.lines
    if verdict.code == .badInput {
      result.isNotJudged = true
      return result
    }
    guard let found = try trace.found() else {
      if verdict.code != .held { result.problems = verdict.lines }
      return result
    }
    if verdict.showsRecorded != true {
      result.problems.append("it does not show '\(found.identity)'")
    }
    if let certificate = found.certificate {
      result.problems += certificate.discrepancies(
        for: found.trace, execute: PoolShrinker.execute
      ).map(\.description)
    }
    if let identity = PoolShrinker.healthyIdentity(of: found.trace) {
      result.problems.append("the healthy model shows '\(identity)'")
    }
    return result
  }

  private func show(_ trace: CorpusTrace, _ verification: Verification) {
    let problems = verification.problems
    if isJSON {
      streams.print(
        JSONValue.object([
          ("trace", .string(trace.path)),
          ("holds", verification.isNotJudged ? .null : .bool(problems.isEmpty)),
          ("certificate", .bool(trace.certificate != nil)),
          ("problems", .array(problems.map(JSONValue.string))),
          ("verdict", .array(verification.verdict.map(JSONValue.string))),
        ]).text)
    } else {
      for problem in problems { streams.print("\(trace.path): \(problem)") }
      if problems.isEmpty, !isQuiet {
        verification.verdict.forEach(streams.print)
        if !verification.isNotJudged { streams.print("\(trace.path): holds") }
      }
    }
    streams.flush()
  }
}
