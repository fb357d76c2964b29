import Platform
import JSONLines
import Dispatch
import KernelPool
import PoolFuzzing
import PropertyTesting
import Synchronization

/// The shrinking challenge: each strategy on each task's traces, and what became of them.
///
/// Results are the same for any number of threads: a trace depends on its task and seed alone, and
/// rows are summed in order of task and seed. No time is measured; costs are executions.
struct ChallengeCommand {
  private let streams: StandardStreams
  private let tasks: [ChallengeTask]
  private let seeds: Int?
  private let jobs: Int
  private let isJSON: Bool
  private let strategies: [PublishedStrategy]
  private let hasStatistics: Bool

  /// Published strategies stop here, at several times what the suite's own takes.
  private static let executionLimit = 2_000

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    guard arguments.operands.isEmpty else { throw .usage("--challenge takes no trace") }
    self.streams = streams
    isJSON = arguments.has("--json")
    hasStatistics = arguments.has("--statistics")
    seeds = try arguments.number("--seeds", in: 0...1_000_000)
    let processors = Machine.processorCount
    jobs = max(1, min(Int(clamping: try arguments.number("--jobs") ?? UInt64(processors)), 256))
    strategies = arguments.has("--own") ? [] : PublishedStrategy.allCases
    var chosen: [ChallengeTask] = []
    for name in arguments.values("--mutant") {
      let found = ChallengeTask.all.filter { $0.mutant.rawValue == name }
      guard !found.isEmpty else { throw .usage("the challenge has no mutant '\(name)'") }
      chosen += found
    }
    tasks = chosen.isEmpty ? ChallengeTask.all : chosen
  }

  func run() -> ExitCode {
    Interruption.install()
    if !isJSON { streams.print(Self.taskHeading) }
    var totals = Array(repeating: ChallengeRow(), count: strategies.count + 1)
    var mostForms = Array(repeating: 0, count: strategies.count + 1)
    for task in tasks {
      let seeds = self.seeds.map { (1...UInt64(max($0, 1))).map { $0 } } ?? ChallengeTask.hardSeeds
      let rows = run(task, seeds)
      if Interruption.isRequested { return .interrupted }
      for (index, row) in rows.enumerated() {
        totals[index].add(row)
        mostForms[index] = max(mostForms[index], row.forms.count)
        if isJSON { streams.print(json(task, name(index), row)) }
      }
      if !isJSON { streams.print(line(task, rows[0])) }
      streams.flush()
    }
    if hasStatistics { streams.note(PassStatistics.table(totals[0].statistics)) }
    guard !isJSON else { return .held }
    streams.print("\n" + Self.strategyHeading)
    for (index, total) in totals.enumerated() {
      streams.print(line(name(index), total, mostForms: mostForms[index]))
    }
    return .held
  }

  private func name(_ index: Int) -> String {
    index == 0 ? "poolfuzz" : strategies[index - 1].rawValue
  }

  /// The rows of one task, by strategy; the seeds are spread over the threads.
  private func run(_ task: ChallengeTask, _ seeds: [UInt64]) -> [ChallengeRow] {
    let results = Mutex<[Int: [ChallengeOutcome?]]>([:])
    let strategies = strategies
    let next = Mutex<Int>(0)
    DispatchQueue.concurrentPerform(iterations: jobs) { _ in
      while !Interruption.isRequested {
        let index = next.withLock { number in
          defer { number += 1 }
          return number
        }
        guard index < seeds.count else { return }
        var outcomes = [ChallengeOutcome(task, seed: seeds[index])]
        for strategy in strategies {
          outcomes.append(
            ChallengeOutcome(
              task, seed: seeds[index], strategy: strategy, limit: Self.executionLimit))
        }
        results.withLock { $0[index] = outcomes }
      }
    }
    var rows = Array(repeating: ChallengeRow(), count: strategies.count + 1)
    let all = results.withLock { $0 }
    for index in seeds.indices {
      for (strategy, outcome) in (all[index] ?? []).enumerated() {
        if let outcome { rows[strategy].add(outcome, optimum: task.optimum) }
      }
    }
    return rows
  }

  // MARK: Text

  private static let taskHeading =
    pad("mutant", 34) + pad("failure", 42)
    + "traces  before  after  optimum  at it  1-min  executions  certificate  forms"

  private static let strategyHeading =
    pad("strategy", 16)
    + "traces  operations left  at optimum  1-minimal  executions  most forms of a bug"

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  private func line(_ task: ChallengeTask, _ row: ChallengeRow) -> String {
    func left(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    let after = (ChallengeRow.quantile(50, of: row.lengthsAfter), row.lengthsAfter.max() ?? 0)
    let executions = (
      ChallengeRow.quantile(50, of: row.executions), ChallengeRow.quantile(95, of: row.executions)
    )
    return Self.pad(task.mutant.rawValue, 34) + Self.pad(task.failure, 42)
      + left("\(row.traces)", 6) + left("\(ChallengeRow.quantile(50, of: row.lengthsBefore))", 8)
      + left("\(after.0)/\(after.1)", 7) + left(task.optimum.map(String.init) ?? "-", 9)
      + left(task.optimum == nil ? "-" : "\(row.atOptimum)", 7) + left("\(row.oneMinimal)", 7)
      + left("\(executions.0)/\(executions.1)", 12)
      + left("\(ChallengeRow.quantile(95, of: row.certificateExecutions))", 13)
      + left("\(row.forms.count)", 7)
  }

  private func line(_ name: String, _ row: ChallengeRow, mostForms: Int) -> String {
    func left(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    func share(_ part: Int, of whole: Int) -> String {
      whole == 0 ? "-" : "\(part)/\(whole)"
    }
    let executions =
      "\(ChallengeRow.quantile(50, of: row.executions))"
      + "/\(ChallengeRow.quantile(95, of: row.executions))"
    return Self.pad(name, 16) + left("\(row.traces)", 6)
      + left("\(row.lengthsAfter.reduce(0, +))", 17)
      + left(share(row.atOptimum, of: row.withOptimum), 12)
      + left(share(row.oneMinimal, of: row.traces), 11) + left(executions, 12)
      + left("\(mostForms)", 21)
  }

  // MARK: JSON

  private func json(_ task: ChallengeTask, _ strategy: String, _ row: ChallengeRow) -> JSONValue {
    func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    func quantile(_ percent: Int, _ numbers: [Int]) -> JSONValue {
      number(ChallengeRow.quantile(percent, of: numbers))
    }
    return .object([
      ("mutant", .string(task.mutant.rawValue)), ("failure", .string(task.failure)),
      ("machine", .string(task.machine)), ("profile", .string(task.profile)),
      ("strategy", .string(strategy)), ("traces", number(row.traces)),
      ("operations_before_median", quantile(50, row.lengthsBefore)),
      ("operations_after_median", quantile(50, row.lengthsAfter)),
      ("operations_after_max", number(row.lengthsAfter.max() ?? 0)),
      ("optimum", task.optimum.map(number) ?? .null),
      ("at_optimum", task.optimum == nil ? .null : number(row.atOptimum)),
      ("one_minimal", number(row.oneMinimal)),
      ("executions_median", quantile(50, row.executions)),
      ("executions_p95", quantile(95, row.executions)),
      ("certificate_executions_p95", quantile(95, row.certificateExecutions)),
      (
        "forms",
        .array(
          row.forms.prefix(4).map {
            .object([("count", number($0.count)), ("trace", .string($0.text))])
          })
      ), ("form_count", number(row.forms.count)),
    ])
  }
}
