import KernelPool
import PoolTrace

/// What a request comes to by the published rules, worked out apart from the allocator and from
/// the invariants (Microsoft, ExAllocatePoolWithTag; ReactOS ExAllocatePoolWithQuotaTag; SSTIC 2020
/// for cache lines).
public struct RequestFacts {
  /// The pool that serves it.
  public let kind: PoolKind
  /// The bytes that the allocator works with.
  public let bytes: UInt64
  /// Whether it is served in whole pages.
  public let isLarge: Bool
  /// Whether room for a cache line was added.
  public let isGrown: Bool
  /// Units of its block; 0 where it is large.
  public let units: UInt64
  /// Pages that a large request takes; a small one needs one page at most.
  public let pages: UInt64

  /// The facts of a request for so many bytes.
  public init(_ type: PoolType, bytes requested: UInt64, _ profile: Profile) {
    let page = profile.pageBytes
    let header = UInt64(profile.header.bytes)
    let limit = profile.smallRequestLimit ?? page - header - profile.unitBytes
    let bytes = type.workedBytes(requested, profile)
    let line: UInt64 = 64
    isGrown =
      profile.cacheAlignment == .secondHeader && type.contains(.cacheAligned)
      && bytes &+ line <= limit && bytes < limit
    let worked = isGrown ? bytes &+ line : bytes
    isLarge = worked > limit
    let rounded = (max(worked, 1) &+ header &+ profile.unitBytes &- 1) / profile.unitBytes
    units = isLarge ? 0 : max(rounded, profile.smallestBlockUnits)
    pages = isLarge ? bytes / page + (bytes % page == 0 ? 0 : 1) : 1
    self.bytes = bytes
    kind = Self.kind(type, profile)
  }

  private static func kind(_ type: PoolType, _ profile: Profile) -> PoolKind {
    if type.isPaged { return profile.hasSessionPool && type.contains(.session) ? .session : .paged }
    return profile.hasNoExecutePool && type.contains(.noExecute) ? .nonPagedNoExecute : .nonPaged
  }
}
