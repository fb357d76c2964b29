/// The pools that have descriptors, lookasides and list heads of their own.
public enum PoolKind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// The nonpaged pool.
  case nonPaged = 0
  /// The paged pool; it may have several descriptors.
  case paged = 1
  /// Nonpaged memory that cannot be executed (Windows 8 and later).
  case nonPagedNoExecute = 2
  /// The session's paged pool.
  case session = 3

  /// True where blocks lie in paged memory.
  @inlinable public var isPaged: Bool { self == .paged || self == .session }
}
