/// Where the fields of a pool descriptor lie, in bytes from its start.
///
/// Source: public symbols of each version (Volatility type tables, Vergilius).
public struct DescriptorLayout: Sendable, Equatable {
  /// Offset of the pool type's word.
  public var poolType: UInt64
  /// Offset of the descriptor's index.
  public var poolIndex: UInt64
  /// Offset of the count of allocations, lookaside hits excluded.
  public var runningAllocations: UInt64
  /// Offset of the count of frees, lookaside pushes excluded.
  public var runningFrees: UInt64
  /// Offset of the count of pages carved into small blocks.
  public var totalPages: UInt64
  /// Offset of the count of pages in large allocations.
  public var totalBigPages: UInt64
  /// Offset of the first deferred free.
  public var pendingFrees: UInt64
  /// Offset of the number of deferred frees.
  public var pendingFreeDepth: UInt64
  /// Offset of the byte count, or nil on versions without one.
  public var totalBytes: UInt64?
  /// Offset of the first list head.
  public var listHeads: UInt64
  /// Bytes of the descriptor and of the lock allocated behind it.
  public var bytesWithLock: UInt64

  /// Windows XP x86; also used for Windows 2000, whose descriptor is not published.
  public static let windowsXP = DescriptorLayout(
    poolType: 0, poolIndex: 4, runningAllocations: 8, runningFrees: 0xC, totalPages: 0x10,
    totalBigPages: 0x14, pendingFrees: 0x20, pendingFreeDepth: 0x24, totalBytes: nil,
    listHeads: 0x28, bytesWithLock: 0x1048)

  /// Windows 2003 x86 and ReactOS x86.
  public static let windows2003x86 = DescriptorLayout(
    poolType: 0, poolIndex: 4, runningAllocations: 8, runningFrees: 0xC, totalPages: 0x10,
    totalBigPages: 0x14, pendingFrees: 0x20, pendingFreeDepth: 0x24, totalBytes: 0x28,
    listHeads: 0x30, bytesWithLock: 0x1050)

  /// Windows 2003 x64 and ReactOS x64.
  public static let windows2003x64 = DescriptorLayout(
    poolType: 0, poolIndex: 4, runningAllocations: 8, runningFrees: 0xC, totalPages: 0x10,
    totalBigPages: 0x14, pendingFrees: 0x28, pendingFreeDepth: 0x30, totalBytes: 0x38,
    listHeads: 0x48, bytesWithLock: 0x1080)

  /// Windows 7 x86.
  public static let windows7x86 = DescriptorLayout(
    poolType: 0, poolIndex: 0x80, runningAllocations: 0x40, runningFrees: 0x44,
    totalPages: 0xC0, totalBigPages: 0x48, pendingFrees: 0x100, pendingFreeDepth: 0x104,
    totalBytes: 0x50, listHeads: 0x140, bytesWithLock: 0x1140)

  /// Windows 7 and 8 x64.
  public static let windows7x64 = DescriptorLayout(
    poolType: 0, poolIndex: 0x80, runningAllocations: 0x40, runningFrees: 0x44,
    totalPages: 0xC0, totalBigPages: 0x48, pendingFrees: 0x100, pendingFreeDepth: 0x108,
    totalBytes: 0x50, listHeads: 0x140, bytesWithLock: 0x1140)
}
