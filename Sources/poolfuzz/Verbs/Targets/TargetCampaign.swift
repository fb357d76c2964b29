import Platform
import AllocatorTargets
import ContentHash
import PoolFuzzing
import PoolTrace
import PropertyTesting

/// One run of `fuzz --target`: traces on somebody else's allocator in a worker process, failing ones
/// made small and filed. With operands it runs these traces instead.
final class TargetCampaign {
  private let settings: TargetSettings
  private let traces: TargetTraces
  private let tester: TargetTester
  private let streams: StandardStreams
  private let files: [String]
  private let folder: String
  private let traceLimit: UInt64
  private let shrinks: Bool
  private let file: StateFile
  private let frame: CampaignFrame
  /// What it has come to: what its state file keeps.
  private var progress = SavedTargetCampaign()
  private var earlierOperations: UInt64 = 0
  private var code = ExitCode.held

  init(
    _ arguments: ParsedArguments, library: String, _ streams: StandardStreams
  ) throws(CommandFailure) {
    settings = try TargetOptions.settings(arguments, library: library)
    files = arguments.operands
    // Traces of files need no generator; there a profile is a system.
    guard !files.isEmpty || !arguments.has("--profile") else {
      throw .usage("--profile chooses a system for the model; --target is none")
    }
    let names = arguments.values("--mix")
    let profiles = names.compactMap(GeneratorProfile.named)
    guard profiles.allSatisfy(\.isHealthy) else {
      let all = GeneratorProfile.healthy.map(\.name).joined(separator: ", ")
      throw .usage("with --target, --mix is one of \(all)")
    }
    folder = arguments.value("--corpus") ?? "Corpus"
    let plan = Self.plan(settings, names)
    let (states, hash) = ("\(folder)/targets", String(ContentHash.of(plan).prefix(8)))
    let seed = try FuzzSettings.seed(arguments, unfinishedIn: states, hash)
    traces = TargetTraces(
      seed: seed, profiles: profiles.isEmpty ? GeneratorProfile.healthy : profiles)
    let isEndless = arguments.has("--for") || arguments.has("--forever")
    traceLimit = try arguments.number("--traces") ?? (isEndless ? .max : 10_000)
    shrinks = !arguments.has("--no-shrink")
    self.streams = streams
    file = StateFile(
      base: "\(states)/\(seed)-\(hash)", kind: "target campaign", format: 3,
      plan: "seed=\(seed) \(plan)")
    frame = try CampaignFrame(arguments, file, streams)
    tester = try TargetOptions.tester(settings)
  }

  /// What a campaign does, its seed left out. A library that was built anew is another one: what is
  /// known of the old one says nothing about it.
  private static func plan(_ settings: TargetSettings, _ profiles: [String]) -> String {
    var content = ContentHash()
    content.add((try? Files.contents(of: settings.library)) ?? [])
    return "target=\(settings.library) content=\(content.text) option=\(settings.option)"
      + " timeout=\(settings.timeoutSeconds) memory=\(settings.memoryLimitBytes)"
      + " profiles=\(profiles.joined(separator: "+"))"
  }

  func run() throws(CommandFailure) -> ExitCode {
    guard files.isEmpty else {
      Interruption.install()
      return try asking(replay)
    }
    if !frame.isQuiet { streams.note("seed \(traces.seed), target \(settings.library)") }
    return try frame.run(generate)
  }

