import Platform
import Dispatch
import FragmentationSearch

extension Verb {
  /// `poolfuzz maximize`: the most fragmenting trace that a search finds.
  static let maximize = Verb(
    name: "maximize", operands: "",
    summary: "searches for the trace that makes the pool hold most pages",
    examples: [
      (
        "poolfuzz maximize --peak-live 65536 --seed 1 -o worst.trace",
        "the best staircase of a search over schedules, as a trace"
      ),
      (
        "poolfuzz maximize --peak-live 65536 --algorithm staircase --on kernel",
        "the dyadic staircase, replayed on the kernel model"
      ),
      (
        "poolfuzz maximize --peak-live 16384 --algorithm macro --operations 50000000 --json",
        "from scratch, no staircase in the vocabulary"
      ),
      (
        "poolfuzz maximize --peak-live 65536 --algorithm map-elites --for 10m --corpus nightly",
        "by the clock; kill it at any time and give the command again"
      ),
      (
        "poolfuzz maximize --target malloc --target ./libmine.so --seed 1",
        "allocators that are not ours, ranked under the same budget"
      ),
    ],
    options: ContestOptions.options + [
      Option(
        name: "--objective", argument: .word("NAME", .cases(of: Objective.self, "objective")),
        help: Objective.allCases.map(\.rawValue).joined(separator: ", ")
          + " (held-over-peak; the other is trivial)"),
      Option(
        name: "--algorithm",
        argument: .word("NAME", .cases(of: FragmentationQuery.Algorithm.self, "algorithm")),
        help: FragmentationQuery.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
          + " (schedule)"),
      Option(
        name: "--operations", argument: .quantity("N", .count()),
        help: "simulated operations to spend; a trial of a schedule counts as 100"
          + " (1000000, without a limit if there is --for)"),
      Option(
        name: "--jobs", argument: .quantity("N", .count()),
        help: "streams at once (the processors); the result does not depend on it"),
      Option(
        name: "--on", argument: .value("abstract|kernel"),
        help: "replay the best trace on the kernel model as well (abstract)"),
      .output("write the best trace, whole or not at all", oldNames: ["--trace"]),
    ] + SearchRun.options + TargetOptions.naming + [TargetOptions.memoryLimit]
      + TargetRanking.options,
    run: { arguments, streams in
      if !TargetOptions.libraries(arguments).isEmpty {
        return try TargetRanking(arguments, streams).run()
      }
      let run = try MaximizeRun(arguments)
      let report = try run.report(streams)
      streams.print(report, asJSON: arguments.has("--json"))
      if !report.breaches.isEmpty { return .found }
      return Interruption.isRequested ? .interrupted : .held
    })
}

/// One search and the replay of its best trace.
private struct MaximizeRun {
  private let options: ContestOptions
  private let query: FragmentationQuery
  private let algorithm: FragmentationQuery.Algorithm
  private let operations: Int
  private let jobs: Int
  private let seed: UInt64
  private let replaysOnKernel: Bool
  private let tracePath: String?
  /// The option that names it, as it was typed.
  private let option: String
  private let asJSON: Bool
  private let isQuiet: Bool
  private let settings: SearchRun.Settings

