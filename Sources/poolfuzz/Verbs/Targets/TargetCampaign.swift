import AllocatorTargets
import ContentHash
import JSONLines
import Platform
import PoolFuzzing
import PropertyTesting

/// One run of `fuzz --target`: traces on somebody else's allocator in a worker process, failing ones
/// made small, confirmed and filed.
final class TargetCampaign {
  private let settings: TargetSettings
  private let seed: Seed
  private let profiles: [GeneratorProfile]
  private let tester: TargetTester
  private let baseline: Set<FailureIdentity>
  private let report: TargetReport
  private let streams: StandardStreams
  private let folder: String
  private let traceLimit: UInt64
  private let shrinks: Bool
  private let isStrict: Bool
  private let stopsAtFirst: Bool
  /// The reallocations that are tried instead of random programs, where they were asked for.
  private let grid: ReallocGrid?
  private let file: StateFile
  private let frame: CampaignFrame
  /// What it has come to: what its state file keeps.
  private var progress = SavedTargetCampaign()
  private var earlierOperations: UInt64 = 0
  private var known: Set<FailureIdentity> = []
  private var code = ExitCode.held
  private lazy var traces = GuidedTraces(
    TargetTraces(seed: seed, profiles: profiles, for: tester.capabilities))

  init(
    _ arguments: ParsedArguments, library: String, _ streams: StandardStreams
  ) throws(CommandFailure) {
    settings = try TargetOptions.settings(arguments, library: library)
    guard !arguments.has("--profile") else {
      throw .usage("--profile chooses a system for the model; --target is none")
    }
    let names = arguments.values("--mix")
    profiles = names.compactMap(GeneratorProfile.named)
    guard profiles.allSatisfy(\.isHealthy) else {
      let all = GeneratorProfile.healthy.map(\.name).joined(separator: ", ")
      throw .usage("with --target, --mix is one of \(all)")
    }
    let rules = try TargetOptions.rules(arguments)
    baseline = try TargetOptions.baseline(arguments)
    folder = arguments.value("--corpus") ?? FindingStore.usualFolder
    let hasGrid = arguments.has("--grid")
    let plan = Self.plan(settings, names, rules) + (hasGrid ? " grid=realloc" : "")
    let (states, hash) = ("\(folder)/targets", String(ContentHash.of(plan).prefix(8)))
    seed = try FuzzSettings.seed(arguments, unfinishedIn: states, hash)
    let isEndless = arguments.has("--for") || arguments.has("--forever")
    let wanted = try arguments.number("--traces")
    shrinks = !arguments.has("--no-shrink")
    isStrict = arguments.has("--strict")
    stopsAtFirst = arguments.has("--first")
    self.streams = streams
    file = StateFile(
      base: "\(states)/\(seed)-\(hash)",
      saved: SavedText(kind: "target campaign", format: 5, plan: "seed=\(seed) \(plan)"))
    frame = try CampaignFrame(arguments, file, streams)
    report = TargetReport(arguments, settings, rules, streams)
    tester = try TargetOptions.tester(settings)
    tester.rules = rules
    grid = hasGrid ? try TargetOptions.grid(tester) : nil
    traceLimit = min(wanted ?? (isEndless || hasGrid ? .max : 10_000), grid?.traceCount ?? .max)
    tester.isOver = { [frame] in Interruption.isRequested || frame.clock.isOver }
  }

  /// What a campaign does, its seed left out. A library that was built anew is another one: what is
  /// known of the old one says nothing about it.
  private static func plan(
    _ settings: TargetSettings, _ profiles: [String], _ rules: Set<TargetRule>
  ) -> String {
    var content = ContentHash()
    let path = settings.library.split(separator: ":").last.map(String.init) ?? settings.library
    content.add((try? Files.contents(of: path)) ?? [])
    let ignored = TargetRule.allCases.filter { !rules.contains($0) }.map(\.rawValue)
    return "target=\(settings.library) content=\(content.text) option=\(settings.option)"
      + " timeout=\(settings.timeoutSeconds) memory=\(settings.memoryLimitBytes)"
      + " profiles=\(profiles.joined(separator: "+")) ignored=\(ignored.joined(separator: "+"))"
  }

  func run() throws(CommandFailure) -> ExitCode {
    if !frame.isQuiet {
      streams.note("seed \(seed), target \(settings.library)")
      if let grid { streams.note("grid: \(grid.description)") }
    }
    return try frame.run(generate)
  }

