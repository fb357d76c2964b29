// Where the fields of headers and descriptors lie.

/// Where the four fields of a block header lie in its first 32-bit word.
///
/// | shape | previous size | pool index | block size | pool type |
/// |---|---|---|---|---|
/// | x86 since XP | bits 0-8 | 9-15 | 16-24 | 25-31 |
/// | x64 | 0-7 | 8-15 | 16-23 | 24-31 |
/// | Windows 2000 | 0-7 | 8-15 | 24-31 | 16-23 |
///
/// The shifts and masks are data so that every shape runs through the same code. Sizes are counted
/// in units. Sources: public symbols (Volatility type tables), ReactOS `miarm.h`, and for Windows
/// 2000 Schuster 2006.
public struct HeaderLayout: Sendable, Equatable {
  /// The field of the previous block's size, in units.
  public var previousSize: BitField
  /// The field of the owning descriptor's index.
  public var poolIndex: BitField
  /// The field of the block's own size, in units, header included.
  public var blockSize: BitField
  /// The field of the stored pool type; zero marks a free block.
  public var poolType: BitField
  /// Bytes of the header.
  public var bytes: Int
  /// Offset of the process that pays for the block, or nil where the header has no such field.
  public var processBilledOffset: Int?

  /// Offset of the tag's word, the same in every shape.
  public static let tagOffset: UInt64 = 4

  /// Some bits of a 32-bit word.
  public struct BitField: Sendable, Equatable {
    /// Position of the lowest bit.
    public let shift: UInt32
    /// The field's bits before they are shifted into place.
    public let mask: UInt32

    /// A field of `width` bits whose lowest is `shift`.
    @inline(__always) public init(shift: UInt32, width: UInt32) {
      self.shift = shift
      self.mask = (1 << width) &- 1
    }

    /// The field's value in `word`.
    @inline(__always) public func get(_ word: UInt32) -> UInt32 { (word &>> shift) & mask }

    /// `word` with the field replaced; bits of `value` beyond the field are cut off, as hardware
    /// does with a bit field.
    @inline(__always) public func set(_ word: UInt32, _ value: UInt32) -> UInt32 {
      (word & ~(mask &<< shift)) | ((value & mask) &<< shift)
    }
  }

  /// The header of x86 since Windows XP.
  @inline(__always) public static var x86: HeaderLayout {
    HeaderLayout(
      previousSize: BitField(shift: 0, width: 9), poolIndex: BitField(shift: 9, width: 7),
      blockSize: BitField(shift: 16, width: 9), poolType: BitField(shift: 25, width: 7),
      bytes: 8, processBilledOffset: nil)
  }

  /// The header of x64.
  @inline(__always) public static var x64: HeaderLayout {
    HeaderLayout(
      previousSize: BitField(shift: 0, width: 8), poolIndex: BitField(shift: 8, width: 8),
      blockSize: BitField(shift: 16, width: 8), poolType: BitField(shift: 24, width: 8),
      bytes: 16, processBilledOffset: 8)
  }

  /// The header of Windows 2000: the type stands before the size, and units are 32 bytes.
  @inline(__always) public static var windows2000: HeaderLayout {
    HeaderLayout(
      previousSize: BitField(shift: 0, width: 8), poolIndex: BitField(shift: 8, width: 8),
      blockSize: BitField(shift: 24, width: 8), poolType: BitField(shift: 16, width: 8),
      bytes: 8, processBilledOffset: nil)
  }
}

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

  /// Windows Vista and 2008 x86.
  public static let windowsVistax86 = DescriptorLayout(
    poolType: 0, poolIndex: 4, runningAllocations: 8, runningFrees: 0xC, totalPages: 0x10,
    totalBigPages: 0x14, pendingFrees: 0x20, pendingFreeDepth: 0x28, totalBytes: 0x2C,
    listHeads: 0x34, bytesWithLock: 0x1054)

  /// Windows Vista and 2008 x64.
  public static let windowsVistax64 = DescriptorLayout(
    poolType: 0, poolIndex: 4, runningAllocations: 8, runningFrees: 0xC, totalPages: 0x10,
    totalBigPages: 0x14, pendingFrees: 0x28, pendingFreeDepth: 0x34, totalBytes: 0x38,
    listHeads: 0x48, bytesWithLock: 0x1080)

  /// Windows 7 x86; also used for 8, whose symbols have the same offsets.
  public static let windows7x86 = DescriptorLayout(
    poolType: 0, poolIndex: 0x80, runningAllocations: 0x40, runningFrees: 0x44,
    totalPages: 0xC0, totalBigPages: 0x48, pendingFrees: 0x100, pendingFreeDepth: 0x104,
    totalBytes: 0x50, listHeads: 0x140, bytesWithLock: 0x1140)

  /// Windows 7 and 8 x64; also used for 8.1 and 10, of which the later builds split its counters.
  public static let windows7x64 = DescriptorLayout(
    poolType: 0, poolIndex: 0x80, runningAllocations: 0x40, runningFrees: 0x44,
    totalPages: 0xC0, totalBigPages: 0x48, pendingFrees: 0x100, pendingFreeDepth: 0x108,
    totalBytes: 0x50, listHeads: 0x140, bytesWithLock: 0x1140)
}
