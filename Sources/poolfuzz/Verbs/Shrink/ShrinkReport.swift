import JSONLines
import PoolFuzzing
import PoolOracles
import PoolReport
import PropertyTesting

/// Shows what a reduction came to, for people and for programs.
struct ShrinkReport {
  private let streams: StandardStreams
  private let isJSON: Bool
  private let isQuiet: Bool
  private let hasStatistics: Bool

  /// Longer traces are not drawn.
  private static let mostDrawnOperations = 40

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) {
    self.streams = streams
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    hasStatistics = arguments.has("--statistics")
  }

  /// Shows one reduction; only that of the failure asked for is drawn step by step.
  func show(
    _ given: PoolFuzzTrace, _ outcome: PoolShrinker.Outcome, _ base: String, isFirst: Bool,
    seconds: Double
  ) {
    if isJSON {
      streams.print(json(given, outcome, base, isFirst, seconds))
    } else {
      text(given, outcome, base, isFirst).forEach { streams.print($0) }
    }
    streams.flush()
    if hasStatistics {
      streams.note(outcome.statisticsTable)
      streams.note(
        "\(outcome.executionCount) executions, \(outcome.searchCount) to look for a"
          + " shorter trace, \(outcome.certificateExecutionCount) for the certificate, \(seconds) s"
      )
    }
  }

  private func json(
    _ given: PoolFuzzTrace, _ outcome: PoolShrinker.Outcome, _ base: String, _ isFirst: Bool,
    _ seconds: Double
  ) -> JSONValue {
    let time = CorruptionTime(of: outcome.trace)
    func number(_ step: Int?) -> JSONValue { step.map { .integer(Int64($0 + 1)) } ?? .null }
    let certificate: JSONValue =
      outcome.certificate == nil ? .null : .string(base + ".certificate")
    return .object([
      ("identity", .string(outcome.identity.description)),
      ("operations_before", .integer(Int64(given.operations.count))),
      ("operations_after", .integer(Int64(outcome.trace.operations.count))),
      ("executions", .integer(Int64(outcome.executionCount))),
      ("certificate_executions", .integer(Int64(outcome.certificateExecutionCount))),
      ("seconds", .number(seconds)), ("one_minimal", .bool(outcome.isOneMinimal)),
      ("length", .string("\(outcome.length)")),
      ("search_executions", .integer(Int64(outcome.searchCount))),
      ("ending", .string("\(outcome.ending)")), ("certificate", certificate),
      ("trace", .string(base + ".trace")), ("asked_for", .bool(isFirst)),
      ("shows_at", number(outcome.certificate?.step)),
      ("first_corrupt_operation", number(time.cause)),
      ("others", .array(outcome.others.entries.map { .string($0.identity.description) })),
    ])
  }

  private func text(
    _ given: PoolFuzzTrace, _ outcome: PoolShrinker.Outcome, _ base: String, _ isFirst: Bool
  ) -> [String] {
    let minimal =
      outcome.isOneMinimal
      ? "nothing can be left out, \(outcome.length)" : "may not be minimal"
    var lines = [
      "\(outcome.identity): \(counted(given.operations.count, "operation")), now"
        + " \(outcome.trace.operations.count); \(minimal)",
      "written to \(base).trace"
        + (outcome.certificate == nil ? "" : " and \(base).certificate"),
    ]
    lines += times(given, outcome)
    let isDrawn = outcome.trace.operations.count <= Self.mostDrawnOperations
    guard isFirst, isDrawn, !isQuiet else { return lines }
    lines += ["", "Step by step:", ""] + StepStrip.lines(outcome.trace, outcome.certificate)
    let found = FoundTrace(outcome.trace, outcome.identity, outcome.certificate)
    lines += ["", "As a test:", "", RegressionTestText(found).description]
    return lines
  }

  /// Where it shows and since when the pool was wrong, in the minimal and in the given trace.
  private func times(_ given: PoolFuzzTrace, _ outcome: PoolShrinker.Outcome) -> [String] {
    func words(_ step: Int?, of trace: PoolFuzzTrace) -> String {
      guard let step else { return "never" }
      return step < trace.operations.count ? "at operation \(step + 1)" : "at the end"
    }
    var lines: [String] = []
    let minimal = CorruptionTime(of: outcome.trace)
    if let step = outcome.certificate?.step {
      let cause =
        minimal.cause.map { "wrong since operation \($0 + 1)" }
        ?? "wrong only when all is added up at the end"
      lines.append("shows \(words(step, of: outcome.trace)), \(cause)")
    }
    guard outcome.ending != .interrupted else { return lines }
    let before = CorruptionTime(of: given)
    let cause =
      before.cause.map { "wrong since operation \($0 + 1)" }
      ?? "wrong only when all is added up at the end"
    lines.append(
      "in the given trace: \(cause), fast checks "
        + (before.symptom == nil ? "never notice" : "notice \(words(before.symptom, of: given))"))
    return lines
  }
}

/// A minimal trace drawn step by step: each operation, what happens without it, and the pages that
/// it changed.
enum StepStrip {
  /// Lines for people, from the operation of that index on.
  static func lines(
    _ trace: PoolFuzzTrace, _ certificate: Certificate?, from first: Int = 0
  ) -> [String] {
    var machine = CheckedPool(configuration: trace.configuration)
    var failures: [PoolFailure] = []
    var options = PageMapOptions()
    options.pages = .changed
    var before: PageMap?
    var lines: [String] = []
    for (index, operation) in trace.operations.enumerated() {
      guard index >= first else {
        _ = machine.perform(operation, &failures)
        if failures.isEmpty { machine.check(&failures) }
        continue
      }
      let earlier = before ?? PageMap(machine.view)
      let reason = certificate.flatMap {
        index < $0.operations.count ? "   [without it: \($0.operations[index].without.words)]" : nil
      }
      lines.append("\(index + 1). \(operation)\(reason ?? "")")
      _ = machine.perform(operation, &failures)
      if failures.isEmpty { machine.check(&failures) }
      let now = PageMap(machine.view)
      lines += now.text(options, since: earlier).split(separator: "\n").map { "     \($0)" }
      before = now
      if !failures.isEmpty { break }
    }
    if failures.isEmpty { machine.finish(&failures) }
    lines += failures.prefix(4).map { "   ! \($0.text)" }
    return lines
  }
}
