import KernelPool

/// A large allocation as the big-page table knows it (ReactOS `POOL_TRACKER_BIG_PAGES`).
public struct LargeAllocation: Sendable, Equatable {
  /// Address of its first page.
  public let address: Address
  /// The tag as stored, the mark of a protected block included.
  public let tag: PoolTag
  /// Its size as the table has it: whole pages up to Windows 2003, bytes since Vista.
  public let byteCount: UInt64
  /// Its pages.
  public let pages: UInt64
  /// True for what the kernel allocated for its own descriptors at start.
  public let isKernelsOwn: Bool

  /// True where `address` lies in its pages.
  public func contains(_ address: Address, pageBytes: UInt64) -> Bool {
    address &- self.address < pages &* pageBytes
  }
}
