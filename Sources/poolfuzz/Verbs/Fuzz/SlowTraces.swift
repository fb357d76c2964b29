import ContentHash
import Dispatch
import Platform
import PoolFuzzing
import PropertyTesting
import Synchronization

/// Watches from a thread of its own for traces of a campaign or of a reduction that take longer than they
/// may, or end the process.
///
/// A computation that has no end can only be ended with its process. So either trace is filed as what it is,
/// a state is saved that leaves it out, and the process begins anew and goes on from there.
final class SlowTraces: Sendable {
  /// What is wrong with a trace.
  enum Ending: Sendable {
    /// It takes longer than so many seconds.
    case time(Double)
    /// A signal of that name ends the process that executes it.
    case signal(String)

    /// What it is filed as.
    var identity: FailureIdentity {
      switch self {
      case .time: FailureIdentity("limit.time")
      case .signal(let name): FailureIdentity("crash.\(name)")
      }
    }

    /// What it does, for a sentence about the trace.
    var words: String {
      switch self {
      case .time(let seconds): "takes longer than \(seconds) s (--timeout)"
      case .signal(let name): "ends the process with \(name)"
      }
    }
  }

  /// Seconds that a trace may take where nobody says how many.
  static let usualSeconds = 60.0
  /// The variable of the environment that plants a hang: a trace whose hash begins so does not end.
  static let plant = "POOLFUZZ_HANG"
  /// The variable that plants a crash: executing a trace whose text contains its value ends the process.
  static let plantedCrash = "POOLFUZZ_CRASH"

  private let seconds: Double
  private let isOver = Mutex(false)

  /// A limit in seconds.
  init(seconds: Double) { self.seconds = seconds }

  /// What runs, with the faults that are planted; hangs are planted in reductions only.
  static func running(inReduction: Bool = true) -> RunningTraces {
    let hang = inReduction ? Machine.environment(plant) : nil
    let crash = Machine.environment(plantedCrash)
    guard hang != nil || crash != nil else {
      return RunningTraces(thread: FatalSignals.enterThread)
    }
    return RunningTraces(thread: FatalSignals.enterThread) { trace in
      let text = trace.text()
      if let hang, ContentHash.of(text).hasPrefix(hang) { while true {} }
      if let crash, text.contains(crash) { fatalError("planted by \(plantedCrash)") }
    }
  }

  /// Watches as long as `body` runs; `file` is handed what is wrong with a trace, and ends the process where
  /// that is still so.
  func watch<Value>(
    _ running: [RunningTraces], file: @escaping @Sendable (RunningTraces.Run, Ending) -> Void,
    during body: () throws(CommandFailure) -> Value
  ) throws(CommandFailure) -> Value {
    FatalSignals.hold()
    DispatchQueue(label: "time of traces").async { [self] in
      while !isOver.withLock({ $0 }) {
        if let stop = FatalSignals.stop {
          if let run = running.lazy.compactMap({ $0.run(onThread: stop.thread) }).first {
            file(run, .signal(stop.name))
          }
          FatalSignals.release()
        }
        for run in running.compactMap(\.oldest) where run.seconds > seconds {
          file(run, .time(seconds))
        }
        Machine.sleep(seconds: min(max(seconds / 10, 0.001), 0.1))
      }
    }
    defer {
      FatalSignals.release()
      isOver.withLock { $0 = true }
    }
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

  /// Files a trace and saves a state that leaves it out, on a thread that nothing else waits for. Where
  /// somebody wants the campaign to end, it ends. False, and nothing done, where the trace has ended
  /// meanwhile.
  func leaveOut(_ run: RunningTraces.Run, _ ending: Ending, _ campaign: Campaign) -> Bool {
    var (state, findings) = (campaign.engine.stateOfWholeEpochs, campaign.triage.findings)
    var others: [(trace: PoolFuzzTrace, identity: FailureIdentity, number: UInt64)] = []
    // Without an end, each execution of a reduction would take as long as a trace may.
    let isReduced = if case .signal = ending { campaign.triage.shrinks } else { false }
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
        StandardStreams.remark("not reduced further: \(path)")
      }
      let path = try file(
        run.trace, ending.identity, run.number, run.profile, metWhile: metWhile, campaign,
        &findings, isReduced: isReduced)
      let saved = SavedCampaign(
        state: state, findings: findings, seconds: campaign.clock.secondsOfAll,
        runSeconds: campaign.clock.secondsToKeep)
      try campaign.store.write(campaign.file.saved.text(saved.text), to: campaign.file.path)
      let place = path.isEmpty ? "it has its traces already" : path
      StandardStreams.remark("\(name(run, metWhile)) \(ending.words): \(place)")
    } catch {
      StandardStreams.remark("\(name(run, metWhile)) \(ending.words): \(error.message)")
      ProcessStart.end(ExitCode.environment.rawValue)
    }
    if Interruption.isRequested { ProcessStart.end(128 + Interruption.signalNumber) }
    return true
  }

  private func name(_ run: RunningTraces.Run, _ metWhile: FailureIdentity?) -> String {
    metWhile.map { "a trace of the reduction of trace \(run.number) ('\($0)')" }
      ?? "trace \(run.number)"
  }

  /// Files a trace as it is, and tells of it or has it reduced; gives its path.
  private func file(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity, _ number: UInt64, _ profile: String,
    metWhile: FailureIdentity?, _ campaign: Campaign, _ findings: inout CampaignFindings,
    isReduced: Bool = false
  ) throws(SystemError) -> String {
    let found = FoundTrace(trace, identity, nil)
    let isOfHealthyModel = campaign.isPlanted && trace.configuration.mutant == .none
    var path = ""
    if !campaign.store.isFull(found, isOfHealthyModel: isOfHealthyModel) {
      path = try campaign.store.file(found, isOfHealthyModel: isOfHealthyModel) {
        StandardStreams.remark($0)
      }.trace
    }
    if isReduced {
      let item = WaitingTrace(
        trace: trace, profile: profile, number: number, metWhile: metWhile, ending: identity)
      findings.waiting.insert(item, at: findings.waiting.count { $0.number < number })
      return path
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
