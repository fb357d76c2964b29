import KernelPool

/// The fields of a block header as they lie in memory.
///
/// Nothing is checked or corrected: a stale index is a stale index (public symbols;
/// ReactOS `POOL_HEADER`).
public struct BlockHeader: Sendable, Equatable {
  /// Address of the header.
  public let address: Address
  /// The stored size of the block before, in units.
  public let previousUnits: UInt64
  /// The stored index of the owning descriptor.
  public let poolIndex: UInt32
  /// The stored size, in units, header included.
  public let units: UInt64
  /// The stored pool type; zero marks a free block.
  public let storedType: UInt32
  /// The tag as stored, the mark of a protected block included.
  public let tag: PoolTag

  /// The header at `address`, or nil where it cannot be read.
  public init?(_ view: PoolView, at address: Address) {
    guard let word = view.word32(address),
      let tag = view.word32(address &+ HeaderLayout.tagOffset)
    else { return nil }
    let layout = view.profile.header
    self.address = address
    previousUnits = UInt64(layout.previousSize.get(word))
    poolIndex = layout.poolIndex.get(word)
    units = UInt64(layout.blockSize.get(word))
    storedType = layout.poolType.get(word)
    self.tag = PoolTag(word: tag)
  }
}
