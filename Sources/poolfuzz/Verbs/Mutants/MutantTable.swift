import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting
import Synchronization

/// The detection table: a row for each planted bug and profile.
struct MutantTable {
  let streams: StandardStreams
  let mutants: [Mutant]
  let profiles: [GeneratorProfile]
  let seeds: Int
  let firstSeed: UInt64
  let limit: Int
  let jobs: Int
  let isJSON: Bool
  let stopsAtFirst: Bool
  let shrinks: Bool

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    self.streams = streams
    seeds = max(1, Int(clamping: try arguments.number("--seeds") ?? 20))
    firstSeed = arguments.has("--seed") ? try FuzzSettings.seed(arguments).value : 1
    limit = Int(clamping: try arguments.number("--operations") ?? 100_000)
    let jobs = Int(clamping: try arguments.number("--jobs") ?? 0)
    self.jobs = jobs == 0 ? ProcessInfo.processInfo.activeProcessorCount : jobs
    isJSON = arguments.has("--json")
    stopsAtFirst = arguments.has("--first")
    shrinks = arguments.has("--shrink")
    let mutants = try arguments.values("--mutant").map(Self.mutant)
    self.mutants = mutants.isEmpty ? Mutant.allCases.filter { $0 != .none } : mutants
    let profiles = try arguments.values("--profile").map(Self.profile)
    self.profiles = profiles.isEmpty ? GeneratorProfile.healthy : profiles
  }

  static func mutant(_ name: String) throws(CommandFailure) -> Mutant {
    guard let mutant = Mutant(rawValue: name) else {
      throw .usage("there is no mutant '\(name)'")
    }
    return mutant
  }

  static func profile(_ name: String) throws(CommandFailure) -> GeneratorProfile {
    guard let profile = GeneratorProfile.named(name) else {
      throw .usage("there is no profile '\(name)'")
    }
    return profile
  }

  // MARK: Rows

  func run() -> ExitCode {
    Interruption.install()
    var survivors: [Mutant] = []
    if !isJSON { streams.print(Self.heading) }
    for mutant in mutants {
      var isKilled = false
      for profile in profiles {
        if Interruption.isRequested { return .interrupted }
        let (row, seconds) = Self.row(
          mutant, profile, firstSeed: firstSeed, seeds: seeds, limit: limit, jobs: jobs)
        show(row, seconds)
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

  /// A row, its seeds shared out among threads; with the seconds of processor time that each seed
  /// took.
  static func row(
    _ mutant: Mutant, _ profile: GeneratorProfile, firstSeed: UInt64, seeds: Int, limit: Int,
    jobs: Int
  ) -> (row: MutantRow, seconds: [Double]) {
    let results = Mutex<[(MutantTrial, Double)?]>(Array(repeating: nil, count: seeds))
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: max(1, min(jobs, seeds))) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < seeds else { return }
        let begin = threadSeconds
        let trial = MutantTrial(
          mutant, profile, seed: Seed(firstSeed &+ UInt64(index)), operationLimit: limit)
        let seconds = threadSeconds - begin
        results.withLock { $0[index] = (trial, seconds) }
      }
    }
    let all = results.withLock { $0.compactMap { $0 } }
    return (MutantRow(mutant, profile, trials: all.map(\.0)), all.map(\.1))
  }

  /// Processor time of this thread: on a busy machine the clock says nothing.
  private static var threadSeconds: Double {
    var time = timespec()
    guard clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static let heading =
    "mutant                            profile       killed  executions      operations"
    + "        seconds latency  by"

  private func show(_ row: MutantRow, _ seconds: [Double]) {
    let executions = (row.quantile(50, \.executionCount), row.quantile(95, \.executionCount))
    let operations = (row.quantile(50, \.operationCount), row.quantile(95, \.operationCount))
    let killing = zip(row.trials, seconds).filter(\.0.isKilled).map(\.1)
    let secondsP95 = MutantRow.quantile(95, killing)
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
          + pad(pair(operations), 18) + pad(secondsP95.map(Self.rounded) ?? "-", 8)
          + pad(row.latencyMedian.map(String.init) ?? "-", 9)
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
        ("seconds_p95", secondsP95.map { .number(($0 * 1000).rounded() / 1000) } ?? .null),
        ("invariants", .array(row.rules.map(JSONValue.string))),
        ("latency_median", number(row.latencyMedian)), ("length_before", number(lengths.0)),
        ("length_after", number(lengths.1)),
      ]).text)
    streams.flush()
  }

  private static func rounded(_ seconds: Double) -> String {
    String((seconds * 1000).rounded() / 1000)
  }

  /// Operations of the first failing trace, and of what it is reduced to.
  private static func lengths(_ row: MutantRow) -> (Int?, Int?) {
    guard let trace = row.trials.lazy.compactMap(\.trace).first,
      let identity = PoolShrinker.identity(of: trace)
    else { return (nil, nil) }
    let outcome = PoolShrinker.shrink(trace, identity)
    return (trace.operations.count, outcome.trace.operations.count)
  }

  // MARK: Rules that kill alone

  /// Prints every rule without which some trace of a planted bug would pass, each time with the
  /// planted bug, the profile and the seed; `SoleKillers` is made of these lines.
  func runSole() -> ExitCode {
    Interruption.install()
    var seen: Set<String> = []
    for mutant in mutants {
      for profile in profiles {
        if Interruption.isRequested { return .interrupted }
        let (row, _) = Self.row(
          mutant, profile, firstSeed: firstSeed, seeds: seeds, limit: limit, jobs: jobs)
        for trial in row.trials {
          guard let rule = trial.soleRule, seen.insert("\(rule) \(mutant.rawValue)").inserted
          else { continue }
          show(rule, trial)
        }
      }
    }
    return .held
  }

  private func show(_ rule: String, _ trial: MutantTrial) {
    if isJSON {
      streams.print(
        JSONValue.object([
          ("rule", .string(rule)), ("mutant", .string(trial.mutant.rawValue)),
          ("profile", .string(trial.profile)), ("seed", .unsigned(trial.seed.value)),
          ("operations", .integer(Int64(trial.operationCount))),
        ]).text)
    } else {
      streams.print(
        "\(rule) \(trial.mutant.rawValue) \(trial.profile) seed \(trial.seed)"
          + " \(trial.operationCount) operations")
    }
    streams.flush()
  }
}
