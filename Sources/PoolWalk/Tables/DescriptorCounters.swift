import KernelPool

/// The counters of a pool descriptor (public symbols, `POOL_DESCRIPTOR`).
public struct DescriptorCounters: Sendable, Equatable {
  /// Which descriptor.
  public let root: DescriptorRoot
  /// Allocations, lookaside hits excluded, modulo 2^32.
  public let allocations: UInt32
  /// Frees, lookaside pushes excluded, modulo 2^32.
  public let frees: UInt32
  /// Bytes in use as the version counts them, signed because the count may drift below zero; nil
  /// on versions without it.
  public let byteCount: Int64?
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
    allocations = view.word32(root.address &+ layout.runningAllocations) ?? 0
    frees = view.word32(root.address &+ layout.runningFrees) ?? 0
    byteCount = layout.totalBytes.map { view.signedPointer(root.address &+ $0) ?? 0 }
    smallPages = view.word32(root.address &+ layout.totalPages) ?? 0
    bigPages = view.word32(root.address &+ layout.totalBigPages) ?? 0
  }
}

extension PoolView {
  /// A pointer-sized counter that may be below zero, or nil where nothing is mapped.
  func signedPointer(_ address: Address) -> Int64? {
    pointer(address).map { word in
      profile.wordBytes == 8
        ? Int64(bitPattern: word) : Int64(Int32(truncatingIfNeeded: word))
    }
  }
}
