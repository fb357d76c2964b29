/// What a block is to the pool at this moment.
public enum BlockState: UInt8, Sendable, CaseIterable {
  /// Handed out to a caller.
  case allocated
  /// Free and on a list.
  case free
  /// Free but too small for list links: a header that waits for a neighbour to be freed.
  case orphan
  /// Freed by its caller and parked on a lookaside list; its header still says in use.
  case lookaside
  /// Freed by its caller and waiting for the next batch of deferred frees.
  case deferred
  /// The one-unit block behind a large allocation (Mandt 2011, Windows 7).
  case fragment

  /// True where no caller owns the bytes and a request could get them without a neighbour's help.
  public var isFree: Bool { self == .free || self == .orphan }

  /// True where the caller has freed the block and the lists have not got it yet.
  public var isParked: Bool { self == .lookaside || self == .deferred }
}
