import typealias KernelPool.Address

/// What one operation did, as its caller saw it: where a cheap audit looks.
public enum TouchedByOperation: Equatable, Sendable {
  /// It failed or was skipped.
  case nothing
  /// It was given memory at an address.
  case allocation(Address, LiveAllocation)
  /// It freed memory at an address; nil where the caller held no allocation there.
  case release(Address, LiveAllocation?)
  /// It stored bytes.
  case store(Address, byteCount: UInt64)
}
