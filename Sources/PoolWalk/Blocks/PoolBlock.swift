import KernelPool

/// A small block as a walk over its page found it.
public struct PoolBlock: Sendable, Equatable {
  /// The header's fields.
  public let header: BlockHeader
  /// What the block is.
  public let state: BlockState
  /// Its size, header included.
  public let byteCount: UInt64
  /// The stored size of the block before.
  public let previousByteCount: UInt64
  /// The process that pays for the block, or zero.
  public let process: Address

  /// Address of the header.
  public var address: Address { header.address }
  /// Address behind the last byte.
  public var end: Address { header.address &+ byteCount }

  /// True where `address` lies in the block, header included.
  public func contains(_ address: Address) -> Bool { address &- header.address < byteCount }
}
