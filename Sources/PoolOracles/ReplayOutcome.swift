import KernelPool
import struct PropertyTesting.FailureIdentity

/// How a replay ended.
public enum ReplayOutcome: Equatable, Sendable {
  /// Everything was judged, and held.
  case ok
  /// No verdict was asked for, and no expectation of the trace was unmet.
  case notJudged
  /// A rule was broken that no expectation announced: an invariant, or an oracle's. Never empty.
  case violation([PoolFailure])
  /// The kernel stopped, and no expectation announced it.
  case halted(HaltReason)
  /// A request raised a status that no expectation announced.
  case raised(UInt32)
  /// An expectation was not met.
  case expectation(String)

  /// The word for it in reports and JSON.
  public var name: String {
    switch self {
    case .ok: "ok"
    case .notJudged: "not-judged"
    case .violation: "violation"
    case .halted(.bugCheck): "bugcheck"
    case .halted(.hang): "hang"
    case .halted: "fault"
    case .raised: "raise"
    case .expectation: "expectation"
    }
  }

  /// True where something was found.
  public var isFailure: Bool { self != .ok && self != .notJudged }

  /// True where everything was judged and held.
  public var isOK: Bool { self == .ok }
}

/// An operation that meant nothing: a busy or empty slot.
public struct SkippedOperation: Equatable, Sendable {
  /// Its number, from 1 on.
  public let number: UInt64
  /// Its line in the trace; 0 where nobody told.
  public let line: UInt64
  /// What it was, and why it meant nothing.
  public let text: String
}
