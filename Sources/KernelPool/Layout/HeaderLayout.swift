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
