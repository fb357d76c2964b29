import ContentHash
import Dispatch
import Platform
import PoolFuzzing
import PropertyTesting
import Synchronization

/// Watches that no trace of a campaign or of a reduction takes longer than it may, from a thread of its own.
///
/// A computation that has no end can only be ended with its process. So the trace is filed as what it is, a
/// state is saved that leaves it out, and the process begins anew and goes on from there.
final class SlowTraces: Sendable {
  /// What traces that take too long are filed as.
  static let identity = FailureIdentity("limit.time")
  /// Seconds that a trace may take where nobody says how many.
  static let usualSeconds = 60.0
  /// The variable of the environment that plants a hang: a trace whose hash begins so does not end.
  static let plant = "POOLFUZZ_HANG"

  private let seconds: Double
  private let isOver = Mutex(false)

  /// A limit in seconds.
  init(seconds: Double) { self.seconds = seconds }

  /// What runs in a reduction, with the hangs that are planted.
  static func running() -> RunningTraces {
    guard let start = Machine.environment(plant) else { return RunningTraces() }
    return RunningTraces { ContentHash.of($0.text()).hasPrefix(start) }
  }

  /// Watches as long as `body` runs; `file` is handed what has taken too long, and ends the process where
  /// that is still so.
  func watch<Value>(
    _ running: [RunningTraces], file: @escaping @Sendable (RunningTraces.Run) -> Void,
    during body: () throws(CommandFailure) -> Value
  ) throws(CommandFailure) -> Value {
    DispatchQueue(label: "time of traces").async { [self] in
      while !isOver.withLock({ $0 }) {
        for run in running.compactMap(\.oldest) where run.seconds > seconds { file(run) }
        Machine.sleep(seconds: min(max(seconds / 10, 0.001), 0.1))
      }
    }
    defer { isOver.withLock { $0 = true } }
    return try body()
  }

  /// What a campaign is made of, as far as who leaves a trace out needs it.
  struct Campaign: Sendable {
    let engine: FuzzEngine
    let triage: TriageQueue
    let store: FindingStore
    let file: StateFile
    let isPlanted: Bool
    let clock: CampaignClock
    /// What tells of a finding on standard output.
    let tell: @Sendable (FiledFinding, _ isOfHealthyModel: Bool) -> String
  }

  /// Files a trace that takes too long and saves a state that leaves it out, on a thread that nothing
  /// else waits for. Where somebody wants the campaign to end, it ends. False, and nothing done, where the
  /// trace has ended meanwhile.
  func leaveOut(_ run: RunningTraces.Run, _ campaign: Campaign) -> Bool {
    var (state, findings) = (campaign.engine.stateOfWholeEpochs, campaign.triage.findings)
    var others: [(trace: PoolFuzzTrace, identity: FailureIdentity, number: UInt64)] = []
    var metWhile: FailureIdentity?
    if campaign.engine.running.isExecuting(run) {
      state.slowTraces.insert(run.number)
    } else {
      // It is one of a reduction: what is reduced stays as it is, and is not looked at again.
      guard campaign.triage.running.isExecuting(run), let item = findings.waiting.first,
        item.number == run.number
      else { return false }
      findings.waiting.removeFirst()
      if let reduced = campaign.triage.reduced {
        metWhile = reduced.identity
        others = [(reduced.trace, reduced.identity, item.number)]
        findings.known.insert(reduced.known)
      }
    }
    do throws(SystemError) {
      for (trace, identity, number) in others {
        let path = try file(
          trace, identity, number, run.profile, metWhile: nil, campaign, &findings)
        note("not reduced further: \(path)")
      }
      let path = try file(
        run.trace, Self.identity, run.number, run.profile, metWhile: metWhile, campaign, &findings)
      let saved = SavedCampaign(
        state: state, findings: findings, seconds: campaign.clock.secondsOfAll,
        runSeconds: campaign.clock.secondsToKeep)
      try campaign.store.write(campaign.file.saved.text(saved.text), to: campaign.file.path)
      note("\(name(run, metWhile)) takes longer than \(seconds) s (--timeout): \(path)")
    } catch {
      note("\(name(run, metWhile)) takes longer than \(seconds) s (--timeout): \(error.message)")
      ProcessStart.end(ExitCode.environment.rawValue)
    }
    if Interruption.isRequested { ProcessStart.end(128 + Interruption.signalNumber) }
    return true
  }

  private func name(_ run: RunningTraces.Run, _ metWhile: FailureIdentity?) -> String {
    metWhile.map { "a trace of the reduction of trace \(run.number) ('\($0)')" }
      ?? "trace \(run.number)"
  }

  private func note(_ text: String) {
    try? StandardDescriptor.error.write(Array("poolfuzz: \(PrintableText.escaped(text))\n".utf8))
  }

  /// Files a trace as it is, and tells of it; gives its path.
  private func file(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity, _ number: UInt64, _ profile: String,
    metWhile: FailureIdentity?, _ campaign: Campaign, _ findings: inout CampaignFindings
  ) throws(SystemError) -> String {
    let found = FoundTrace(trace, identity, nil)
    let isOfHealthyModel = campaign.isPlanted && trace.configuration.mutant == .none
    var path = ""
    if !campaign.store.isFull(found, isOfHealthyModel: isOfHealthyModel) {
      path = try campaign.store.file(found, isOfHealthyModel: isOfHealthyModel) { note($0) }.trace
    }
    let filed = FiledFinding(
      identity: identity, profile: profile, number: number,
      operationsBefore: trace.operations.count, operationsAfter: trace.operations.count,
      executions: 0, isOneMinimal: false, trace: path, certificate: "", metWhile: metWhile,
      mutant: trace.configuration.mutant)
    findings.filed.append(filed)
    try? StandardDescriptor.output.write(
      Array((campaign.tell(filed, isOfHealthyModel) + "\n").utf8))
    return path
  }
}
