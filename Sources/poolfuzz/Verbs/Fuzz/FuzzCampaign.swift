import JSONLines
import ContentHash
import Platform
import KernelPool
import PoolFuzzing
import PropertyTesting

/// One run of `fuzz`: epochs until a limit; failing traces go to a triage queue, where they
/// are reduced and filed; the state is saved now and then, so that the process may be killed at any
/// moment.
final class FuzzCampaign {
  private let settings: FuzzSettings
  private let streams: StandardStreams
  private let store: FindingStore
  private let file: StateFile
  private let frame: CampaignFrame
  /// The options that go on or begin anew with.
  private let options: [String]
  /// The same campaign again, quiet as it is.
  private let wordsToGoOn: [String]
  /// Seconds that a trace may take.
  private let traceSeconds: Double
  /// Features and failing traces at times of the last minute, the oldest first.
  private var lastMinute: [(seconds: Double, features: Int, failures: Int)] = []
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
    // What the report says is the same however many threads there were.
    options = arguments.words(except: ["--seed", "--jobs", "--save-every", "--json", "--quiet"])
    wordsToGoOn =
      ["fuzz"] + arguments.words(except: ["--seed"]) + ["--seed", "\(settings.plan.seed)"]
    traceSeconds = try arguments.seconds(Option.timeout.name) ?? SlowWork.usualSeconds
    store = FindingStore(folder: settings.folder)
    file = StateFile(
      base: settings.base,
      saved: SavedText(
        kind: "campaign", format: 6,
        plan: "seed=\(settings.plan.seed) \(settings.fingerprint)"))
    frame = try CampaignFrame(arguments, file, streams)
  }

  func run() throws(CommandFailure) -> ExitCode {
    announce()
    try store.prepare()
    return try frame.run(goOn)
  }

  private func goOn() throws(CommandFailure) -> ExitCode {
    let saved = try resume()
    let engine = FuzzEngine(
      settings.plan, state: saved?.state, running: SlowWork.traces(inReduction: false))
    let triage = TriageQueue(
      store, oracles: settings.plan.oracles, mutant: settings.plan.mutant,
      shrinks: settings.shrinks,
      findings: saved?.findings ?? CampaignFindings())
    let (seed, isJSON, words) = (settings.plan.seed, frame.isJSON, wordsToGoOn)
    let slowTraces = SlowTraces(
      engine: engine, triage: triage, store: store, stateFile: file,
      isPlanted: settings.plan.mutant != .none, clock: frame.clock,
      tell: { finding, isOfHealthyModel in
        CampaignFrame.text(
          finding, seed, origin: ("profile", finding.profile), isOfHealthyModel: isOfHealthyModel,
          isJSON: isJSON)
      })
    let long = LongTraces(store, base: file.base, limit: traceSeconds)
    for path in long.left {
      streams.remark("the process before was ended while it executed a trace: \(path)")
    }
    defer { long.end() }
    try SlowWork(seconds: traceSeconds).watch([engine.running, triage.running], see: long.see) {
      run, ending in
      guard slowTraces.leaveOut(run, ending) else { return }
      long.end()
      do throws(SystemError) {
        try ProcessStart.beginAnew(words)
      } catch {
        StandardStreams.remark(error.message)
        ProcessStart.end(ExitCode.environment.rawValue)
      }
    } during: { () throws(CommandFailure) in
      try frame.work(
        until: { isDone(engine.state) }, step: { runEpoch(engine, triage) },
        save: { save(engine, triage.findings) }, tell: { tell($0, engine.state, triage.findings) })
      wait(triage) { triage.isIdle }
    }
    return finish(engine, triage)
  }

  private func isDone(_ state: FuzzState) -> Bool {
    if let limit = settings.batchLimit, state.nextBatch >= limit { return true }
    return settings.stopsAtFirst && state.failingCount > earlierFailures
  }

  private func runEpoch(_ engine: FuzzEngine, _ triage: TriageQueue) {
    let left = settings.batchLimit.map { $0 - engine.state.nextBatch } ?? .max
    let findings = engine.runEpoch(
      jobs: settings.jobs, batchLimit: Int(clamping: left),
      isInterrupted: { Interruption.isRequested })
    for finding in findings ?? [] {
      triage.add(
        WaitingTrace(
          trace: finding.trace, profile: finding.profile, number: finding.number))
    }
    wait(triage) { triage.findings.waiting.count <= Self.mostWaiting }
    watchTheAlarm(engine.state)
  }

  /// Waits for the triage, telling what it says.
  private func wait(_ triage: TriageQueue, until isReady: () -> Bool) {
    tell(triage.takeNews())
    while !isReady(), !Interruption.isRequested {
      Machine.sleep(seconds: 0.02)
      tell(triage.takeNews())
    }
  }

  // MARK: Beginning and end

  private func announce() {
    let names = settings.plan.profiles.map(\.name).joined(separator: " ")
    if !settings.level.omissions.isEmpty {
      streams.note("--check \(settings.level.rawValue): \(settings.level.omissions)")
    }
    streams.note("seed \(settings.plan.seed), \(settings.jobs) jobs, mixes: \(names)")
  }

  private func resume() throws(CommandFailure) -> SavedCampaign? {
    guard let saved = try file.load({ SavedCampaign.reading($0, of: settings.plan) }) else {
      return nil
    }
    frame.clock.earlierSeconds = saved.seconds
    frame.clock.earlierSecondsOfRun = saved.runSeconds
    earlierOperations = saved.state.operationCount
    earlierTraces = saved.state.traceCount
    earlierFailures = saved.state.failingCount
    streams.note(
      "going on from trace \(saved.state.nextBatch * UInt64(settings.plan.tracesPerBatch)) of"
        + " \(file.path)")
    return saved
  }

  private func finish(_ engine: FuzzEngine, _ triage: TriageQueue) -> ExitCode {
    let state = engine.state
    let isComplete = settings.batchLimit.map { state.nextBatch >= $0 } ?? false
    let isWhole = isComplete && triage.findings.waiting.isEmpty
    // Nothing goes on from a whole campaign: what it had saved is removed, once its report stands.
    var isSaved = keep(state.corpus.traces) && save(engine, triage.findings, withState: !isWhole)
    if isWhole, isSaved { isSaved = frame.removeState() }
    tell(triage.takeNews())
    tell(.end, state, triage.findings)
    if isSaved { streams.note("report: \(settings.report).md") }
    if missedCanaries > 0 || !isSaved { return .environment }
    if Interruption.isRequested { return .interrupted }
    return triage.findings.filed.isEmpty ? .held : .found
  }

  /// Files the novel traces where that was asked for; false where it was interrupted.
  private func keep(_ traces: [PoolFuzzTrace]) -> Bool {
    guard settings.keeps else { return true }
    do throws(SystemError) {
      for trace in traces {
        let text = trace.text()
        let path = "\(settings.folder)/kept/\(ContentHash.of(text)).trace"
        try store.persist(text, to: path) { streams.remark($0) }
      }
      return true
    } catch {
      return false
    }
  }

  /// Saves the state and the report; false where the disk did not take them, which is told. The
  /// state can be saved later: only a finding is worth waiting for.
  @discardableResult
  private func save(
    _ engine: FuzzEngine, _ findings: CampaignFindings, withState: Bool = true
  ) -> Bool {
    let report = report(engine.state, findings)
    do throws(SystemError) {
      if withState {
        let saved = SavedCampaign(
          state: engine.stateOfWholeEpochs, findings: findings, seconds: report.seconds,
          runSeconds: frame.clock.secondsToKeep)
        try store.write(file.saved.text(saved.text), to: file.path)
      }
      try store.write(report.markdown, to: settings.report + ".md")
      try store.write(report.json.versioned.text + "\n", to: settings.report + ".json")
      try store.write(report.costs.versioned.text + "\n", to: settings.costs)
      return true
    } catch {
      streams.remark("not saved: \(error.message)")
      return false
    }
  }

  private func report(_ state: FuzzState, _ findings: CampaignFindings) -> CampaignReport {
    CampaignReport(
      seed: settings.plan.seed.value, plan: settings.fingerprint, level: settings.level,
      mutant: settings.plan.mutant,
      command: command(state, findings),
      state: state, findings: findings, seconds: frame.clock.secondsOfAll,
      operationsPerSecond: rate(state), peakBytes: Machine.peakResidentBytes)
  }

  /// The command that goes on from here; of a campaign that is whole, one with the next seed.
  private func command(_ state: FuzzState, _ findings: CampaignFindings) -> String {
    let isWhole = settings.batchLimit.map { state.nextBatch >= $0 } ?? false
    let seed = settings.plan.seed.value &+ (isWhole && findings.waiting.isEmpty ? 1 : 0)
    return (["poolfuzz fuzz"] + options.map(StandardStreams.quoted) + ["--seed \(seed)"])
      .joined(separator: " ")
  }

  // MARK: What it says

  private func tell(_ news: [TriageQueue.News]) {
    for item in news {
      switch item {
      case .note(let text): streams.remark(text)
      case .filed(let finding):
        frame.tell(
          finding, settings.plan.seed, origin: ("profile", finding.profile),
          isOfHealthyModel: settings.plan.mutant != .none && finding.mutant == .none)
      }
    }
  }

  /// A planted failure that nobody reported is told at once.
  private func watchTheAlarm(_ state: FuzzState) {
    let missed = state.canaryCount - state.caughtCanaries
    guard missed > missedCanaries else { return }
    missedCanaries = missed
    streams.remark(
      "THE ALARM IS BROKEN: \(missed) of \(state.canaryCount) planted failures were not"
        + " reported")
  }

  private func rate(_ state: FuzzState) -> Double {
    frame.clock.rate(state.operationCount - earlierOperations)
  }

  /// Seconds that are left, by the clock or by the traces that are.
  private func secondsLeft(_ state: FuzzState) -> Double? {
    if let left = frame.clock.secondsLeft { return left }
    guard let limit = settings.batchLimit, state.traceCount > earlierTraces else { return nil }
    let perBatch = UInt64(settings.plan.tracesPerBatch)
    let left = (limit - min(limit, state.nextBatch)) * perBatch
    return Double(left) * frame.clock.seconds / Double(state.traceCount - earlierTraces)
  }

  private func tell(
    _ event: CampaignFrame.Event, _ state: FuzzState, _ findings: CampaignFindings
  ) {
    // Those of traces, those that were met while reducing, and crashes, of which no state knows.
    let failures = Set(state.failureCounts.keys).union(findings.filed.map(\.identity)).count
    let (signature, novelty) = (state.corpus.signature, state.scheduler.noveltyPerMillion)
    frame.tell(
      event, settings.plan.seed,
      [
        ("profile", .string(settings.plan.profiles.map(\.name).joined(separator: "+"))),
        ("traces", .unsigned(state.traceCount)),
        ("operations", .unsigned(state.operationCount)),
        ("seconds", .number(frame.clock.seconds)),
        ("finding", .null), ("findings", .integer(Int64(failures))),
        ("features", .integer(Int64(signature.count))),
        ("feature_coverage", .number(signature.coverage)),
        ("features_per_million_operations", .unsigned(novelty)),
        ("kept", .unsigned(state.corpus.keptCount)),
        ("calls_predicted", .unsigned(state.referenceCounts.predicted)),
        ("calls_open", .unsigned(state.referenceCounts.openCount)),
        ("canaries", .unsigned(state.canaryCount)),
        ("canaries_caught", .unsigned(state.caughtCanaries)),
        ("seconds_left", secondsLeft(state).map(JSONValue.number) ?? .null),
      ])
    frame.tell(event, event == .end ? summary(state, failures) : status(state, failures))
    if event == .end, let text = CampaignReport.reference(state) {
      frame.tell(event, "reference allocator: \(text)")
    }
  }

  /// What was found and tried, what is new, and how long it goes on, for whoever looks up now and then.
  private func status(_ state: FuzzState, _ failures: Int) -> String {
    let now = frame.clock.seconds
    let features = state.corpus.signature.count
    let then = lastMinute.first ?? (now, 0, 0)
    lastMinute.append((now, features, failures))
    lastMinute.removeAll { $0.seconds < now - 60 }
    let new = features - then.features
    let found = failures == 0 ? "nothing found" : "\(counted(failures, "failure")) found"
    let fresh = failures > then.failures ? ", \(failures - then.failures) of them" : ""
    let left = secondsLeft(state).map { ", \(Self.time($0)) left" } ?? ""
    return "\(found)\(fresh.isEmpty ? "" : fresh + " in the last minute"),"
      + " \(counted(tried(state), "trace")) tried,"
      + " \(new) new in the last minute\(left)"
  }

  /// Traces, with those that had a planted failure to test the alarm: as many as were asked for.
  private func tried(_ state: FuzzState) -> UInt64 { state.traceCount + state.canaryCount }

  private func summary(_ state: FuzzState, _ failures: Int) -> String {
    let alarm =
      state.canaryCount == 0 ? "" : " (\(state.canaryCount) of them to test the alarm)"
    // Where nothing was seen yet there is no rate at which more is.
    let rate =
      state.corpus.signature.count == 0
      ? ""
      : ", at the latest rate \(state.scheduler.noveltyPerMillion) more in a million operations"
    return "\(counted(tried(state), "trace")) tried\(alarm),"
      + " \(counted(state.operationCount, "operation")), \(Int(self.rate(state))) a second;"
      + " \(counted(failures, "failure")) found;"
      + " \(counted(state.corpus.signature.count, "kind")) of behaviour seen\(rate)"
  }

  /// A time as people say it: `42 s`, `3 min`, `7 h 59 min`.
  static func time(_ seconds: Double) -> String {
    let seconds = Int(min(max(0, seconds.rounded()), 1e12))
    if seconds < 120 { return "\(seconds) s" }
    let minutes = (seconds + 30) / 60
    return minutes < 120 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }
}
