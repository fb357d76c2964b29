import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting

/// One run of `fuzz`: epochs until a limit, findings reduced and filed, the state saved.
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
  private var known: Set<FailureIdentity> = []
  private var findingCount = 0

  private static let saveSeconds = 30.0

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    guard arguments.operands.isEmpty else { throw .usage("fuzz takes no operands") }
    settings = try FuzzSettings(arguments)
    self.streams = streams
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    store = FindingStore(folder: settings.folder) { streams.note("poolfuzz: \($0)") }
    file = CampaignFile(
      path: "\(settings.folder)/fuzz/\(settings.plan.seed).campaign", plan: settings.fingerprint)
    start = clock.now
  }

  func run() throws(CommandFailure) -> ExitCode {
    Interruption.install()
    announce()
    let engine = resume()
    while !isDone(engine) {
      let left = settings.batchLimit.map { $0 - engine.nextBatch } ?? .max
      let findings = engine.runEpoch(jobs: settings.jobs, batchLimit: Int(clamping: left))
      do throws(AtomicFile.Failure) {
        for finding in findings { try take(finding) }
        if seconds - lastSave > Self.saveSeconds { try save(engine) }
      } catch {
        throw CommandFailure(message: error.message, code: .environment)
      }
      progress(engine)
    }
    return try finish(engine)
  }

  private var seconds: Double {
    let (seconds, attoseconds) = (clock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  private func isDone(_ engine: FuzzEngine) -> Bool {
    if Interruption.isRequested { return true }
    if let limit = settings.batchLimit, engine.nextBatch >= limit { return true }
    return settings.seconds.map { seconds >= $0 } ?? false
  }

  // MARK: Beginning and end

  private func announce() {
    let names = settings.plan.profiles.map(\.name).joined(separator: " ")
    streams.note("seed \(settings.plan.seed), \(settings.jobs) jobs, profiles \(names)")
  }

  private func resume() -> FuzzEngine {
    guard let saved = file.load() else { return FuzzEngine(settings.plan) }
    streams.note("going on from batch \(saved.nextBatch) of \(file.path)")
    return FuzzEngine(settings.plan, corpus: saved.corpus, nextBatch: saved.nextBatch)
  }

  private func save(_ engine: FuzzEngine) throws(AtomicFile.Failure) {
    do throws(AtomicFile.Failure) {
      try file.save(engine)
    } catch {
      // The state can be saved later; only a finding is worth waiting for.
      streams.note("poolfuzz: \(error.message)")
    }
    lastSave = seconds
  }

  private func finish(_ engine: FuzzEngine) throws(CommandFailure) -> ExitCode {
    let isComplete = settings.batchLimit.map { engine.nextBatch >= $0 } ?? false
    if isComplete {
      file.remove()
    } else {
      do throws(AtomicFile.Failure) {
        try save(engine)
      } catch {
        throw CommandFailure(message: error.message, code: .environment)
      }
    }
    tell(engine, event: "end")
    let canaries = engine.canaries
    if canaries.run >= 50, canaries.caught == 0 {
      streams.note("poolfuzz: the alarm did not go off in \(canaries.run) tests of it")
      return .environment
    }
    if Interruption.isRequested { return .interrupted }
    return findingCount == 0 ? .held : .found
  }

  // MARK: Findings

  private func take(_ finding: FuzzBatch.Finding) throws(AtomicFile.Failure) {
    var trace = finding.trace
    trace.configuration.oracles = .everything
    var identity = PoolShrinker.identity(of: trace)
    if identity == nil {
      trace.configuration.oracles = settings.plan.oracles
      identity = finding.failure.identities.first
    }
    guard let identity else { return }
    findingCount += 1
    guard known.insert(identity).inserted else { return }
    let found: FoundTrace
    if settings.shrinks {
      let outcome = PoolShrinker.shrink(trace, identity)
      found = FoundTrace(outcome.trace, identity, outcome.certificate)
    } else {
      found = FoundTrace(trace, identity, nil)
    }
    guard !store.isFull(found) else { return }
    let paths = try store.file(found)
    tell(finding, found, paths)
  }

  private func tell(
    _ finding: FuzzBatch.Finding, _ found: FoundTrace,
    _ paths: (trace: String, certificate: String)
  ) {
    let before = finding.trace.operations.count
    let after = found.trace.operations.count
    guard isJSON else {
      streams.print(
        "finding: \(found.identity): \(before) operations, now \(after): \(paths.trace)")
      streams.flush()
      return
    }
    let members: [(String, JSONValue)] = [
      ("identity", .string(found.identity.description)), ("trace", .string(paths.trace)),
      ("certificate", .string(paths.certificate)),
      ("operations_before", .integer(Int64(before))),
      ("operations_after", .integer(Int64(after))), ("number", .unsigned(finding.number)),
    ]
    streams.print(
      JSONValue.object([
        ("event", .string("finding")), ("seed", .unsigned(settings.plan.seed.value)),
        ("profile", .string(finding.profile)), ("finding", .object(members)),
      ]).text)
    streams.flush()
  }

  // MARK: Progress

  private func progress(_ engine: FuzzEngine) {
    let interval: Double = isatty(2) == 1 ? 5 : 60
    guard seconds - lastProgress >= interval else { return }
    lastProgress = seconds
    tell(engine, event: "progress")
  }

  private func tell(_ engine: FuzzEngine, event: String) {
    let rate = Double(engine.operationCount) / max(seconds, 0.001)
    if isJSON {
      let canaries = engine.canaries
      streams.print(
        JSONValue.object([
          ("event", .string(event)), ("seed", .unsigned(settings.plan.seed.value)),
          ("profile", .string(settings.plan.profiles.map(\.name).joined(separator: "+"))),
          ("traces", .unsigned(engine.traceCount)),
          ("operations", .unsigned(engine.operationCount)), ("seconds", .number(seconds)),
          ("finding", .null), ("findings", .integer(Int64(known.count))),
          ("features", .integer(Int64(engine.corpus.signature.count))),
          ("kept", .unsigned(engine.corpus.keptCount)),
          ("canaries", .unsigned(canaries.run)), ("canaries_caught", .unsigned(canaries.caught)),
        ]).text)
      streams.flush()
    }
    guard !isQuiet else { return }
    let left = settings.seconds.map { ", \(Int(max(0, $0 - seconds))) s left" } ?? ""
    streams.note(
      "\(event): \(engine.traceCount) traces, \(engine.operationCount) operations,"
        + " \(Int(rate)) a second, \(engine.corpus.signature.count) features,"
        + " \(known.count) failures\(left)")
  }
}
