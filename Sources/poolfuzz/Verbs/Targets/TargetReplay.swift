import AllocatorTargets
import JSONLines
import Platform
import PoolTrace
import PropertyTesting

/// `replay --target`: traces of files on somebody else's allocator, each in a process of its own.
final class TargetReplay {
  private let settings: TargetSettings
  private let tester: TargetTester
  private let baseline: Set<FailureIdentity>
  private let report: TargetReport
  private let footprints: FootprintTable?
  private let streams: StandardStreams
  private let isQuiet: Bool
  private let isJSON: Bool
  private var code = ExitCode.held

  /// Where a table is given, every trace is measured for it as well.
  init(
    _ arguments: ParsedArguments, library: String, _ streams: StandardStreams,
    measuring footprints: FootprintTable? = nil
  ) throws(CommandFailure) {
    self.footprints = footprints
    settings = try TargetOptions.settings(arguments, library: library)
    let rules = try TargetOptions.rules(arguments)
    baseline = try TargetOptions.baseline(arguments)
    isQuiet = arguments.has("--quiet")
    isJSON = arguments.has("--json")
    self.streams = streams
    report = TargetReport(arguments, settings, rules, streams)
    tester = try TargetOptions.tester(settings)
    tester.rules = rules
  }

  func run(_ files: [String]) throws(CommandFailure) -> ExitCode {
    Interruption.install()
    for path in files where !Interruption.isRequested {
      do throws(CommandFailure) {
        try judge(path)
      } catch {
        streams.remark(error.message)
        code = code.combined(with: error.code)
      }
    }
    if !report.writeJUnit(
      isStrict: false, tester.capabilities, openCount: UInt64(tester.openCount))
    {
      code = code.combined(with: .environment)
    }
    return Interruption.isRequested ? .interrupted : code
  }

  private func judge(_ path: String) throws(CommandFailure) {
    let text = try textOfFile(path)
    let (trace, header) = try TargetTrace.ofFile(path, text)
    let recorded = header.failure.map { FailureIdentity($0.value) }
    let openBefore = tester.openCount
    let failure = try TargetOptions.asking { () throws(TargetError) in
      try tester.test(trace, inFreshProcess: true)
    }
    let isOpen = tester.openCount > openBefore
    let figures = footprints?.note(path, text, trace, settings) ?? []
    let verdict = failure.map { ($0, $0.identity(in: trace)) }
    if let (failure, identity) = verdict {
      try tell(path, trace, failure, identity, recorded, figures)
    } else if isJSON {
      printObject(path, trace, nil, recorded, figures, isOpen: isOpen)
    } else if !isQuiet {
      let gone = recorded.map { "gone: '\($0)' does not occur: " } ?? ""
      let ran = counted(trace.operations.count, "operation")
      let verdict = isOpen ? "not judged for leaks, else ok" : "ok"
      streams.print("\(path): \(gone)\(verdict), \(ran) on \(settings.library)")
    }
  }

  private func tell(
    _ path: String, _ trace: TargetTrace, _ failure: TargetFailure, _ identity: FailureIdentity,
    _ recorded: FailureIdentity?, _ figures: [(String, JSONValue)]
  ) throws(CommandFailure) {
    let isKnown = baseline.contains(identity)
    if !isKnown { code = code.combined(with: .found) }
    report.note(failure, identity, isKnown ? .known : .found)
    if isJSON {
      printObject(path, trace, (failure, identity), recorded, figures)
    } else {
      let asRecorded = recorded == identity ? "as recorded, " : ""
      let known = isKnown ? "known, " : ""
      streams.print("\(path): \(known)\(asRecorded)\(identity): \(failure.text)")
      streams.print("  \(failure.rule.sentence) (\(failure.rule.source))")
      for line in failure.backtrace { streams.print("  at \(line)") }
    }
    if !report.writeProgram(beside: path, trace, failure, tester) {
      code = code.combined(with: .environment)
    }
  }

  private func printObject(
    _ path: String, _ trace: TargetTrace, _ failure: (TargetFailure, FailureIdentity)?,
    _ recorded: FailureIdentity?, _ figures: [(String, JSONValue)], isOpen: Bool = false
  ) {
    streams.print(
      JSONValue.object(
        [
          ("trace", .string(path)), ("target", .string(settings.library)),
          ("operations", .integer(Int64(trace.operations.count))),
          ("outcome", .string(failure != nil ? "failure" : isOpen ? "not-judged" : "ok")),
          ("identity", failure.map { .string("\($0.1)") } ?? .null),
          ("recorded", recorded.map { .string("\($0)") } ?? .null),
        ] + (failure.map { TargetReport.members($0.0, trace) } ?? []) + figures
      ))
  }
}
