import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting

extension Verb {
  /// `poolfuzz mutants`: planted bugs against the profiles of the generator.
  static let mutants = Verb(
    name: "mutants", operands: "",
    summary: "runs planted bugs against the generator and prints the detection table",
    examples: [
      ("poolfuzz mutants --seeds 3", "every planted bug against every healthy profile"),
      ("poolfuzz mutants --mutant lookaside-fifo --seeds 20", "one planted bug"),
      ("poolfuzz mutants --profile small-lists --json", "one profile, one object a row"),
    ],
    options: [
      Option(name: "--seeds", argument: .value("N"), help: "seeds of each row (20)"),
      Option(
        name: "--mutant", argument: .value("NAME"), help: "this planted bug only",
        isRepeatable: true),
      Option(
        name: "--profile", argument: .value("NAME"), help: "this profile only",
        isRepeatable: true),
      Option(
        name: "--operations", argument: .value("N"),
        help: "operations after which a seed gives up (100000)"),
      Option(
        name: "--first", argument: .none,
        help: "of each planted bug only the first profile that finds it with every seed"),
      Option(name: "--shrink", argument: .none, help: "reduce the first failing trace of each row"),
    ],
    run: { arguments, streams in try MutantTable(arguments, streams).run() })
}

/// The detection table.
private struct MutantTable {
  let streams: StandardStreams
  let mutants: [Mutant]
  let profiles: [GeneratorProfile]
  let seeds: Int
  let firstSeed: UInt64
  let limit: Int
  let isJSON: Bool
  let stopsAtFirst: Bool
  let shrinks: Bool

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    self.streams = streams
    seeds = Int(clamping: try arguments.number("--seeds") ?? 20)
    firstSeed = arguments.has("--seed") ? try FuzzSettings.seed(arguments).value : 1
    limit = Int(clamping: try arguments.number("--operations") ?? 100_000)
    isJSON = arguments.has("--json")
    stopsAtFirst = arguments.has("--first")
    shrinks = arguments.has("--shrink")
    var mutants: [Mutant] = []
    for name in arguments.values("--mutant") {
      guard let mutant = Mutant(rawValue: name) else {
        throw .usage("there is no mutant '\(name)'")
      }
      mutants.append(mutant)
    }
    self.mutants = mutants.isEmpty ? Mutant.allCases.filter { $0 != .none } : mutants
    var profiles: [GeneratorProfile] = []
    for name in arguments.values("--profile") {
      guard let profile = GeneratorProfile.named(name) else {
        throw .usage("there is no profile '\(name)'")
      }
      profiles.append(profile)
    }
    self.profiles = profiles.isEmpty ? GeneratorProfile.healthy : profiles
  }

  func run() -> ExitCode {
    Interruption.install()
    var survivors: [Mutant] = []
    if !isJSON { streams.print(Self.heading) }
    for mutant in mutants {
      var isKilled = false
      for profile in profiles {
        if Interruption.isRequested { return .interrupted }
        let clock = ContinuousClock()
        let begin = clock.now
        let row = MutantRow(
          mutant, profile, firstSeed: firstSeed, seeds: seeds, operationLimit: limit)
        let (seconds, attoseconds) = (clock.now - begin).components
        show(row, seconds: Double(seconds) + Double(attoseconds) / 1e18)
        isKilled = isKilled || row.killedCount == seeds
        if isKilled, stopsAtFirst { break }
      }
      if !isKilled { survivors.append(mutant) }
    }
    let names = survivors.map(\.rawValue).joined(separator: " ")
    streams.note(
      "\(mutants.count) planted bugs, \(survivors.count) not found by every seed of a profile"
        + (names.isEmpty ? "" : ": " + names))
    return survivors.isEmpty ? .held : .found
  }

  private static let heading =
    "mutant                            profile       killed  executions      operations"
    + "        latency  by"

  private func show(_ row: MutantRow, seconds: Double) {
    let executions = (row.quantile(50, \.executionCount), row.quantile(95, \.executionCount))
    let operations = (row.quantile(50, \.operationCount), row.quantile(95, \.operationCount))
    let lengths = shrinks ? Self.lengths(row) : (nil, nil)
    guard isJSON else {
      func pad(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
      }
      func pair(_ numbers: (Int?, Int?)) -> String {
        "\(numbers.0.map(String.init) ?? "-")/\(numbers.1.map(String.init) ?? "-")"
      }
      let length = shrinks ? " length " + pair(lengths) : ""
      streams.print(
        pad(row.mutant.rawValue, 34) + pad(row.profile, 14)
          + pad("\(row.killedCount)/\(seeds)", 8) + pad(pair(executions), 16)
          + pad(pair(operations), 18) + pad(row.latencyMedian.map(String.init) ?? "-", 9)
          + row.rules.prefix(3).joined(separator: " ") + length)
      streams.flush()
      return
    }
    func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    streams.print(
      JSONValue.object([
        ("mutant", .string(row.mutant.rawValue)), ("mechanism", .string(row.mutant.mechanism)),
        ("profile", .string(row.profile)), ("seeds", .integer(Int64(seeds))),
        ("killed", .integer(Int64(row.killedCount))),
        ("executions_median", number(executions.0)), ("executions_p95", number(executions.1)),
        ("operations_median", number(operations.0)), ("operations_p95", number(operations.1)),
        ("seconds_p95", .null), ("seconds_mean", .number(seconds / Double(max(seeds, 1)))),
        ("invariants", .array(row.rules.map(JSONValue.string))),
        ("latency_median", number(row.latencyMedian)), ("length_before", number(lengths.0)),
        ("length_after", number(lengths.1)),
      ]).text)
    streams.flush()
  }

  /// Operations of the first failing trace, and of what it is reduced to.
  private static func lengths(_ row: MutantRow) -> (Int?, Int?) {
    guard let trace = row.trials.lazy.compactMap(\.trace).first,
      let identity = PoolShrinker.identity(of: trace)
    else { return (nil, nil) }
    let outcome = PoolShrinker.shrink(trace, identity)
    return (trace.operations.count, outcome.trace.operations.count)
  }
}