  /// A target that cannot be asked any more ends the command.
  private func asking<Value>(
    _ body: () throws(TargetError) -> Value
  ) throws(CommandFailure) -> Value {
    do throws(TargetError) {
      return try body()
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  // MARK: Generated traces

  private func generate() throws(CommandFailure) -> ExitCode {
    FindingStore(folder: folder).removeLeftovers()
    AtomicFile.removeLeftovers(in: PathText.folder(of: file.path))
    try resume()
    try frame.work(
      until: { progress.next >= traceLimit },
      step: { () throws(CommandFailure) in try asking(testNext) }, save: save, tell: tell)
    if progress.next < traceLimit {
      save()
    } else if !frame.removeState() {
      code = code.combined(with: .environment)
    }
    tell(.end)
    return Interruption.isRequested ? .interrupted : code
  }

  private func resume() throws(CommandFailure) {
    guard let saved = try file.load(SavedTargetCampaign.reading) else { return }
    progress = saved
    earlierOperations = saved.operationCount
    frame.clock.earlierSeconds = saved.seconds
    frame.clock.earlierSecondsOfRun = saved.runSeconds
    if !saved.filed.isEmpty { code = .found }
    streams.note("going on from trace \(saved.next) of \(file.path)")
  }

  /// Saves the state; a disk that does not take it is told of, and asked again later.
  private func save() {
    progress.seconds = frame.clock.secondsOfAll
    progress.runSeconds = frame.clock.secondsToKeep
    do throws(SystemError) {
      try AtomicFile.write(file.text(progress.text), to: file.path)
    } catch {
      streams.note("poolfuzz: not saved: \(error.message)")
      code = code.combined(with: .environment)
    }
  }

  private func testNext() throws(TargetError) {
    let number = progress.next
    let trace = traces.trace(number)
    let failure = try tester.test(trace)
    if let failure { try take(trace, failure, number) }
    progress.operationCount += UInt64(trace.operations.count)
    progress.next += 1
  }

  private func take(
    _ trace: PoolFuzzTrace, _ failure: TargetFailure, _ number: UInt64
  ) throws(TargetError) {
    let identity = failure.identity(in: trace)
    guard !progress.filed.contains(where: { $0.identity == identity }) else { return }
    guard try repeats(trace, identity) else { return tellFlaky(trace, identity) }
    var (small, certificate, executions) = (trace, Certificate?.none, 0)
    if shrinks {
      let reduced = try tester.shrink(trace, failure)
      (small, certificate, executions) =
        (reduced.trace, reduced.certificate, reduced.executionCount)
      guard try repeats(small, identity) else { return tellFlaky(trace, identity) }
    }
    code = code.combined(with: .found)
    let path = file(small, identity, certificate)
    let finding = FiledFinding(
      identity: identity, profile: "", number: number,
      operationsBefore: trace.operations.count, operationsAfter: small.operations.count,
      executions: executions, isOneMinimal: certificate?.isMinimal ?? false,
      trace: path + ".trace", certificate: certificate == nil ? "" : path + ".certificate",
      metWhile: nil, mutant: .none)
    progress.filed.append(finding)
    frame.tell(finding, traces.seed, origin: ("target", settings.library))
  }

  /// How often a failure must show itself again, each time in a process of its own, before the
  /// allocator is blamed for it.
  private static let confirmations = 3

  private func repeats(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity
  ) throws(TargetError) -> Bool {
    for _ in 0..<Self.confirmations {
      guard try tester.test(trace)?.identity(in: trace) == identity else { return false }
    }
    return true
  }

  /// Tells of a failure that did not repeat: it may be the machine's.
  private func tellFlaky(_ trace: PoolFuzzTrace, _ identity: FailureIdentity) {
    guard progress.flaky.insert(identity).inserted else { return }
    streams.note(
      "flaky: \(identity) on \(counted(trace.operations.count, "operation")) did not repeat"
        + " \(Self.confirmations) times, and is not filed")
  }

  /// Files a trace and its certificate; returns their path without its extension.
  private func file(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity, _ certificate: Certificate?
  ) -> String {
    let name = PathText.name(of: settings.library)
    let option = settings.option.isEmpty ? "" : " --target-option '\(settings.option)'"
    let text = trace.text(comments: [
      "failure: \(identity)", "target: \(name)",
      "replay: poolfuzz replay --target \(settings.library)\(option) FILE",
    ])
    let found = FoundTrace(trace, identity, certificate)
    let base =
      "\(folder)/found/\(name)/\(found.folderName)/" + found.contentHash
    do throws(SystemError) {
      if let certificate { try AtomicFile.write("\(certificate)", to: base + ".certificate") }
      try AtomicFile.write(text, to: base + ".trace")
    } catch {
      // The trace itself must not be lost with the disk.
      streams.note("poolfuzz: \(error.message)")
      streams.print(text)
      code = code.combined(with: .environment)
    }
    return base
  }

  private func tell(_ event: CampaignFrame.Event) {
    let (findings, operations) = (progress.filed.count, progress.operationCount)
    frame.tell(
      event, traces.seed,
      [
        ("target", .string(settings.library)), ("traces", .unsigned(progress.next)),
        ("operations", .unsigned(operations)), ("seconds", .number(frame.clock.seconds)),
        ("finding", .null), ("findings", .integer(Int64(findings))),
        ("flaky", .integer(Int64(progress.flaky.count))),
        ("processes_lost", .integer(Int64(tester.lostProcessCount))),
      ])
    frame.tell(
      event,
      "\(progress.next) traces, \(operations) operations,"
        + " \(Int(frame.clock.rate(operations - earlierOperations))) a second,"
        + " \(tester.lostProcessCount) processes lost, \(findings) failures")
  }

  // MARK: Traces from files

  private func replay() throws(TargetError) -> ExitCode {
    for path in files {
      let text: String
      do throws(CommandFailure) {
        text = try textOfFile(path)
      } catch {
        streams.note("poolfuzz: \(error.message)")
        code = code.combined(with: error.code)
        continue
      }
      let trace: PoolFuzzTrace
      let recorded: FailureIdentity?
      do throws(TraceError) {
        let read = try PoolFuzzTrace.readingWithHeader(text)
        trace = read.trace
        recorded = read.header.failure.map { FailureIdentity($0.value) }
      } catch {
        streams.note("poolfuzz: \(error.description(file: path))")
        code = code.combined(with: .badInput)
        continue
      }
      guard !trace.operations.isEmpty else {
        streams.note("\(path): not judged: the trace is empty")
        code = code.combined(with: .badInput)
        continue
      }
      guard let failure = try tester.test(trace) else {
        let gone = recorded.map { "gone: '\($0)' does not occur: " } ?? ""
        if !frame.isQuiet {
          streams.print(
            "\(path): \(gone)ok, \(counted(trace.operations.count, "operation")) on"
              + " \(settings.library)")
        }
        continue
      }
      code = code.combined(with: .found)
      let identity = failure.identity(in: trace)
      let asRecorded = recorded == identity ? "as recorded, " : ""
      streams.print("\(path): \(asRecorded)\(identity): \(failure.text)")
    }
    return code
  }
}

/// A campaign on a target as its state file keeps it.
struct SavedTargetCampaign {
  /// The number of the next trace.
  var next: UInt64 = 0
  /// Operations of the traces before it.
  var operationCount: UInt64 = 0
  /// Seconds that it has run.
  var seconds = 0.0
  /// Seconds that its last run had, where that was ended before its time; else 0.
  var runSeconds = 0.0
  /// What was filed, in order.
  var filed: [FiledFinding] = []
  /// Failures that did not repeat.
  var flaky: Set<FailureIdentity> = []

  /// The text of the file.
  var text: String {
    var lines = [
      "next \(next)", "operations \(operationCount)", "seconds \(seconds)", "run \(runSeconds)",
    ]
    lines += filed.map { "filed \($0.line)" }
    lines += flaky.map { "flaky \($0)" }.sorted()
    return lines.map { $0 + "\n" }.joined()
  }

  /// Reads what `text` wrote; nil where it says something unknown, or not everything.
  static func reading(_ text: Substring) -> SavedTargetCampaign? {
    var saved = SavedTargetCampaign()
    var missing: Set<Substring> = ["next", "operations", "seconds", "run"]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, saved.take(parts[0], parts[1]) else { return nil }
      missing.remove(parts[0])
    }
    return missing.isEmpty ? saved : nil
  }

  private mutating func take(_ word: Substring, _ rest: Substring) -> Bool {
    switch word {
    case "next": return StateFile.count(rest).map { next = $0 } != nil
    case "operations": return StateFile.count(rest).map { operationCount = $0 } != nil
    case "seconds": return StateFile.seconds(rest).map { seconds = $0 } != nil
    case "run": return StateFile.seconds(rest).map { runSeconds = $0 } != nil
    case "filed": return FiledFinding.reading(rest).map { filed.append($0) } != nil
    case "flaky": return flaky.insert(FailureIdentity(String(rest))).inserted
    default: return false
    }
  }
}
