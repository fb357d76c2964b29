import Platform
import Foundation
import JSONLines
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
  let probe: Int?
  let jobs: Int
  let isJSON: Bool
  let stopsAtFirst: Bool
  let shrinks: Bool

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    self.streams = streams
    seeds = try arguments.number("--seeds", in: RecordedRow.seedRange) ?? 20
    firstSeed = arguments.has("--seed") ? try FuzzSettings.seed(arguments).value : 1
    limit = Int(clamping: try arguments.number("--operations") ?? 100_000)
    probe = try arguments.number("--probe").map { max(1, Int(clamping: $0)) }
    jobs = try arguments.jobs()
    isJSON = arguments.has("--json")
    stopsAtFirst = arguments.has("--first")
    shrinks = arguments.has("--shrink")
    let mutants = arguments.values("--mutant").compactMap(Mutant.init(rawValue:))
    self.mutants = mutants.isEmpty ? Mutant.allCases.filter { $0 != .none } : mutants
    let profiles = arguments.values("--mix").compactMap(GeneratorProfile.named)
    self.profiles =
      profiles.isEmpty ? GeneratorProfile.tabled : profiles
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

  /// What makes a row apart from its planted bug and profile.
  private var settings: String {
    "seeds=\(seeds) first=\(firstSeed) operations=\(limit) probe=\(probe.map(String.init) ?? "none")"
      + " lengths=\(shrinks)"
  }

  /// Prints all rows, or adds those to a file that it does not have. Nobody else may add to that file
  /// meanwhile, and all its rows must be of the same settings.
  func run(adding path: String? = nil) throws(CommandFailure) -> ExitCode {
    Interruption.install()
    guard let path else { return try run(nil) }
    let lockPath = path + ".lock"
    guard let lock = try answered({ () throws(SystemError) in try FileLock.take(lockPath) }) else {
      throw CommandFailure(
        message: "\(lockPath): another process works on this table", code: .environment)
    }
    defer { lock.release() }
    let recorded = try RecordedTable(path)
    if let number = recorded.rows.firstIndex(where: { $0.settings != settings }) {
      throw CommandFailure(
        message: "\(path):\(number + 1): expected a row of the settings '\(settings)',"
          + " not '\(recorded.rows[number].settings ?? "unknown")'; name another file",
        code: .badInput)
    }
    return try run(recorded)
  }

  private func run(_ recorded: RecordedTable?) throws(CommandFailure) -> ExitCode {
    var survivors: [Mutant] = []
    if !isJSON, recorded == nil { streams.print(MutantRowText.heading) }
    for mutant in mutants {
      var isKilled = false
      for profile in profiles {
        if Interruption.isRequested { return .interrupted }
        let known = recorded?.rows.first { $0.mutant == mutant && $0.profile == profile.name }
        if let known {
          isKilled = isKilled || known.killedCount >= seeds
        } else {
          let result = row(mutant, profile)
          if Interruption.isRequested { return .interrupted }
          isKilled = try show(result, recorded) || isKilled
        }
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

  /// Prints or records a row; true where every seed found the planted bug.
  private func show(
    _ result: (row: MutantRow, seconds: [Double]), _ recorded: RecordedTable?
  ) throws(CommandFailure) -> Bool {
    let text = MutantRowText(
      result.row, seconds: result.seconds, shrinks: shrinks, settings: settings)
    if let recorded {
      try recorded.append(text.hashedJSON)
    } else {
      streams.print(isJSON ? text.hashedJSON : text.line)
      streams.flush()
    }
    return result.row.killedCount == seeds
  }

  /// Seeds that a row is probed with.
  private static let probeSeeds = 3

  /// A row: all seeds, or, where the first few find nothing within the operations of a probe, these
  /// alone.
  func row(_ mutant: Mutant, _ profile: GeneratorProfile) -> (row: MutantRow, seconds: [Double]) {
    if let probe, seeds > Self.probeSeeds {
      let probed = Self.row(
        mutant, profile, firstSeed: firstSeed, seeds: Self.probeSeeds, limit: probe, jobs: jobs)
      if probed.row.killedCount == 0 { return probed }
    }
    return Self.row(mutant, profile, firstSeed: firstSeed, seeds: seeds, limit: limit, jobs: jobs)
  }

  /// A row, its seeds shared out among threads; with the seconds of processor time that each seed
  /// took. It is none where somebody interrupts.
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
          mutant, profile, seed: Seed(firstSeed &+ UInt64(index)), operationLimit: limit,
          isInterrupted: { Interruption.isRequested })
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
}

/// A row of the detection table as it is printed.
struct MutantRowText {
  let row: MutantRow
  /// Processor time of each trial, in seconds.
  let seconds: [Double]
  /// Operations of the first failing trace and of what it is reduced to; nil where none was asked
  /// for or there is none.
  let lengths: (before: Int, after: Int)?
  private let showsLengths: Bool
  private let settings: String

  init(_ row: MutantRow, seconds: [Double], shrinks: Bool, settings: String) {
    self.row = row
    self.settings = settings
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

  /// The row as an object, the last member of which is the hash of all that stands before it.
  var hashedJSON: String { RecordedRow.hashed(json.text.dropLast()) }

  private var json: JSONValue {
    func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    return JSONValue.object([
      ("mutant", .string(row.mutant.rawValue)), ("mechanism", .string(row.mutant.mechanism)),
      ("profile", .string(row.profile)), ("settings", .string(settings)),
      ("seeds", number(row.trials.count)),
      ("killed", number(row.killedCount)),
      ("executions_median", number(executions.0)), ("executions_p95", number(executions.1)),
      ("operations_median", number(operations.0)), ("operations_p95", number(operations.1)),
      ("seconds_p95", secondsOfMost.map { .number($0) } ?? .null),
      ("invariants", .array(row.rules.map(JSONValue.string))),
      ("latency_median", number(row.latencyMedian)), ("length_before", number(lengths?.before)),
      ("length_after", number(lengths?.after)),
      ("alone", .array(row.soleKillings.map { Self.json($0.rule, $0.trial) })),
      // Last, because a torn row is known by how it begins.
      ("version", .unsigned(JSONValue.version)),
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