  private func generate() throws(CommandFailure) -> ExitCode {
    FindingStore(folder: folder).removeLeftovers()
    AtomicFile.removeLeftovers(in: PathText.folder(of: file.path))
    try resume()
    try TargetOptions.asking { () throws(TargetError) in
      try traces.keepAgain(progress.kept, tester)
    }
    try frame.work(
      until: { isDone },
      step: { () throws(CommandFailure) in try TargetOptions.asking(testNext) }, save: save,
      tell: tell)
    if !isDone {
      save()
    } else if !frame.removeState() {
      code = code.combined(with: .environment)
    }
    if !report.writeJUnit(
      isStrict: isStrict, tester.capabilities, openCount: progress.openCount)
    {
      code = code.combined(with: .environment)
    }
    tell(.end)
    return Interruption.isRequested ? .interrupted : code
  }

  private var isDone: Bool {
    progress.next >= traceLimit || (stopsAtFirst && !progress.filed.isEmpty)
  }

  private func resume() throws(CommandFailure) {
    guard let saved = try file.load(SavedTargetCampaign.reading) else { return }
    progress = saved
    earlierOperations = saved.operationCount
    frame.clock.earlierSeconds = saved.seconds
    frame.clock.earlierSecondsOfRun = saved.runSeconds
    if !saved.filed.isEmpty || (isStrict && !saved.flaky.isEmpty) { code = .found }
    streams.note("going on from trace \(saved.next) of \(file.path)")
  }

  /// Saves the state; a disk that does not take it is told of, and asked again later.
  private func save() {
    progress.seconds = frame.clock.secondsOfAll
    progress.runSeconds = frame.clock.secondsToKeep
    do throws(SystemError) {
      try AtomicFile.write(file.saved.text(progress.text), to: file.path)
    } catch {
      streams.remark("not saved: \(error.message)")
      code = code.combined(with: .environment)
    }
  }

  /// Traces that are handed over together; one at a time where what it reaches decides on the next.
  private static let batchTraces: UInt64 = 16

  private func testNext() throws(TargetError) {
    let first = progress.next
    if grid == nil, traces.areGuided { return try testGuided(first) }
    let numbers = first..<min(first + Self.batchTraces, traceLimit)
    let batch = numbers.map { grid?.trace($0) ?? traces.trace($0) }
    let (passed, failure) = try countingOpen { () throws(TargetError) in try tester.test(batch) }
    for trace in batch.prefix(passed) { note(trace) }
    guard let failure else { return }
    try take(batch[passed], failure, progress.next)
    note(batch[passed])
  }

  private func testGuided(_ number: UInt64) throws(TargetError) {
    let trace = traces.trace(number)
    let failure = try countingOpen { () throws(TargetError) in
      try tester.test(trace, isCounted: true)
    }
    if tester.hasReachedMore {
      let isFirst = tester.hasReachedNewCode
      traces.keep(try tester.withoutDetours(trace), isFirstThere: isFirst)
      progress.kept.append(number)
    }
    if let failure { try take(trace, failure, number) }
    note(trace)
  }

  /// Runs traces of the campaign, and counts those of which nobody knows whether they leak.
  private func countingOpen<Result>(
    _ run: () throws(TargetError) -> Result
  ) throws(TargetError) -> Result {
    let before = tester.openCount
    defer { progress.openCount += UInt64(tester.openCount - before) }
    return try run()
  }

  private func note(_ trace: TargetTrace) {
    progress.operationCount += UInt64(trace.operations.count)
    progress.next += 1
  }

  // MARK: Failures

  /// How often a failure must show itself again, each time in a process of its own, before the
  /// allocator is blamed for it; and how often one is tried that does not.
  private static let (confirmations, trials) = (3, 10)

