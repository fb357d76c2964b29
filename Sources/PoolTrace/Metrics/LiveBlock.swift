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
    guard let kind = view.kind(ofPoolAt: address) else { return nil }
    // The version's facts are read where they lie: this is asked for every allocation.
    let profile = view.profileAddress
    let blockBytes =
      address & (profile.pointee.pageBytes - 1) == 0
      ? Self.largeBytes(profile, max(type.workedBytes(requestedBytes, at: profile), 1))
      : Self.smallBytes(view, address) ?? 0
    self.init(
      family: PoolFamily(kind), tag: tag, requestedBytes: requestedBytes,
      blockBytes: max(blockBytes, requestedBytes))
  }

  private static func largeBytes(_ profile: UnsafePointer<Profile>, _ bytes: UInt64) -> UInt64 {
    let pageMask = profile.pointee.pageBytes - 1
    let pages = (bytes &+ pageMask) & ~pageMask
    guard profile.pointee.largeTail == .fragment else { return pages }
    let unit = profile.pointee.unitBytes
    let units = (bytes &+ unit &- 1) & ~(unit - 1)
    // One unit is too little for the `Frag` block and something behind it.
    return pages &- units > unit ? units : pages
  }

  /// The size in the header, or in the first header where the one before the address is a second
  /// one on a cache line (SSTIC 2020).
  private static func smallBytes(_ view: PoolView, _ address: Address) -> UInt64? {
    let profile = view.profileAddress
    let unit = profile.pointee.unitBytes
    let place = address &- UInt64(profile.pointee.header.bytes)
    guard let word = view.word32(place) else { return nil }
    let units = UInt64(profile.pointee.header.blockSize.get(word))
    guard profile.pointee.cacheAlignment == .secondHeader,
      profile.pointee.type(stored: profile.pointee.header.poolType.get(word)).contains(
        .cacheAligned)
    else { return units &* unit }
    let distance = UInt64(profile.pointee.header.previousSize.get(word)) &* unit
    return view.word32(place &- distance).map {
      UInt64(profile.pointee.header.blockSize.get($0)) &* unit
    }
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
