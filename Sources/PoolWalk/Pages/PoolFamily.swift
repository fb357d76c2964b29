import KernelPool

/// The pools that have pages of their own.
///
/// Memory that cannot be executed has descriptors of its own but lies in nonpaged pages, so it
/// belongs to the nonpaged family here.
public enum PoolFamily: String, Sendable, CaseIterable {
  /// Nonpaged pool.
  case nonPaged = "nonpaged"
  /// Paged pool, without the session's.
  case paged
  /// The session's paged pool.
  case session

  /// The family of a pool.
  public init(_ kind: PoolKind) {
    switch kind {
    case .nonPaged, .nonPagedNoExecute: self = .nonPaged
    case .paged: self = .paged
    case .session: self = .session
    }
  }

  /// How a debugger calls the region (`!pool`).
  public var regionName: String {
    switch self {
    case .nonPaged: "Nonpaged pool"
    case .paged: "Paged pool"
    case .session: "Paged session pool"
    }
  }
}
