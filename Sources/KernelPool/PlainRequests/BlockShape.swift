/// The constants of a version's blocks, for code that is compiled once for each shape.
///
/// The general algorithms read widths and shifts from the profile. A profile of small-block traces
/// showed a third of their instructions in doing so; here they are constants of the machine code.
/// Whatever a user overrides (another page size, another header) has no shape, and takes the
/// general way.
protocol BlockShape {
  /// A pointer.
  associatedtype Word: FixedWidthInteger & UnsignedInteger
  /// The binary logarithm of a unit's bytes.
  static var unitShift: UInt64 { get }
  /// The header's fields.
  static var header: HeaderLayout { get }
  /// Bytes of the header.
  static var headerBytes: Int { get }
  /// Bytes of a row of the tag table.
  static var trackerRowBytes: Int { get }
  /// Offsets of a tag row's counters of nonpaged pool.
  static var trackerColumns: (allocations: Int, frees: Int, bytes: Int) { get }
  /// True where every store is noted in the memory's journal.
  static var keepsJournal: Bool { get }
}

extension BlockShape {
  /// Bytes of a pointer.
  @inline(__always) static var wordBytes: Int { MemoryLayout<Word>.size }
  /// Bytes of a list head.
  @inline(__always) static var headBytes: Int { MemoryLayout<Word>.size &* 2 }
  /// Bytes of a page of every shape.
  @inline(__always) static var pageBytes: Int { 4096 }

  @inline(__always) static var keepsJournal: Bool { false }

  /// Bytes of so many units.
  @inline(__always) static func bytes(_ units: UInt32) -> Int { Int(units) &<< Int(unitShift) }
}

/// Blocks of a shape in a memory that keeps a journal: a second set of machine code, so that stores
/// cost nothing more where nobody wants to know of them.
enum Journaled<Base: BlockShape>: BlockShape {
  typealias Word = Base.Word
  @inline(__always) static var unitShift: UInt64 { Base.unitShift }
  @inline(__always) static var header: HeaderLayout { Base.header }
  @inline(__always) static var headerBytes: Int { Base.headerBytes }
  @inline(__always) static var trackerRowBytes: Int { Base.trackerRowBytes }
  @inline(__always) static var trackerColumns: (allocations: Int, frees: Int, bytes: Int) {
    Base.trackerColumns
  }
  @inline(__always) static var keepsJournal: Bool { true }
}

/// Blocks of x64: units of 16 bytes.
enum X64Blocks: BlockShape {
  typealias Word = UInt64
  @inline(__always) static var unitShift: UInt64 { 4 }
  @inline(__always) static var headerBytes: Int { 16 }
  @inline(__always) static var trackerRowBytes: Int { 40 }
  @inline(__always) static var trackerColumns: (allocations: Int, frees: Int, bytes: Int) {
    (0x4, 0x8, 0x10)
  }
  @inline(__always) static var header: HeaderLayout {
    HeaderLayout(
      previousSize: HeaderLayout.BitField(shift: 0, width: 8),
      poolIndex: HeaderLayout.BitField(shift: 8, width: 8),
      blockSize: HeaderLayout.BitField(shift: 16, width: 8),
      poolType: HeaderLayout.BitField(shift: 24, width: 8), bytes: 16, processBilledOffset: 8)
  }
}

/// Blocks of x86 since Windows XP: units of 8 bytes.
enum X86Blocks: BlockShape {
  typealias Word = UInt32
  @inline(__always) static var unitShift: UInt64 { 3 }
  @inline(__always) static var headerBytes: Int { 8 }
  @inline(__always) static var trackerRowBytes: Int { 28 }
  @inline(__always) static var trackerColumns: (allocations: Int, frees: Int, bytes: Int) {
    (0x4, 0x8, 0xC)
  }
  @inline(__always) static var header: HeaderLayout {
    HeaderLayout(
      previousSize: HeaderLayout.BitField(shift: 0, width: 9),
      poolIndex: HeaderLayout.BitField(shift: 9, width: 7),
      blockSize: HeaderLayout.BitField(shift: 16, width: 9),
      poolType: HeaderLayout.BitField(shift: 25, width: 7), bytes: 8, processBilledOffset: nil)
  }
}

/// Blocks of Windows 2000: units of 32 bytes.
enum Windows2000Blocks: BlockShape {
  typealias Word = UInt32
  @inline(__always) static var unitShift: UInt64 { 5 }
  @inline(__always) static var headerBytes: Int { 8 }
  @inline(__always) static var trackerRowBytes: Int { 28 }
  @inline(__always) static var trackerColumns: (allocations: Int, frees: Int, bytes: Int) {
    (0x4, 0x8, 0xC)
  }
  @inline(__always) static var header: HeaderLayout {
    HeaderLayout(
      previousSize: HeaderLayout.BitField(shift: 0, width: 8),
      poolIndex: HeaderLayout.BitField(shift: 8, width: 8),
      blockSize: HeaderLayout.BitField(shift: 24, width: 8),
      poolType: HeaderLayout.BitField(shift: 16, width: 8), bytes: 8, processBilledOffset: nil)
  }
}
