import KernelPool

/// A request as the lists of free blocks see it.
public struct RequestedBlock: Sendable, Equatable {
  /// Bytes of the block that it needs, header included; whole pages for a large request.
  public let blockBytes: UInt64
  private let exactFits: FirstList
  private let isSmall: Bool

  /// The block that a request of `bytes` needs on this version.
  public init(_ profile: Profile, bytes: UInt64) {
    isSmall = bytes <= profile.largestSmallRequest
    let mask = profile.pageBytes - 1
    blockBytes =
      isSmall
      ? profile.units(forRequest: bytes) &* profile.unitBytes
      : max(bytes &+ mask, bytes) & ~mask
    exactFits = profile.firstList
  }

  /// The request whose block is half a page: what the metrics are for where no size is named.
  public init(halfPageOf profile: Profile) {
    self.init(profile, bytes: profile.pageBytes / 2 - UInt64(profile.header.bytes))
  }

  /// Whether a free block of `size` bytes serves it. Whole pages never come from free blocks.
  func isServed(byFreeBytes size: UInt64) -> Bool {
    guard isSmall else { return false }
    return exactFits == .exactFit ? size >= blockBytes : size > blockBytes
  }
}

extension PoolType {
  /// The bytes that the allocator works with: a charged request takes a word more where the version
  /// keeps the process in the block's last one and both fit into a page (ReactOS,
  /// ExAllocatePoolWithQuotaTag).
  @inlinable public func workedBytes(_ requested: UInt64, _ profile: Profile) -> UInt64 {
    withUnsafePointer(to: profile) { workedBytes(requested, at: $0) }
  }

  /// The same by a version's facts where they lie, which copies none of them.
  @inlinable @inline(__always)
  public func workedBytes(_ requested: UInt64, at profile: UnsafePointer<Profile>) -> UInt64 {
    guard contains(.quota), profile.pointee.quotaPointer.isInBlock else { return requested }
    let word = profile.pointee.wordBytes
    let most = profile.pointee.pageBytes - profile.pointee.unitBytes - word
    return requested <= most ? requested &+ word : requested
  }
}
