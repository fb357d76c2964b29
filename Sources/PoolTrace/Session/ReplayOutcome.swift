import KernelPool
import PoolInvariants

/// How a replay ended.
public enum ReplayOutcome: Equatable, Sendable {
  /// Everything held.
  case ok
  /// An invariant broke that no expectation announced.
  case violation([Violation])
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
    case .violation: "violation"
    case .halted(.bugCheck): "bugcheck"
    case .halted(.hang): "hang"
    case .halted: "fault"
    case .raised: "raise"
    case .expectation: "expectation"
    }
  }

  /// True where nothing failed.
  public var isOK: Bool { self == .ok }
}
