import Dispatch
import Platform
import PoolFuzzing
import PropertyTesting
import Synchronization

/// Watches that no trace of a campaign takes longer than it may, from a thread of its own.
///
/// A computation that has no end can only be ended with its process. So the trace is filed as what it is, a
/// state is saved that leaves it out, and the process begins anew and goes on from there.
final class SlowTraces: Sendable {
  /// What traces that take too long are filed as.
  static let identity = FailureIdentity("limit.time")
  /// Seconds that a trace may take where nobody says how many.
  static let usualSeconds = 60.0

  private let seconds: Double
  private let isOver = Mutex(false)

  /// A limit in seconds.
  init(seconds: Double) { self.seconds = seconds }

  /// Watches as long as `body` runs; `file` is handed what has taken too long, and does not return.
  func watch<Value>(
    _ running: RunningTraces, file: @escaping @Sendable (RunningTraces.Run) -> Never,
    during body: () throws(CommandFailure) -> Value
  ) throws(CommandFailure) -> Value {
    DispatchQueue(label: "time of traces").async { [self] in
      while !isOver.withLock({ $0 }) {
        if let run = running.oldest, run.seconds > seconds { file(run) }
        Machine.sleep(seconds: min(max(seconds / 10, 0.001), 0.1))
      }
    }
    defer { isOver.withLock { $0 = true } }
    return try body()
  }

  /// Files a trace that takes too long and saves a state that leaves it out, on a thread that nothing
  /// else waits for. Where somebody wants the campaign to end, it ends.
  func leaveOut(
    _ run: RunningTraces.Run, _ engine: FuzzEngine, _ triage: TriageQueue, _ store: FindingStore,
    _ file: StateFile, isPlanted: Bool, _ clock: CampaignClock
  ) {
    let note = { (text: String) in
      try? StandardDescriptor.error.write(Array("poolfuzz: \(PrintableText.escaped(text))\n".utf8))
    }
    let found = FoundTrace(run.trace, Self.identity, nil)
    let isOfHealthyModel = isPlanted && run.trace.configuration.mutant == .none
    var (state, findings) = (engine.stateOfWholeEpochs, triage.findings)
    state.slowTraces.insert(run.number)
    do throws(SystemError) {
      var path = ""
      if !store.isFull(found, isOfHealthyModel: isOfHealthyModel) {
        path = try store.file(found, isOfHealthyModel: isOfHealthyModel) { note($0) }.trace
      }
      findings.filed.append(
        FiledFinding(
          identity: Self.identity, profile: run.profile, number: run.number,
          operationsBefore: run.trace.operations.count,
          operationsAfter: run.trace.operations.count, executions: 0, isOneMinimal: false,
          trace: path, certificate: "", metWhile: nil, mutant: run.trace.configuration.mutant))
      let saved = SavedCampaign(
        state: state, findings: findings, seconds: clock.secondsOfAll,
        runSeconds: clock.secondsToKeep)
      try store.write(file.saved.text(saved.text), to: file.path)
      note("trace \(run.number) takes longer than \(seconds) s (--timeout): \(path)")
    } catch {
      note("trace \(run.number) takes longer than \(seconds) s (--timeout): \(error.message)")
      ProcessStart.end(ExitCode.environment.rawValue)
    }
    if Interruption.isRequested { ProcessStart.end(128 + Interruption.signalNumber) }
  }
}
