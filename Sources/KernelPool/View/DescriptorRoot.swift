/// Where a pool descriptor lies: its fields are bytes in simulated memory at `address`.
public struct DescriptorRoot: Sendable, Equatable {
  /// The pool it describes.
  public var kind: PoolKind
  /// The index that headers of its blocks store.
  public var index: UInt32
  /// Address of the descriptor.
  public var address: Address
  /// Address of its first list head: two pointers each, one head for each block size from one
  /// unit up.
  public var listHeads: Address

  /// A root from its parts.
  public init(kind: PoolKind, index: UInt32, address: Address, listHeads: Address) {
    self.kind = kind
    self.index = index
    self.address = address
    self.listHeads = listHeads
  }
}
