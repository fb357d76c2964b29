import KernelPool
import PoolTrace

/// How a replay ended, for people and for programs.
enum ReplayReport {
  /// Lines for people: where it ended and why.
  static func text(
    _ path: String, line: UInt64, _ session: borrowing ReplaySession
  ) -> [String] {
    let place = "\(path):\(line): operation \(session.operations): "
    switch session.outcome ?? .ok {
    case .ok: return ["\(path): ok"]
    case .violation(let violations): return violations.map { place + "violation " + $0.description }
    case .halted(let reason): return [place + reason.text(AddressPrinter(session.view))]
    case .raised(let status): return [place + "raised 0x" + String(status, radix: 16)]
    case .expectation(let message): return [place + "unmet expectation: " + message]
    }
  }

  /// The object for a trace that could not be replayed.
  static func json(_ path: String, _ message: String) -> JSONValue {
    .object([
      ("trace", .string(path)), ("outcome", .string("error")), ("message", .string(message)),
    ])
  }

  /// The object of formats' section on JSON.
  static func json(
    _ path: String, _ session: borrowing ReplaySession, _ settings: ReplaySettings
  ) -> JSONValue {
    let outcome = session.outcome ?? .ok
    var members: [(String, JSONValue)] = [
      ("trace", .string(path)),
      ("profile", .string(session.replayer.configuration.pool.profile.name)),
      ("operations", .unsigned(session.operations)), ("outcome", .string(outcome.name)),
      ("operation", outcome.isOK ? .null : .unsigned(session.operations)),
    ]
    switch outcome {
    case .violation(let violations):
      members.append(
        ("invariant", violations.first.map { .string($0.invariant.rawValue) } ?? .null))
      members.append(("violations", .array(violations.map { .string($0.description) })))
    case .raised(let status): members.append(("status", .unsigned(UInt64(status))))
    case .expectation(let message): members.append(("message", .string(message)))
    case .ok, .halted: break
    }
    if let reason = session.replayer.pool.halted { members += stop(reason, session.view) }
    members.append(
      ("first_corrupt_operation", session.firstCorruptOperation.map(JSONValue.unsigned) ?? .null))
    members.append(("metrics", metrics(session.metrics(requestBytes: settings.requestBytes))))
    members.append(("bound", BoundShare(session).json))
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
