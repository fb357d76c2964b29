import Platform
import Dispatch
import KernelPool
import PoolFuzzing
import PoolOracles
import PropertyTesting
import Synchronization

/// Where failing traces are looked at closely while the campaign goes on: a thread of its own
/// names the failure, reduces the trace, certifies and files it.
///
/// It takes them one at a time by the number of the trace; what is met while one is reduced has its
/// number and comes right behind it, before whatever has come in meanwhile. What it does with one
/// depends on those before it alone, so the same campaign files the same, however fast either is.
/// What is not filed yet is part of the campaign's saved state: nothing is lost with the process.
final class TriageQueue: Sendable {
  /// What triage has to say.
  enum News: Sendable {
    /// A finding was filed.
    case filed(FiledFinding)
    /// Something to tell the user.
    case note(String)
  }

  /// What is reduced at this moment.
  struct Reduced: Sendable {
    let trace: PoolFuzzTrace
    let identity: FailureIdentity
    /// The identity under which the campaign knows it.
    let known: FailureIdentity
  }

  private struct State: Sendable {
    var findings: CampaignFindings
    var news: [News] = []
    var reduced: Reduced?
    var isStopped = false
  }

  private let store: FindingStore
  private let oracles: OracleSet
  private let mutant: Mutant
  /// Whether failing traces are reduced.
  let shrinks: Bool
  /// What it executes, for whoever watches that none takes too long.
  let running = SlowWork.traces()
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "findings")

  /// Other failures met during a reduction that are followed up, at most.
  private static let mostOthers = 8

  /// A queue with what an earlier run has left in it.
  init(
    _ store: FindingStore, oracles: OracleSet, mutant: Mutant, shrinks: Bool,
    findings: CampaignFindings
  ) {
    self.store = store
    self.oracles = oracles
    self.mutant = mutant
    self.shrinks = shrinks
    state = Mutex(State(findings: findings))
    for _ in findings.waiting { queue.async { self.workOnFirst() } }
  }

  /// What is in the queue and what has left it, at one moment.
  var findings: CampaignFindings { state.withLock { $0.findings } }

  /// What is reduced at this moment; nil where nothing is.
  var reduced: Reduced? { state.withLock { $0.reduced } }

  /// What there is to say since the last call.
  func takeNews() -> [News] {
    state.withLock { state in
      defer { state.news = [] }
      return state.news
    }
  }

  /// Takes in a failing trace of a higher number than those before, or one of an epoch that is run
  /// again, which may wait already.
  func add(_ item: WaitingTrace) {
    let isNew = state.withLock { state in
      guard !state.findings.waiting.contains(item) else { return false }
      state.findings.waiting.append(item)
      return true
    }
    if isNew { queue.async { self.workOnFirst() } }
  }

  /// True when everything is filed.
  var isIdle: Bool { state.withLock { $0.findings.waiting.isEmpty || $0.isStopped } }

  // MARK: The thread of its own

  /// What became of an item.
  private struct Result: Sendable {
    var identity: FailureIdentity?
    var filed: FiledFinding?
    var others: [WaitingTrace] = []
  }

  private func workOnFirst() {
    guard let item = state.withLock({ $0.isStopped ? nil : $0.findings.waiting.first })
    else { return }
    let result: Result
    do throws(SystemError) {
      result = try look(at: item)
    } catch {
      // Interrupted while it waited for the disk: the item stays, and is saved with the campaign.
      state.withLock { $0.isStopped = true }
      return
    }
    // One step, so that a state saved at any moment has the item on one side or on the other.
    state.withLock { state in
      state.reduced = nil
      state.findings.waiting.replaceSubrange(..<1, with: result.others)
      if let identity = result.identity { state.findings.known.insert(identity) }
      if let finding = result.filed {
        state.findings.filed.append(finding)
        state.news.append(.filed(finding))
      }
    }
    for _ in result.others { queue.async { self.workOnFirst() } }
  }

  private func look(at item: WaitingTrace) throws(SystemError) -> Result {
    let looked = item.ending.map { (trace: item.trace, identity: $0) } ?? named(item)
    guard let (trace, identity) = looked else { return try unrepeated(item) }
    let isOfHealthyModel = mutant != .none && trace.configuration.mutant == .none
    let known =
      isOfHealthyModel
      ? FailureIdentity("\(PoolShrinker.healthyPrefix)\(identity)") : identity
    guard !state.withLock({ $0.findings.known.contains(known) }) else { return Result() }
    guard shrinks else {
      let found = FoundTrace(trace, identity, nil)
      return Result(
        identity: known, filed: try file(found, item, executions: 0))
    }
    let shrinker: PoolShrinker
    if item.ending == nil {
      state.withLock { $0.reduced = Reduced(trace: trace, identity: identity, known: known) }
      shrinker = PoolShrinker { [running] trace in
        running.executing((trace, item.profile), item.number) { PoolShrinker.execute(trace) }
      }
    } else {
      shrinker = PoolShrinker(
        budget: TraceProcess.budget,
        executes: TraceProcess(seconds: SlowWork.usualSeconds).execute)
    }
    let outcome = shrinker.shrink(trace, identity)
    guard outcome.ending != .notReproduced else { return try unrepeated(item) }
    let found = FoundTrace(outcome.trace, identity, outcome.certificate)
    let filed = try file(found, item, executions: outcome.executionCount)
    // What is met while following up is not followed up: the chain ends.
    let isFollowedUp = item.metWhile == nil && item.ending == nil
    let others = isFollowedUp ? outcome.others.entries.prefix(Self.mostOthers) : []
    return Result(
      identity: known, filed: filed,
      others: others.map {
        WaitingTrace(
          trace: $0.trace, profile: item.profile, number: item.number, metWhile: identity)
      })
  }

  /// What a failing trace is filed as that passes when it runs again. Nothing of the model may depend on what ran
  /// before: that it does is a finding, though nobody can tell by this trace which.
  static let unrepeatedIdentity = FailureIdentity("unrepeated")

  private func unrepeated(_ item: WaitingTrace) throws(SystemError) -> Result {
    // What a reduction met on its way may be a stop that is documented.
    guard item.metWhile == nil else { return Result() }
    let isKnown = state.withLock { state in
      let number = "trace \(item.number) failed, and passes when it runs again"
      state.news.append(.note("\(number): the model or a check depends on what ran before"))
      return state.findings.known.contains(Self.unrepeatedIdentity)
    }
    guard !isKnown else { return Result() }
    let found = FoundTrace(item.trace, Self.unrepeatedIdentity, nil)
    return Result(
      identity: Self.unrepeatedIdentity, filed: try file(found, item, executions: 0))
  }

  /// Whose failure it is, and the trace that shows it, under all oracles; under those of the campaign where all
  /// together see nothing.
  private func named(
    _ item: WaitingTrace
  ) -> (trace: PoolFuzzTrace, identity: FailureIdentity)? {
    var trace = item.trace
    for oracles in [OracleSet.everything, oracles] {
      trace.configuration.oracles = oracles
      let named = running.executing((trace, item.profile), item.number) {
        PoolShrinker.triage(trace)
      }
      guard var found = named else { continue }
      // It is reduced as a replay of the file will judge it. A stop that misuse led to, as the
      // version documents it, is no finding by itself.
      found.trace.configuration.oracles.insert(.afterMisuse)
      return found
    }
    return nil
  }

  private func file(
    _ found: FoundTrace, _ item: WaitingTrace, executions: Int
  ) throws(SystemError) -> FiledFinding {
    var paths: (trace: String, certificate: String) = ("", "")
    let isOfHealthyModel = mutant != .none && found.trace.configuration.mutant == .none
    // What ends the process was filed as it was met, and may have taken all the room.
    if item.ending != nil || !store.isFull(found, isOfHealthyModel: isOfHealthyModel) {
      paths = try store.file(found, isOfHealthyModel: isOfHealthyModel) { note in
        state.withLock { $0.news.append(.note(note)) }
      }
    }
    return FiledFinding(
      identity: found.identity, profile: item.profile, number: item.number,
      operationsBefore: item.trace.operations.count,
      operationsAfter: found.trace.operations.count, executions: executions,
      isOneMinimal: found.certificate?.isMinimal ?? false,
      length: found.certificate?.length ?? .unknown, trace: paths.trace,
      certificate: paths.certificate,
      metWhile: item.metWhile, mutant: found.trace.configuration.mutant)
  }
}