  private func take(
    _ trace: TargetTrace, _ failure: TargetFailure, _ number: UInt64
  ) throws(TargetError) {
    let identity = failure.identity(in: trace)
    guard !progress.filed.contains(where: { $0.identity == identity }),
      !progress.flaky.contains(identity), !known.contains(identity)
    else { return }
    let folder = "\(folder)/found/\(PathText.name(of: settings.library))"
    guard let confirmed = try confirmed(trace, identity) else {
      return try tellFlaky(trace, failure, identity, folder)
    }
    if baseline.contains(identity) {
      known.insert(identity)
      report.note(confirmed, identity, .known)
      if !frame.isQuiet { streams.note("known: \(identity)") }
      return
    }
    var (small, seen, certificate, executions) = (trace, confirmed, Certificate?.none, 0)
    if shrinks {
      tester.onCandidate = { [streams] count, hung in
        streams.progress(
          "reducing \(identity): \(counted(count, "candidate"))"
            + (hung > 0 ? ", \(hung) hung" : ""))
      }
      let reduced = try tester.shrink(trace, failure)
      executions = reduced.executionCount
      // What is filed is what was confirmed: where the small trace does not repeat, the long one.
      if let failure = try self.confirmed(reduced.trace, identity) {
        (small, seen, certificate) = (reduced.trace, failure, reduced.certificate)
      }
    }
    code = code.combined(with: .found)
    let (base, isWritten) = report.file(small, seen, identity, certificate, in: folder, tester)
    if !isWritten { code = code.combined(with: .environment) }
    report.note(seen, identity, .found)
    let finding = FiledFinding(
      identity: identity, profile: "", number: number,
      operationsBefore: trace.operations.count, operationsAfter: small.operations.count,
      executions: executions, isOneMinimal: certificate?.isMinimal ?? false,
      trace: base + ".trace", certificate: certificate == nil ? "" : base + ".certificate",
      metWhile: nil, mutant: .none)
    progress.filed.append(finding)
    frame.tell(
      finding, seed, origin: ("target", settings.library),
      details: TargetReport.members(seen, small), lines: TargetReport.lines(seen))
  }

  /// What a trace shows in as many fresh processes as it takes to blame an allocator; nil where it does
  /// not do so in each.
  private func confirmed(
    _ trace: TargetTrace, _ identity: FailureIdentity
  ) throws(TargetError) -> TargetFailure? {
    let (shown, failure) = try tester.repetitions(of: trace, identity, in: Self.confirmations)
    return shown == Self.confirmations ? failure : nil
  }

  /// Files a failure that did not repeat, and tells of it with how often it showed itself: it may be
  /// the machine's.
  private func tellFlaky(
    _ trace: TargetTrace, _ failure: TargetFailure, _ identity: FailureIdentity, _ folder: String
  ) throws(TargetError) {
    progress.flaky.insert(identity)
    let (shown, _) = try tester.repetitions(of: trace, identity, in: Self.trials)
    let rate = "\(shown) of \(Self.trials) fresh processes"
    let (base, isWritten) = report.file(
      trace, failure, identity, nil, in: folder + "/flaky", tester, note: "flaky: \(rate)")
    if !isWritten { code = code.combined(with: .environment) }
    if isStrict { code = code.combined(with: .found) }
    report.note(failure, identity, .flaky)
    let counts = isStrict ? "counted, as --strict wants it" : "not counted as a failure"
    streams.note(
      "flaky: \(identity): seen once, and again in \(rate) that ran the same"
        + " \(counted(trace.operations.count, "operation")); \(counts): \(base).trace")
  }

  /// Counters of the target that are more than any are looked at.
  private var ignoredCounters: UInt64 {
    tester.counterCount - min(tester.counterCount, TargetTester.mostCounters)
  }

  private func tell(_ event: CampaignFrame.Event) {
    let (findings, operations) = (progress.filed.count, progress.operationCount)
    frame.tell(
      event, seed,
      [
        ("target", .string(settings.library)), ("traces", .unsigned(progress.next)),
        ("operations", .unsigned(operations)), ("seconds", .number(frame.clock.seconds)),
        ("finding", .null), ("findings", .integer(Int64(findings))),
        ("flaky", .integer(Int64(progress.flaky.count))),
        ("known", .integer(Int64(known.count))),
        ("leaks_not_judged", .unsigned(progress.openCount)),
        ("counters_ignored", .unsigned(ignoredCounters)),
        ("processes_lost", .integer(Int64(tester.lostProcessCount))),
      ])
    let (traces, restarts) = (progress.next, tester.lostProcessCount)
    var parts = [
      counted(traces, "trace"), counted(operations, "operation"),
      "\(Int(frame.clock.rate(operations - earlierOperations))) a second",
    ]
    if restarts > 0 {
      parts.append("the allocator's process started anew \(counted(restarts, "time"))")
    }
    if !progress.flaky.isEmpty { parts.append("\(progress.flaky.count) flaky (did not repeat)") }
    if !known.isEmpty { parts.append("\(known.count) known") }
    if progress.openCount > 0 {
      parts.append("\(counted(progress.openCount, "trace")) not judged for leaks")
    }
    if ignoredCounters > 0 {
      parts.append(
        "\(ignoredCounters) of \(tester.counterCount) counters of the target not looked at")
    }
    parts.append(counted(findings, "failure"))
    frame.tell(event, parts.joined(separator: ", "))
  }
}