  private enum Model: String, CaseIterable {
    case abstract
    case kernel
  }

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    options = try ContestOptions(arguments, verb: "maximize")
    var query = options.query
    query.objective = try arguments.choice("--objective", default: .heldOverPeak)
    self.query = query
    algorithm = try arguments.choice("--algorithm", default: .schedule)
    settings = try SearchRun.Settings(arguments, algorithm)
    operations = Int(
      clamping: try arguments.number("--operations")
        ?? (settings.hasTime ? .max : 1_000_000))
    let wanted = try arguments.number("--jobs")
    jobs = Int(clamping: wanted ?? UInt64(Machine.processorCount))
    guard (1...1024).contains(jobs) else { throw .usage("--jobs is 1...1024, not \(jobs)") }
    seed = try arguments.number("--seed") ?? UInt64.random(in: 0...UInt64(UInt32.max))
    let model: Model = try arguments.choice("--on", default: .abstract)
    replaysOnKernel = model == .kernel
    tracePath = arguments.value("--output")
    option = arguments.spelling("--output")
    asJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
  }

  func report(_ streams: StandardStreams) throws(CommandFailure) -> FragmentationReport {
    let contest =
      replaysOnKernel || tracePath != nil
      ? try options.contest(for: replaysOnKernel ? "--on kernel" : option) : nil
    // Refuses a place where nothing can be written before the search, not behind it.
    let file = try tracePath.map { path throws(CommandFailure) in try WholeFile(path: path) }
    printSeed(streams)
    var run: SearchRun?
    if let campaign = try campaign() {
      run = try SearchRun(query, campaign, settings, streams)
    }
    let best = if let run { try run.run() } else { try search() }
    // The search had limits of its own; a trace has a time again.
    ProcessLimits.begin(input: "the trace that was found")
    defer { ProcessLimits.endInput() }
    var report = query.replay(best)
    if let contest {
      try replayOnKernel(best, contest, &report)
      if let file { try write(best, contest, file, &report) }
    }
    try run?.end()
    return report
  }

  /// The seed comes first, so that an interrupted run can be repeated.
  private func printSeed(_ streams: StandardStreams) {
    guard !isQuiet else { return }
    if asJSON {
      streams.note("seed \(seed)")
    } else {
      streams.print("seed \(seed)")
      streams.flush()
    }
  }

  private func search() throws(CommandFailure) -> BestTrace {
    let (query, algorithm, operations, seed, jobs) = (query, algorithm, operations, seed, jobs)
    let running = SlowWork.streams()
    let watch = SlowWork(seconds: ProcessLimits.seconds)
    let result = try watch.watch([running]) { run, ending in
      guard running.isExecuting(run) else { return }
      StandardStreams.remark("stream \(run.number) of the search of seed \(seed) \(ending.words)")
      ProcessStart.end(ExitCode.environment.rawValue)
    } during: { () throws(CommandFailure) -> Result<BestTrace, FragmentationQuery.Failure> in
      waiting {
        do throws(FragmentationQuery.Failure) {
          return .success(
            try await query.search(
              algorithm, operations: operations, seed: seed, workers: jobs, telling: running))
        } catch {
          return .failure(error)
        }
      }
    }
    do {
      return try result.get()
    } catch {
      throw .usage("\(error)")
    }
  }

  /// The search in epochs, where the algorithm is one.
  private func campaign() throws(CommandFailure) -> SearchCampaign? {
    do {
      return try query.campaign(algorithm, operations: operations, seed: seed, workers: jobs)
    } catch {
      throw .usage("\(error)")
    }
  }

  private func replayOnKernel(
    _ best: BestTrace, _ contest: KernelContest, _ report: inout FragmentationReport
  ) throws(CommandFailure) {
    guard replaysOnKernel else { return }
    do {
      report.kernel = try query.outcome(of: best, on: contest)
    } catch {
      throw CommandFailure(message: error.description, code: .environment)
    }
  }

  private func write(
    _ best: BestTrace, _ contest: KernelContest, _ file: WholeFile,
    _ report: inout FragmentationReport
  ) throws(CommandFailure) {
    let live = report.peakLiveUnits * query.geometry.unitBytes
    let writer = ContestTrace(
      file, options, contest,
      comments: [
        "\(counted(report.pages, "page")) held with at most \(counted(live, "byte")) live; no trace can hold more than"
          + " \(report.upperBound.pages).",
        "Found by: \(report.method), seed \(seed), a budget of \(counted(operations, "operation")).",
      ])
    _ = query.replay(best, record: writer.append)
    try writer.finish(report)
    report.trace = tracePath
  }
}

/// Waits for asynchronous work where the command line, which is not, needs its answer.
///
/// The main thread sleeps meanwhile, and wakes four times a second to tell how far it is; the work
/// runs on the threads of the concurrency runtime.
func waiting<Value: Sendable>(
  for work: @escaping @Sendable () async -> Value, meanwhile tell: () -> Void = {}
) -> Value {
  let answer = Answer<Value>()
  Task.detached {
    answer.value = await work()
    answer.isThere.signal()
  }
  while answer.isThere.wait(timeout: .now() + .milliseconds(250)) == .timedOut { tell() }
  guard let value = answer.value else { preconditionFailure("the work ended without an answer") }
  return value
}

/// One writer, then one reader behind the semaphore.
private final class Answer<Value: Sendable>: @unchecked Sendable {
  var value: Value?
  let isThere = DispatchSemaphore(value: 0)
}
