import AllocatorTargets
import ContentHash
import JSONLines
import Platform
import PoolFuzzing
import PropertyTesting

/// What is told and written about the failures of a target: the line, the trace file, the program in C,
/// JSON and JUnit.
final class TargetReport {
  private let settings: TargetSettings
  private let rules: Set<TargetRule>
  private let junitPath: String?
  private let writesPrograms: Bool
  private let streams: StandardStreams
  /// Rows of the JUnit file: flaky ones stand first.
  private var rows: [Row] = []

  /// A failure as the report has it.
  private struct Row {
    var identity: String
    var rule: TargetRule
    var text: String
    var outcome: Outcome
  }

  /// What a failure means for the run.
  enum Outcome {
    /// It is a finding.
    case found
    /// The baseline names it.
    case known
    /// It did not repeat.
    case flaky
  }

  /// A report of a run with a target.
  init(
    _ arguments: ParsedArguments, _ settings: TargetSettings, _ rules: Set<TargetRule>,
    _ streams: StandardStreams
  ) {
    self.settings = settings
    self.rules = rules
    self.streams = streams
    junitPath = arguments.value("--junit")
    writesPrograms = arguments.has("--as-c")
  }

  /// Notes a failure for the JUnit file.
  func note(_ failure: TargetFailure, _ identity: FailureIdentity, _ outcome: Outcome) {
    rows.append(
      Row(
        identity: "\(identity)", rule: failure.rule,
        text: Self.lines(failure).joined(separator: "\n"),
        outcome: outcome))
  }

  /// What a failure means, a line each: the rule that is broken and its source, what was seen, where
  /// the process was.
  static func lines(_ failure: TargetFailure) -> [String] {
    ["\(failure.rule.sentence) (\(failure.rule.source))", failure.text]
      + failure.backtrace.map { "at " + $0 }
  }

  /// The same as members of JSON.
  static func members(_ failure: TargetFailure, _ trace: TargetTrace) -> [(String, JSONValue)] {
    let operation =
      failure.step < trace.operations.count ? "\(trace.operations[failure.step])" : "end"
    return [
      ("rule", .string(failure.rule.rawValue)), ("sentence", .string(failure.rule.sentence)),
      ("source", .string(failure.rule.source)), ("seen", .string(failure.text)),
      ("step", .integer(Int64(failure.step + 1))), ("operation", .string(operation)),
      ("backtrace", .array(failure.backtrace.map { .string($0) })),
    ]
  }

  /// The comments of a failing trace's file.
  func comments(
    _ trace: TargetTrace, _ failure: TargetFailure, _ identity: FailureIdentity
  ) -> [String] {
    let option = settings.option.isEmpty ? "" : " --target-option '\(settings.option)'"
    let place =
      failure.step < trace.operations.count
      ? "operation \(failure.step + 1): \(trace.operations[failure.step])" : "at the end"
    return [
      "failure: \(identity)", "target: \(PathText.name(of: settings.library))",
      "replay: poolfuzz replay --target \(settings.library)\(option) FILE",
      "rule: \(failure.rule.sentence) (\(failure.rule.source))",
      "seen \(place): \(failure.text)",
    ] + failure.backtrace.map { "at " + $0 }
  }

  /// Files a trace with its certificate and, where asked, its program; returns the path without its
  /// extension. What cannot be written is printed: it must not be lost with the disk.
  func file(
    _ trace: TargetTrace, _ failure: TargetFailure, _ identity: FailureIdentity,
    _ certificate: Certificate?, in folder: String, _ tester: TargetTester, note: String? = nil
  ) -> (base: String, isWritten: Bool) {
    let comments = comments(trace, failure, identity) + (note.map { [$0] } ?? [])
    let text = trace.text(comments: comments)
    // Addresses differ from run to run: the name is that of the trace alone.
    let base = "\(folder)/\(FoundTrace.folderName(identity))/" + ContentHash.of(trace.text())
    do throws(SystemError) {
      if let certificate { try AtomicFile.write("\(certificate)", to: base + ".certificate") }
      if writesPrograms {
        try AtomicFile.write("\(CProgram(trace, failure, settings, tester))", to: base + ".c")
      }
      try AtomicFile.write(text, to: base + ".trace")
      return (base, true)
    } catch {
      streams.remark(error.message)
      streams.print(text)
      return (base, false)
    }
  }

  /// Writes the program of a failing trace beside its file, where asked; false where it cannot be.
  func writeProgram(
    beside path: String, _ trace: TargetTrace, _ failure: TargetFailure, _ tester: TargetTester
  ) -> Bool {
    guard writesPrograms else { return true }
    let stem = path.hasSuffix(".trace") ? String(path.dropLast(6)) : path
    return write("\(CProgram(trace, failure, settings, tester))", to: stem + ".c")
  }

  private func write(_ text: String, to path: String) -> Bool {
    do throws(SystemError) {
      try AtomicFile.write(text, to: path)
      return true
    } catch {
      streams.remark(error.message)
      return false
    }
  }

  // MARK: JUnit

  /// Writes the JUnit file, where asked; false where it cannot be. A rule is green only where it was
  /// judged; beside leaks stands how many traces there was no verdict of.
  func writeJUnit(
    isStrict: Bool, _ capabilities: TargetCapabilities, openCount: UInt64
  ) -> Bool {
    guard let junitPath else { return true }
    let flaky = rows.filter { $0.outcome == .flaky }
    let others = rows.filter { $0.outcome != .flaky }
    var cases = (flaky + others).map { row in
      let body =
        row.outcome == .found || (row.outcome == .flaky && isStrict)
        ? "<failure message=\"\(Self.escaped(row.identity))\">\(Self.escaped(row.text))</failure>"
        : "<skipped message=\"\(row.outcome == .flaky ? "flaky" : "known"):"
          + " \(Self.escaped(row.text))\"/>"
      return "<testcase classname=\"\(row.rule.rawValue)\" name=\"\(Self.escaped(row.identity))\">"
        + body + "</testcase>"
    }
    let broken = Set(rows.map(\.rule))
    for rule in TargetRule.allCases where !broken.contains(rule) {
      let skipped =
        !rules.contains(rule)
        ? "not asked for" : rule.isJudged(with: capabilities) ? nil : "not promised"
      cases.append(
        "<testcase classname=\"\(rule.rawValue)\" name=\"\(Self.escaped(rule.sentence))\""
          + (skipped.map { "><skipped message=\"\($0)\"/></testcase>" }
            ?? (rule == .leak && openCount > 0
              ? "><system-out>\(counted(openCount, "trace")) not judged</system-out></testcase>"
              : "/>"))
      )
    }
    let failures = cases.count { $0.contains("<failure ") }
    let text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + "<testsuite name=\"\(Self.escaped(settings.library))\" tests=\"\(cases.count)\""
      + " failures=\"\(failures)\" skipped=\"\(cases.count { $0.contains("<skipped ") })\">\n"
      + cases.map { $0 + "\n" }.joined() + "</testsuite>\n"
    return write(text, to: junitPath)
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "&#10;"
      default: result.unicodeScalars.append(character.value < 0x20 ? " " : character)
      }
    }
    return result
  }
}
