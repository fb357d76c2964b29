// What the versions' blocks look like, as constants where a version is known. A profile of
// small-block traces showed a third of their instructions in reading widths and shifts from the
// profile; what a user overrides (another page size, another header) is still read from there.

/// The facts about blocks that an instance of the algorithm is compiled for.
protocol BlockLayout {
  /// The header's fields.
  static func header(_ pool: PoolPointer) -> HeaderLayout
  /// The binary logarithm of a unit's bytes.
  static func unitShift(_ pool: PoolPointer) -> UInt64
  /// True where pointers have eight bytes.
  static func isWide(_ pool: PoolPointer) -> Bool
  /// Bytes of a page.
  static func pageBytes(_ pool: PoolPointer) -> UInt64
  /// The switches that stand alike on every known version.
  static func switches(_ pool: PoolPointer) -> KnownSwitches
}

/// The switches that stand alike on every known version.
struct KnownSwitches: Equatable {
  /// Where the remainder of a split goes.
  let remainderEnd: ListEnd
  /// Where a freed block goes.
  let freedEnd: ListEnd
  /// What blocks on lookaside lists carry besides the link.
  let lookasideLinks: LookasideLinks
  /// What waiting blocks look like.
  let deferredFreeType: DeferredFreeType

  /// As the known versions have them.
  @inline(__always) static var known: KnownSwitches {
    KnownSwitches(
      remainderEnd: .tail, freedEnd: .head, lookasideLinks: .plain, deferredFreeType: .inUse)
  }

  /// As a profile has them.
  @inline(__always) init(_ pool: PoolPointer) {
    remainderEnd = pool.pointee.profile.remainderEnd
    freedEnd = pool.pointee.profile.freedEnd
    lookasideLinks = pool.pointee.profile.lookasideLinks
    deferredFreeType = pool.pointee.profile.deferredFreeType
  }

  @inline(__always)
  private init(
    remainderEnd: ListEnd, freedEnd: ListEnd, lookasideLinks: LookasideLinks,
    deferredFreeType: DeferredFreeType
  ) {
    self.remainderEnd = remainderEnd
    self.freedEnd = freedEnd
    self.lookasideLinks = lookasideLinks
    self.deferredFreeType = deferredFreeType
  }

  /// True where a profile has them as the known versions do, and refuses no request at the door.
  static func suit(_ profile: Profile) -> Bool {
    profile.remainderEnd == known.remainderEnd && profile.freedEnd == known.freedEnd
      && profile.lookasideLinks == known.lookasideLinks
      && profile.deferredFreeType == known.deferredFreeType && profile.entryChecks == .none
  }
}

/// A layout whose facts are constants.
protocol ConstantLayout: BlockLayout {
  static var header: HeaderLayout { get }
  static var unitShift: UInt64 { get }
  static var isWide: Bool { get }
}

extension ConstantLayout {
  @inline(__always) static func header(_: PoolPointer) -> HeaderLayout { header }
  @inline(__always) static func unitShift(_: PoolPointer) -> UInt64 { unitShift }
  @inline(__always) static func isWide(_: PoolPointer) -> Bool { isWide }
  @inline(__always) static func pageBytes(_: PoolPointer) -> UInt64 { pageBytes }
  @inline(__always) static func switches(_: PoolPointer) -> KnownSwitches { .known }

  @inline(__always) private static var pageBytes: UInt64 { 4096 }

  /// True where a profile's blocks are laid out so.
  static func suits(_ profile: Profile) -> Bool {
    profile.header == header && profile.unitBytes == 1 << unitShift
      && profile.wordBytes == (isWide ? 8 : 4) && profile.pageBytes == pageBytes
  }
}

/// Blocks of x64: units of 16 bytes.
enum X64Layout: ConstantLayout {
  @inline(__always) static var header: HeaderLayout { .x64 }
  @inline(__always) static var unitShift: UInt64 { 4 }
  @inline(__always) static var isWide: Bool { true }
}

/// Blocks of x86 since Windows XP: units of 8 bytes.
enum X86Layout: ConstantLayout {
  @inline(__always) static var header: HeaderLayout { .x86 }
  @inline(__always) static var unitShift: UInt64 { 3 }
  @inline(__always) static var isWide: Bool { false }
}

/// Blocks of Windows 2000: units of 32 bytes.
enum Windows2000Layout: ConstantLayout {
  @inline(__always) static var header: HeaderLayout { .windows2000 }
  @inline(__always) static var unitShift: UInt64 { 5 }
  @inline(__always) static var isWide: Bool { false }
}

/// Whatever the profile says.
enum ProfileLayout: BlockLayout {
  @inline(__always) static func header(_ pool: PoolPointer) -> HeaderLayout {
    pool.pointee.profile.header
  }
  @inline(__always) static func unitShift(_ pool: PoolPointer) -> UInt64 {
    pool.pointee.geometry.unitShift
  }
  @inline(__always) static func isWide(_ pool: PoolPointer) -> Bool {
    pool.pointee.geometry.isWide
  }
  @inline(__always) static func pageBytes(_ pool: PoolPointer) -> UInt64 {
    pool.pointee.geometry.pageBytes
  }
  @inline(__always) static func switches(_ pool: PoolPointer) -> KnownSwitches {
    KnownSwitches(pool)
  }
}

extension SmallBlocks {
  @inline(__always) var layout: HeaderLayout { Layout.header(pool) }
  @inline(__always) var switches: KnownSwitches { Layout.switches(pool) }
  /// What the version checks on the way.
  @inline(__always) var checks: PoolChecks { pool.pointee.profile.checks }

  /// Bytes of a header, of a pointer, of a page.
  @inline(__always) var headerBytes: UInt64 { UInt64(truncatingIfNeeded: layout.bytes) }
  @inline(__always) var wordBytes: UInt64 { Layout.isWide(pool) ? 8 : 4 }
  @inline(__always) var pageBytes: UInt64 { Layout.pageBytes(pool) }

  /// Units of a page, which is also the number of lists.
  @inline(__always) var unitsPerPage: UInt64 { pageBytes &>> Layout.unitShift(pool) }

  /// Bytes of so many units.
  @inline(__always) func bytes(_ units: UInt64) -> UInt64 { units &<< Layout.unitShift(pool) }

  /// True where a page begins at `address`.
  @inline(__always) func isPageAligned(_ address: Address) -> Bool {
    address & (pageBytes &- 1) == 0
  }

  /// The first address of the page that holds `address`.
  @inline(__always) func page(of address: Address) -> Address { address & ~(pageBytes &- 1) }

  /// An address cut to the machine's width.
  @inline(__always) func truncated(_ address: Address) -> Address {
    Layout.isWide(pool) ? address : address & 0xFFFF_FFFF
  }

  /// Units of the block that a small request gets, as `Profile.units(forRequest:)`.
  @inline(__always) func units(forRequest bytes: UInt64) -> UInt64 {
    let rounded = max(bytes, 1) &+ headerBytes &+ (1 &<< Layout.unitShift(pool)) &- 1
    return max(rounded &>> Layout.unitShift(pool), pool.pointee.geometry.smallestBlockUnits)
  }
}
