import ContentHash
import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting

/// One run of `fuzz`: epochs until a limit; failing traces go to a desk of their own, where they
/// are reduced and filed; the state is saved now and then, so that the process may be killed at any
/// moment.
final class FuzzCampaign {
  private let settings: FuzzSettings
  private let streams: StandardStreams
  private let store: FindingStore
  private let file: CampaignFile
  private let isJSON: Bool
  private let isQuiet: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastProgress = 0.0
  private var lastSave = 0.0
  private var earlierSeconds = 0.0
  /// Seconds of this run that it had before it was ended.
  private var runSeconds = 0.0
  private var earlierOperations: UInt64 = 0
  private var earlierTraces: UInt64 = 0
  private var earlierFailures: UInt64 = 0
  private var missedCanaries: UInt64 = 0

  /// Failing traces that may wait; the campaign waits where there are more.
  private static let mostWaiting = 256

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    guard arguments.operands.isEmpty else { throw .usage("fuzz takes no operands") }
    settings = try FuzzSettings(arguments)
    self.streams = streams
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    store = FindingStore(folder: settings.folder)
    file = CampaignFile(
      path: settings.base + ".campaign", plan: "seed=\(settings.plan.seed) \(settings.fingerprint)")
    start = clock.now
  }

  func run() throws(CommandFailure) -> ExitCode {
    Interruption.install()
    announce()
    try store.prepare()
    let lock = try CampaignLock(path: settings.base + ".lock")
    defer { lock.release() }
    let saved = try resume()
    let engine = FuzzEngine(settings.plan, state: saved?.state)
    let desk = FindingDesk(
      store, oracles: settings.plan.oracles, mutant: settings.plan.mutant,
      shrinks: settings.shrinks,
      books: saved?.books ?? FindingDesk.Books())
    while !isDone(engine.state) {
      let left = settings.batchLimit.map { $0 - engine.state.nextBatch } ?? .max
      let findings = engine.runEpoch(
        jobs: settings.jobs, batchLimit: Int(clamping: left),
        isInterrupted: { Interruption.isRequested })
      for finding in findings ?? [] {
        desk.add(
          FindingDesk.Item(
            trace: finding.trace, profile: finding.profile, number: finding.number))
      }
      wait(desk) { desk.books.waiting.count <= Self.mostWaiting }
      watchTheAlarm(engine.state)
      if seconds - lastSave > settings.saveSeconds { save(engine.state, desk.books) }
      progress(engine.state)
    }
    return finish(engine, desk)
  }

  private var seconds: Double {
    let (seconds, attoseconds) = (clock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  private func isDone(_ state: FuzzState) -> Bool {
    if Interruption.isRequested { return true }
    if let limit = settings.batchLimit, state.nextBatch >= limit { return true }
    if settings.stopsAtFirst, state.failingCount > earlierFailures { return true }
    return settings.seconds.map { runSeconds + seconds >= $0 } ?? false
  }

  /// Waits for the desk, telling what it says.
  private func wait(_ desk: FindingDesk, until isReady: () -> Bool) {
    tell(desk.takeNews())
    while !isReady(), !Interruption.isRequested {
      Thread.sleep(forTimeInterval: 0.02)
      tell(desk.takeNews())
    }
  }

  // MARK: Beginning and end

  private func announce() {
    let names = settings.plan.profiles.map(\.name).joined(separator: " ")
    if !settings.level.omissions.isEmpty {
      streams.note("--check \(settings.level.rawValue): \(settings.level.omissions)")
    }
    streams.note("seed \(settings.plan.seed), \(settings.jobs) jobs, profiles: \(names)")
  }

  private func resume() throws(CommandFailure) -> CampaignFile.Saved? {
    guard let saved = try file.load() else { return nil }
    earlierSeconds = saved.seconds
    runSeconds = saved.runSeconds
    earlierOperations = saved.state.operationCount
    earlierTraces = saved.state.traceCount
    earlierFailures = saved.state.failingCount
    streams.note(
      "going on from trace \(saved.state.nextBatch * UInt64(settings.plan.tracesPerBatch)) of"
        + " \(file.path)")
    return saved
  }

  private func finish(_ engine: FuzzEngine, _ desk: FindingDesk) -> ExitCode {
    wait(desk) { desk.isIdle }
    let state = engine.state
    let isComplete = settings.batchLimit.map { state.nextBatch >= $0 } ?? false
    let isWhole = isComplete && desk.books.waiting.isEmpty
    let isSaved = keep(state.corpus.traces) && save(state, desk.books)
    if isWhole, isSaved { file.remove() }
    tell(desk.takeNews())
    tell(state, desk.books, event: "end")
    if isSaved { streams.note("report: \(settings.report).md") }
    if missedCanaries > 0 || !isSaved { return .environment }
    if Interruption.isRequested { return .interrupted }
    return desk.books.filed.isEmpty ? .held : .found
  }

  /// Files the novel traces where that was asked for; false where it was interrupted.
  private func keep(_ traces: [PoolFuzzTrace]) -> Bool {
    guard settings.keeps else { return true }
    do throws(AtomicFile.Failure) {
      for trace in traces {
        let text = trace.text()
        let path = "\(settings.folder)/kept/\(ContentHash.of(text)).trace"
        try store.persist(text, to: path) { streams.note("poolfuzz: \($0)") }
      }
      return true
    } catch {
      return false
    }
  }

  /// Saves the state and the report; false where the disk did not take them, which is told. The
  /// state can be saved later: only a finding is worth waiting for.
  @discardableResult
  private func save(_ state: FuzzState, _ books: FindingDesk.Books) -> Bool {
    lastSave = seconds
    let report = report(state, books)
    do throws(AtomicFile.Failure) {
      // What is over begins anew when the command is given again.
      let isOver = settings.seconds.map { runSeconds + seconds >= $0 } ?? true
      let text = file.text(
        state, books, seconds: report.seconds, runSeconds: isOver ? 0 : runSeconds + seconds)
      try store.write(text, to: file.path)
      try store.write(report.markdown, to: settings.report + ".md")
      try store.write(report.json.text + "\n", to: settings.report + ".json")
      return true
    } catch {
      streams.note("poolfuzz: not saved: \(error.message)")
      return false
    }
  }

  private func report(_ state: FuzzState, _ books: FindingDesk.Books) -> MorningReport {
    MorningReport(
      seed: settings.plan.seed.value, plan: settings.fingerprint, level: settings.level,
      mutant: settings.plan.mutant,
      command: "poolfuzz fuzz --seed \(settings.plan.seed) --corpus \(settings.folder)"
        + " with the options of this run",
      state: state, books: books, seconds: earlierSeconds + seconds,
      operationsPerSecond: rate(state), peakBytes: ResidentMemory.peakBytes)
  }

  // MARK: What it says

  private func tell(_ news: [FindingDesk.News]) {
    for item in news {
      switch item {
      case .note(let text): streams.note("poolfuzz: \(text)")
      case .filed(let finding): tell(finding)
      }
    }
  }

  private func tell(_ finding: FiledFinding) {
    if isJSON {
      streams.print(
        JSONValue.object([
          ("event", .string("finding")), ("seed", .unsigned(settings.plan.seed.value)),
          ("profile", .string(finding.profile)), ("finding", .object(finding.members)),
        ]).text)
    } else {
      let place = finding.trace.isEmpty ? "has its traces already" : finding.trace
      let isOfHealthyModel = settings.plan.mutant != .none && finding.mutant == .none
      streams.print(
        "finding: \(isOfHealthyModel ? "the healthy model shows " : "")\(finding.identity):"
          + " \(counted(finding.operationsBefore, "operation")), now"
          + " \(finding.operationsAfter): \(place)")
    }
    streams.flush()
  }

  /// A planted failure that nobody reported is told at once.
  private func watchTheAlarm(_ state: FuzzState) {
    let missed = state.canaryCount - state.caughtCanaries
    guard missed > missedCanaries else { return }
    missedCanaries = missed
    streams.note(
      "poolfuzz: THE ALARM IS BROKEN: \(missed) of \(state.canaryCount) planted failures were not"
        + " reported")
  }

  private func progress(_ state: FuzzState) {
    let interval: Double = isatty(2) == 1 ? 5 : 60
    guard seconds - lastProgress >= interval else { return }
    lastProgress = seconds
    tell(state, nil, event: "progress")
  }

  private func rate(_ state: FuzzState) -> Double {
    Double(state.operationCount - earlierOperations) / max(seconds, 0.001)
  }

  /// Seconds that are left, by the clock or by the traces that are.
  private func secondsLeft(_ state: FuzzState) -> Double? {
    if let limit = settings.seconds { return max(0, limit - runSeconds - seconds) }
    guard let limit = settings.batchLimit, state.traceCount > earlierTraces else { return nil }
    let perBatch = UInt64(settings.plan.tracesPerBatch)
    let left = (limit - min(limit, state.nextBatch)) * perBatch
    return Double(left) * seconds / Double(state.traceCount - earlierTraces)
  }

  private func tell(_ state: FuzzState, _ books: FindingDesk.Books?, event: String) {
    if isJSON {
      streams.print(
        JSONValue.object([
          ("event", .string(event)), ("seed", .unsigned(settings.plan.seed.value)),
          ("profile", .string(settings.plan.profiles.map(\.name).joined(separator: "+"))),
          ("traces", .unsigned(state.traceCount)),
          ("operations", .unsigned(state.operationCount)), ("seconds", .number(seconds)),
          ("finding", .null), ("findings", .integer(Int64(state.failureCounts.count))),
          ("features", .integer(Int64(state.corpus.signature.count))),
          ("feature_coverage", .number(state.corpus.signature.coverage)),
          ("features_per_million_operations", .unsigned(state.bandit.noveltyPerMillion)),
          ("kept", .unsigned(state.corpus.keptCount)),
          ("calls_predicted", .unsigned(state.referenceCounts.predicted)),
          ("calls_open", .unsigned(state.referenceCounts.openCount)),
          ("canaries", .unsigned(state.canaryCount)),
          ("canaries_caught", .unsigned(state.caughtCanaries)),
          ("seconds_left", secondsLeft(state).map(JSONValue.number) ?? .null),
        ]).text)
      streams.flush()
    }
    guard !isQuiet else { return }
    let left = secondsLeft(state).map { ", \(Int($0)) s left" } ?? ""
    streams.note(
      "\(event): \(state.traceCount) traces, \(state.operationCount) operations,"
        + " \(Int(rate(state))) a second, \(state.corpus.signature.count) features"
        + " (\(MorningReport.percent(state.corpus.signature.coverage)) of the space,"
        + " \(state.bandit.noveltyPerMillion) new in a million operations),"
        + " \(state.failureCounts.count) failures\(event == "end" ? "" : left)")
    if event == "end", let text = MorningReport.reference(state) {
      streams.note("reference allocator: \(text)")
    }
  }
}
