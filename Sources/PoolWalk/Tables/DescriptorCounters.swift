import KernelPool

/// The counters of a pool descriptor (public symbols, `POOL_DESCRIPTOR`).
public struct DescriptorCounters: Sendable, Equatable {
  /// Which descriptor.
  public let root: DescriptorRoot
  /// Pages carved into small blocks, modulo 2^32.
  public let smallPages: UInt32
  /// Pages in large allocations, modulo 2^32.
  public let bigPages: UInt32

  /// Pages that the descriptor holds.
  public var pages: UInt64 { UInt64(smallPages) + UInt64(bigPages) }

  /// Reads the counters of `root`; what is not mapped counts as zero.
  public init(_ view: PoolView, _ root: DescriptorRoot) {
    self.root = root
    let layout = view.profile.descriptor
    smallPages = view.word32(root.address &+ layout.totalPages) ?? 0
    bigPages = view.word32(root.address &+ layout.totalBigPages) ?? 0
  }
}
