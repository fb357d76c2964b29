import KernelPool
import PoolInvariants
import PoolWalk

/// A live allocation as metrics see it.
public struct LiveBlock: Sendable, Equatable {
  /// The pool whose pages it lies in.
  public let family: PoolFamily
  /// Its tag, without the mark of a protected block.
  public let tag: PoolTag
  /// Bytes that the caller asked for.
  public let requestedBytes: UInt64
  /// Bytes that it takes: the block with header and rounding; for a large allocation whole pages,
  /// or up to the `Frag` block where the version puts one behind it.
  public let blockBytes: UInt64

  /// A live allocation of known size.
  public init(family: PoolFamily, tag: PoolTag, requestedBytes: UInt64, blockBytes: UInt64) {
    self.family = family
    self.tag = tag.unprotected
    self.requestedBytes = requestedBytes
    self.blockBytes = blockBytes
  }

  /// The allocation of `requestedBytes` of `type` that was just made at `address`, or nil where the
  /// address is in no pool (contiguous memory beside it, say).
  ///
  /// Reads the block's header, so ask before anything else can have written there.
  public init?(
    _ view: PoolView, at address: Address, _ type: PoolType, tag: PoolTag, requestedBytes: UInt64
  ) {
    guard let kind = view.region(of: address)?.kind else { return nil }
    let profile = view.profile
    let blockBytes =
      address & (profile.pageBytes - 1) == 0
      ? Self.largeBytes(profile, max(type.workedBytes(requestedBytes, profile), 1))
      : Self.smallBytes(view, address) ?? 0
    self.init(
      family: PoolFamily(kind), tag: tag, requestedBytes: requestedBytes,
      blockBytes: max(blockBytes, requestedBytes))
  }

  private static func largeBytes(_ profile: Profile, _ bytes: UInt64) -> UInt64 {
    let pageMask = profile.pageBytes - 1
    let pages = (bytes &+ pageMask) & ~pageMask
    guard profile.largeTail == .fragment else { return pages }
    let units = (bytes &+ profile.unitBytes &- 1) & ~(profile.unitBytes - 1)
    // One unit is too little for the `Frag` block and something behind it.
    return pages &- units > profile.unitBytes ? units : pages
  }

  /// The size in the header, or in the first header where the one before the address is a second
  /// one on a cache line (SSTIC 2020).
  private static func smallBytes(_ view: PoolView, _ address: Address) -> UInt64? {
    let profile = view.profile
    let place = address &- UInt64(profile.header.bytes)
    guard let header = BlockHeader(view, at: place) else { return nil }
    let isSecond =
      profile.cacheAlignment == .secondHeader
      && profile.type(stored: header.storedType).contains(.cacheAligned)
    guard isSecond else { return header.units &* profile.unitBytes }
    return BlockHeader(view, at: place &- header.previousUnits &* profile.unitBytes)
      .map { $0.units &* profile.unitBytes }
  }
}

extension LiveAllocation {
  /// What it counts as in metrics; nil outside of every pool.
  public var block: LiveBlock? {
    family.map {
      LiveBlock(family: $0, tag: tag, requestedBytes: requestedBytes, blockBytes: blockBytes)
    }
  }

  /// Notes what it takes of its pool, right after it was made.
  mutating func measure(_ view: PoolView, at address: Address) {
    let block = LiveBlock(view, at: address, type, tag: tag, requestedBytes: requestedBytes)
    family = block?.family
    blockBytes = block?.blockBytes ?? 0
  }
}
