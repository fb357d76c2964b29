import PoolWalk

/// The flags of `!poolused` (Microsoft, `!poolused`).
public struct PoolUsedFlags: OptionSet, Sendable {
  /// The bits as a debugger takes them.
  public let rawValue: UInt32
  /// Flags from their bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Frees and differences as well.
  public static let verbose = PoolUsedFlags(rawValue: 1)
  /// The largest users of nonpaged pool first.
  public static let byNonPaged = PoolUsedFlags(rawValue: 2)
  /// The largest users of paged pool first; not together with `byNonPaged`.
  public static let byPaged = PoolUsedFlags(rawValue: 4)
  /// The session's own table; the simulated machine counts session pool as paged and has none.
  public static let session = PoolUsedFlags(rawValue: 8)

  /// Flags that ask for what cannot be.
  public struct Conflict: Error, Equatable, Sendable {
    /// What is wrong, in words for the user.
    public let message: String
  }

  /// The order of rows.
  enum Order {
    case tag, nonPaged, paged

    /// What the table's title calls it.
    var title: String {
      switch self {
      case .tag: " Tag"
      case .nonPaged: "NonPaged Pool Consumed"
      case .paged: "Paged Pool Consumed"
      }
    }

    /// Largest first; equal ones by tag.
    func precedes(_ left: TagRow, _ right: TagRow) -> Bool {
      let (first, second) =
        switch self {
        case .tag: (UInt64(0), UInt64(0))
        case .nonPaged: (left.nonPaged.bytes, right.nonPaged.bytes)
        case .paged: (left.paged.bytes, right.paged.bytes)
        }
      return first == second ? left.tag < right.tag : first > second
    }
  }

  func order() throws(Conflict) -> Order {
    if contains(.session) {
      throw Conflict(
        message: "flag 8 asks for the session's tag table; here session pool counts as paged")
    }
    switch (contains(.byNonPaged), contains(.byPaged)) {
    case (true, true): throw Conflict(message: "flags 2 and 4 name two orders; give one of them")
    case (true, false): return .nonPaged
    case (false, true): return .paged
    case (false, false): return .tag
    }
  }
}
