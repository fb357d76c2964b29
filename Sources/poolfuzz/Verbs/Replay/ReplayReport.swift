import JSONLines
import KernelPool
import PoolOracles
import PoolTrace

/// How a replay ended, for people and for programs.
enum ReplayReport {
  /// What a pool showed at the end of a trace.
  struct State {
    /// The metrics.
    let metrics: JSONValue
    /// How much of what is proved possible it came to.
    let bound: JSONValue

    /// The state as of now; nothing is worked out where nobody asks.
    init(_ session: borrowing ReplaySession, _ settings: ReplaySettings) {
      guard settings.json else {
        metrics = .null
        bound = .null
        return
      }
      metrics = ReplayReport.metrics(session.metrics(requestBytes: settings.requestBytes))
      bound = BoundShare(session).json
    }
  }

  /// The object for a trace that could not be replayed.
  static func json(_ path: String, _ message: String) -> JSONValue {
    .object([
      ("trace", .string(path)), ("outcome", .string("error")), ("message", .string(message)),
    ])
  }

  /// The object for a trace that was not run.
  static func json(_ path: String, _ verdict: TraceVerdict) -> JSONValue {
    .object([
      ("trace", .string(path)), ("outcome", .string(verdict.outcome)),
      ("message", .string(verdict.lines[0])),
    ])
  }

  /// The object of formats' section on JSON.
  static func json(
    _ path: String, _ session: borrowing ReplaySession, _ verdict: TraceVerdict, _ state: State
  ) -> JSONValue {
    let outcome = session.outcome ?? .notJudged
    var members: [(String, JSONValue)] = [
      ("trace", .string(path)),
      ("profile", .string(session.replayer.configuration.pool.profile.name)),
      ("operations", .unsigned(session.operations)), ("outcome", .string(verdict.outcome)),
      ("check", .string(session.level.rawValue)),
      ("operation", outcome.isFailure ? .unsigned(session.operations) : .null),
    ]
    switch outcome {
    case .violation(let failures):
      members.append(("invariant", failures.first.map { .string($0.rule) } ?? .null))
      members.append(("violations", .array(failures.map { .string($0.text) })))
    case .raised(let status): members.append(("status", .unsigned(UInt64(status))))
    case .expectation(let message): members.append(("message", .string(message)))
    case .ok, .notJudged, .halted: break
    }
    members.append(
      ("identities", .array(session.identities.map { .string($0.description) })))
    if let shows = verdict.showsRecorded { members.append(("as_recorded", .bool(shows))) }
    members.append(("skipped", .unsigned(session.skippedCount)))
    members.append(
      (
        "skipped_operations",
        .array(
          session.skipped.map {
            .object([
              ("line", .unsigned($0.line)), ("operation", .unsigned($0.number)),
              ("text", .string($0.text)),
            ])
          })
      ))
    members.append(("misuse", session.checked.misuse.map(JSONValue.unsigned) ?? .null))
    if let reason = session.replayer.pool.halted { members += stop(reason, session.view) }
    members.append(
      ("first_corrupt_operation", session.firstCorruptOperation.map(JSONValue.unsigned) ?? .null))
    members.append(("metrics", state.metrics))
    members.append(("bound", state.bound))
    return .object(members)
  }

  /// Why the kernel stopped, also where that was announced or is tolerated.
  private static func stop(_ reason: HaltReason, _ view: PoolView) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [("stopped", .string(reason.name))]
    switch reason {
    case .bugCheck(let bugCheck):
      let (first, second, third, fourth) = bugCheck.parameters
      let parameters = [first, second, third, fourth].map { "0x" + String($0, radix: 16) }
      members.append(("code", .string("0x" + String(bugCheck.code, radix: 16))))
      members.append(("parameters", .array(parameters.map(JSONValue.string))))
    case .fault(let address):
      members.append(("address", .string(AddressPrinter(view).text(address))))
    case .nonCanonicalFault, .hang: break
    }
    return members
  }

  static func metrics(_ metrics: PoolMetrics) -> JSONValue {
    .object(metrics.values.map { ($0.key.text, $0.value.json) })
  }
}

extension MetricValue {
  /// The value for a JSON object.
  fileprivate var json: JSONValue {
    switch self {
    case .count(let count): .unsigned(count)
    case .ratio(let ratio): .number(ratio)
    }
  }
}
