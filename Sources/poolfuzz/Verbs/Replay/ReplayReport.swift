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
    case .halted(let reason): return [place + text(reason, session.view)]
    case .raised(let status): return [place + "raised 0x" + String(status, radix: 16)]
    case .expectation(let message): return [place + "unmet expectation: " + message]
    }
  }

  private static func text(_ reason: HaltReason, _ view: PoolView) -> String {
    let addresses = AddressPrinter(view)
    switch reason {
    case .bugCheck(let bugCheck):
      let (first, second, third, fourth) = bugCheck.parameters
      let parameters = [first, second, third, fourth].map(addresses.text)
      return "bug check 0x" + String(bugCheck.code, radix: 16) + " ("
        + parameters.joined(separator: ", ") + ")"
    case .fault(let address): return "fault at " + addresses.text(address)
    case .nonCanonicalFault: return "fault at an address that no processor accepts"
    case .hang: return "hang: the operation would not have ended"
    }
  }

  /// The object of formats' section on JSON.
  static func json(_ path: String, _ session: borrowing ReplaySession) -> JSONValue {
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
    case .halted(.bugCheck(let bugCheck)):
      let (first, second, third, fourth) = bugCheck.parameters
      members.append(("code", .string("0x" + String(bugCheck.code, radix: 16))))
      members.append(
        (
          "parameters",
          .array([first, second, third, fourth].map { .string("0x" + String($0, radix: 16)) })
        ))
    case .halted(.fault(let address)):
      members.append(("address", .string(AddressPrinter(session.view).text(address))))
    case .raised(let status): members.append(("status", .unsigned(UInt64(status))))
    case .expectation(let message): members.append(("message", .string(message)))
    case .ok, .halted: break
    }
    members.append(
      ("first_corrupt_operation", session.firstCorruptOperation.map(JSONValue.unsigned) ?? .null))
    members.append(("metrics", metrics(session.metrics)))
    return .object(members)
  }

  private static func metrics(_ metrics: PoolMetrics) -> JSONValue {
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
