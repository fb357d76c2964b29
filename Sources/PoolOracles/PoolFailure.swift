import KernelPool
import PoolInvariants
import PoolTrace
import struct PropertyTesting.FailureIdentity

/// Something that an oracle says is wrong.
public enum PoolFailure: Sendable, Equatable {
  /// An invariant is broken.
  case invariant(Violation)
  /// The kernel stopped although nobody misused it.
  case halted(HaltReason)
  /// A request raised a status although it was not asked to.
  case raised(UInt32)
  /// An oracle beyond the invariants objects; its rule and what it saw.
  case oracle(OracleRule, String)

  /// What makes it the same failure in another trace: the rule, and the kind of operation that
  /// showed it; no addresses, no sizes.
  public func identity(after operation: PoolTrace.Operation?) -> FailureIdentity {
    FailureIdentity("\(rule) after \(operation.map { PoolOperationKind($0).word } ?? "end")")
  }

  /// The name of the broken rule, without the operation.
  public var rule: String {
    switch self {
    case .invariant(let violation): violation.invariant.rawValue
    case .halted(.bugCheck(let bugCheck)):
      "bugcheck-0x" + String(bugCheck.code, radix: 16) + "-"
        + (bugCheck.parameters.0 < 0x10000
          ? "0x" + String(bugCheck.parameters.0, radix: 16) : "address")
    case .halted(.fault), .halted(.nonCanonicalFault): "fault"
    case .halted(.hang): "hang"
    case .raised: "raise"
    case .oracle(let rule, _): rule.rawValue
    }
  }

  /// True where a rule is broken, rather than that the kernel stopped or raised.
  public var isRule: Bool {
    switch self {
    case .invariant, .oracle: true
    case .halted, .raised: false
    }
  }

  /// One line for people.
  public var text: String {
    switch self {
    case .invariant(let violation): violation.description
    case .halted(let reason): "the kernel stopped: \(reason)"
    case .raised(let status): "a request raised 0x" + String(status, radix: 16)
    case .oracle(let rule, let text): "\(rule.rawValue): \(text)"
    }
  }
}
