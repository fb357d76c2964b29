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
  let probe: Int?
  let jobs: Int
  let isJSON: Bool
  let stopsAtFirst: Bool
  let shrinks: Bool

  /// Seeds that a row may have: each is kept until the row is told.
  static let seedRange: ClosedRange<UInt64> = 1...100_000

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    self.streams = streams
    seeds = try arguments.number("--seeds", in: Self.seedRange) ?? 20
    firstSeed = arguments.has("--seed") ? try FuzzSettings.seed(arguments).value : 1
    limit = Int(clamping: try arguments.number("--operations") ?? 100_000)
    probe = try arguments.number("--probe").map { max(1, Int(clamping: $0)) }
    jobs = try arguments.jobs()
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

  /// Prints all rows, or adds those to a file that it does not have.
  func run(adding path: String? = nil) throws(CommandFailure) -> ExitCode {
    Interruption.install()
    let recorded = try path.map(RecordedTable.init)
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
          isKilled = try show(row(mutant, profile), recorded) || isKilled
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
    let text = MutantRowText(result.row, seconds: result.seconds, shrinks: shrinks)
    if let recorded {
      try recorded.append(text.json.text)
    } else {
      streams.print(isJSON ? text.json.text : text.line)
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
}
