import JSONLines
import KernelPool
import PoolFuzzing

/// A row of the detection table as it is printed.
struct MutantRowText {
  let row: MutantRow
  /// Processor time of each trial, in seconds.
  let seconds: [Double]
  /// Operations of the first failing trace and of what it is reduced to; nil where none was asked
  /// for or there is none.
  let lengths: (before: Int, after: Int)?
  private let showsLengths: Bool

  init(_ row: MutantRow, seconds: [Double], shrinks: Bool) {
    self.row = row
    self.seconds = seconds
    showsLengths = shrinks
    lengths = shrinks ? Self.lengths(row) : nil
  }

  private static func lengths(_ row: MutantRow) -> (before: Int, after: Int)? {
    guard let trace = row.trials.lazy.compactMap(\.trace).first,
      let identity = PoolShrinker.identity(of: trace)
    else { return nil }
    let outcome = PoolShrinker.shrink(trace, identity)
    return (trace.operations.count, outcome.trace.operations.count)
  }

  private var executions: (Int?, Int?) {
    (row.quantile(50, \.executionCount), row.quantile(95, \.executionCount))
  }

  private var operations: (Int?, Int?) {
    (row.quantile(50, \.operationCount), row.quantile(95, \.operationCount))
  }

  private var secondsOfMost: Double? {
    let killing = zip(row.trials, seconds).filter(\.0.isKilled).map(\.1)
    return MutantRow.quantile(95, killing).map { ($0 * 1000).rounded() / 1000 }
  }

  // MARK: For people

  static let heading =
    "mutant                            profile       killed  executions      operations"
    + "        seconds latency  by"

  /// The row on a line.
  var line: String {
    func pad(_ text: String, _ width: Int) -> String {
      text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
    func pair(_ numbers: (Int?, Int?)) -> String {
      "\(numbers.0.map(String.init) ?? "-")/\(numbers.1.map(String.init) ?? "-")"
    }
    let length = showsLengths ? " length " + pair((lengths?.before, lengths?.after)) : ""
    return pad(row.mutant.rawValue, 34) + pad(row.profile, 14)
      + pad("\(row.killedCount)/\(row.trials.count)", 8) + pad(pair(executions), 16)
      + pad(pair(operations), 18) + pad(secondsOfMost.map { String($0) } ?? "-", 8)
      + pad(row.latencyMedian.map(String.init) ?? "-", 9)
      + row.rules.prefix(3).joined(separator: " ") + length
  }

  // MARK: For programs

  /// The row as an object.
  var json: JSONValue {
    func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    return JSONValue.object([
      ("mutant", .string(row.mutant.rawValue)), ("mechanism", .string(row.mutant.mechanism)),
      ("profile", .string(row.profile)), ("seeds", number(row.trials.count)),
      ("killed", number(row.killedCount)),
      ("executions_median", number(executions.0)), ("executions_p95", number(executions.1)),
      ("operations_median", number(operations.0)), ("operations_p95", number(operations.1)),
      ("seconds_p95", secondsOfMost.map { .number($0) } ?? .null),
      ("invariants", .array(row.rules.map(JSONValue.string))),
      ("latency_median", number(row.latencyMedian)), ("length_before", number(lengths?.before)),
      ("length_after", number(lengths?.after)),
      ("alone", .array(row.soleKillings.map { Self.json($0.rule, $0.trial) })),
    ])
  }

  /// A rule that killed alone, with what is needed to see it again.
  private static func json(_ rule: String, _ trial: MutantTrial) -> JSONValue {
    .object([
      ("rule", .string(rule)), ("seed", .unsigned(trial.seed.value)),
      ("trace", trial.stream.map(JSONValue.unsigned) ?? .null),
      ("operations", .integer(Int64(trial.step + 1))),
    ])
  }
}
