/// The kind of memory a caller asks for: the argument of `ExAllocatePoolWithTag`.
///
/// The low bits are the base type, the others modify the request (Microsoft, `POOL_TYPE`).
public struct PoolType: OptionSet, Hashable, Sendable {
  /// The argument as the kernel receives it.
  public var rawValue: UInt32

  /// A pool type from its argument word.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Nonpaged pool has no bit of its own.
  @inlinable public static var nonPaged: PoolType { [] }
  /// Paged pool.
  public static let paged = PoolType(rawValue: 1)
  /// The request must not fail (NT 4.0 to XP).
  public static let mustSucceed = PoolType(rawValue: 2)
  /// The block should start on a cache line.
  public static let cacheAligned = PoolType(rawValue: 4)
  /// The bytes are charged to a process.
  public static let quota = PoolType(rawValue: 8)
  /// A failure raises an exception instead of returning NULL.
  public static let raiseOnFailure = PoolType(rawValue: 16)
  /// The session's own pool.
  public static let session = PoolType(rawValue: 32)
  /// The allocation is watched by Driver Verifier.
  public static let verifier = PoolType(rawValue: 64)
  /// Nonpaged memory that cannot be executed (Windows 8 and later).
  public static let noExecute = PoolType(rawValue: 512)

  /// True for paged pool, the session's included.
  @inlinable public var isPaged: Bool { rawValue & 1 != 0 }
}
