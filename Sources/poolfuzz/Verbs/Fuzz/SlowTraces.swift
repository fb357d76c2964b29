import Platform
import PoolFuzzing
import PropertyTesting

/// What leaves a trace out of a campaign that takes too long or ends the process (see ``SlowWork``): the parts of
/// the campaign that it needs.
struct SlowTraces: Sendable {
  let engine: FuzzEngine
  let triage: TriageQueue
  let store: FindingStore
  let stateFile: StateFile
  let isPlanted: Bool
  let clock: CampaignClock
  /// What tells of a finding on standard output.
  let tell: @Sendable (FiledFinding, _ isOfHealthyModel: Bool) -> String

  /// Files a trace and saves a state that leaves it out, on a thread that nothing else waits for. Where
  /// somebody wants the campaign to end, it ends. False, and nothing done, where the trace has ended
  /// meanwhile.
  func leaveOut(_ run: RunningTraces.Run, _ ending: SlowWork.Ending) -> Bool {
    var (state, findings) = (engine.stateOfWholeEpochs, triage.findings)
    var others: [(trace: PoolFuzzTrace, identity: FailureIdentity, number: UInt64)] = []
    // Without an end, each execution of a reduction would take as long as a trace may.
    let isReduced = if case .signal = ending { triage.shrinks } else { false }
    var metWhile: FailureIdentity?
    if engine.running.isExecuting(run) {
      state.slowTraces.insert(run.number)
    } else {
      // It is one of a reduction: what is reduced stays as it is, and is not looked at again.
      guard triage.running.isExecuting(run), let item = findings.waiting.first,
        item.number == run.number
      else { return false }
      findings.waiting.removeFirst()
      if let reduced = triage.reduced {
        metWhile = reduced.identity
        others = [(reduced.trace, reduced.identity, item.number)]
        findings.known.insert(reduced.known)
      }
    }
    do throws(SystemError) {
      for (trace, identity, number) in others {
        let path = try file(
          trace, identity, number, run.subject.profile, metWhile: nil, &findings)
        StandardStreams.remark("not reduced further: \(path)")
      }
      let path = try file(
        run.subject.trace, ending.identity, run.number, run.subject.profile, metWhile: metWhile,
        &findings, isReduced: isReduced)
      let saved = SavedCampaign(
        state: state, findings: findings, seconds: clock.secondsOfAll,
        runSeconds: clock.secondsToKeep)
      try store.write(stateFile.saved.text(saved.text), to: stateFile.path)
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
    metWhile: FailureIdentity?, _ findings: inout CampaignFindings,
    isReduced: Bool = false
  ) throws(SystemError) -> String {
    let found = FoundTrace(trace, identity, nil)
    let isOfHealthyModel = isPlanted && trace.configuration.mutant == .none
    var path = ""
    if !store.isFull(found, isOfHealthyModel: isOfHealthyModel) {
      path = try store.file(found, isOfHealthyModel: isOfHealthyModel) {
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
      Array((tell(filed, isOfHealthyModel) + "\n").utf8))
    return path
  }
}
