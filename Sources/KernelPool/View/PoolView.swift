/// What a debugger could read of a pool: memory, layout and roots. It can change nothing.
///
/// A view stays valid as long as the pool it was taken from, and always shows the present state:
/// it holds pointers, not copies. Whoever keeps one must keep the pool.
///
/// It is a handful of pointers, because it is handed to every check of every operation: with the
/// facts of the version in it, copies of views were a tenth of a check.
public struct PoolView {
  /// The version's facts.
  public var profile: Profile {
    @inlinable unsafeAddress { profilePointer }
  }
  /// Where they lie, for the pool's whole life: handing the facts themselves on copies them.
  public var profileAddress: UnsafePointer<Profile> {
    @inlinable get { profilePointer }
  }
  /// The machine's sizes.
  public var configuration: PoolConfiguration {
    @inlinable unsafeAddress { configurationPointer }
  }

  @usableFromInline let profilePointer: UnsafePointer<Profile>
  @usableFromInline let configurationPointer: UnsafePointer<PoolConfiguration>
  /// Memory regions in no particular order.
  @usableFromInline let regions: UnsafePointer<MemoryRegion>
  @usableFromInline let regionCount: Int
  @usableFromInline let variablesPointer: UnsafePointer<KernelVariables>
  @usableFromInline let descriptorsPointer: UnsafePointer<DescriptorRoot>
  @usableFromInline let descriptorCount: Int
  @usableFromInline let lookasidesPointer: UnsafePointer<LookasideList>

  /// The kernel's variables, read where they lie: copying them all for one showed in a profile.
  public var variables: KernelVariables {
    @inlinable unsafeAddress { variablesPointer }
  }

  /// Where they lie, for the pool's whole life.
  public var variablesAddress: UnsafePointer<KernelVariables> {
    @inlinable get { variablesPointer }
  }

  /// Every descriptor.
  @inlinable public var descriptors: UnsafeBufferPointer<DescriptorRoot> {
    UnsafeBufferPointer(start: descriptorsPointer, count: descriptorCount)
  }

  /// Owners of lookaside lists: every processor, then, where the profile has it, the shared lists.
  @inlinable public var lookasideOwners: Int {
    configuration.processors + (profile.sharedLookaside == .separate ? 1 : 0)
  }

  /// The lookaside list of an owner, a pool and a block size in units from 1 up to the profile's
  /// classes.
  @inlinable public func lookaside(owner: Int, kind: PoolKind, units: UInt64) -> LookasideList {
    let row = owner * PoolKind.count + Int(kind.rawValue)
    return lookasidesPointer[row * Int(profile.lookasideClasses) + Int(units) - 1]
  }

  /// How many lookaside lists there are.
  @inlinable public var lookasideCount: Int {
    lookasideOwners * PoolKind.count * Int(profile.lookasideClasses)
  }

  /// The lookaside list of an index: by owner, then by pool, then by size. The same list as
  /// `lookaside(owner:kind:units:)` gives.
  @inlinable public func lookaside(at index: Int) -> LookasideList { lookasidesPointer[index] }

  /// The bytes of a range that is wholly mapped and in one region; nil otherwise.
  @inlinable public func bytes(at address: Address, count: UInt64) -> UnsafeRawPointer? {
    for index in 0..<regionCount {
      if regions[index].contains(address) {
        let isLong = count > profile.pageBytes
        return UnsafeRawPointer(
          isLong
            ? regions[index].locateRange(address, count)
            : regions[index].locate(address, byteCount: count))
      }
    }
    return nil
  }

  /// The host bytes of the initial nonpaged pool, all of which is always mapped. A page that nobody
  /// has accessed has not got its stamp there.
  @inlinable public var initialPool: UnsafeRawPointer { UnsafeRawPointer(regions[0].host) }

  /// The marks of a page of the initial nonpaged pool, counted from its start.
  @inlinable public func marks(ofInitialPage page: Int) -> PageMarks {
    PageMarks(rawValue: regions[0].marksPointer[page])
  }

  /// The region that holds `address`, or nil.
  @inlinable public func region(of address: Address) -> MemoryRegion? {
    for index in 0..<regionCount where regions[index].contains(address) { return regions[index] }
    return nil
  }

  /// The pool whose pages lie around `address`, or nil outside of every pool. A region is not handed on
  /// for that: copying it showed in the time of every allocation.
  @inlinable public func kind(ofPoolAt address: Address) -> PoolKind? {
    for index in 0..<regionCount
    where address &- regions[index].base < regions[index].byteCount { return regions[index].kind }
    return nil
  }

  /// The 64-bit word at `address`, or nil where nothing is mapped.
  @inlinable public func word64(_ address: Address) -> UInt64? {
    locateWord(address, byteCount: 8)?.loadUnaligned(as: UInt64.self)
  }

  /// The 32-bit word at `address`, or nil where nothing is mapped.
  @inlinable public func word32(_ address: Address) -> UInt32? {
    locateWord(address, byteCount: 4)?.loadUnaligned(as: UInt32.self)
  }

  /// The byte at `address`, or nil where nothing is mapped.
  @inlinable public func byte(_ address: Address) -> UInt8? {
    locateWord(address, byteCount: 1)?.load(as: UInt8.self)
  }

  /// The pointer at `address`, or nil where nothing is mapped.
  @inlinable public func pointer(_ address: Address) -> Address? {
    if profile.wordBytes == 8 { return word64(address) }
    guard let word = word32(address) else { return nil }
    return UInt64(word)
  }

  /// The marks of the page that holds `address`, or nil outside of every pool.
  @inlinable public func marks(ofPageAt address: Address) -> PageMarks? {
    var region = regions
    let end = regions + regionCount
    while region != end {
      let offset = address &- region.pointee.base
      if offset < region.pointee.byteCount {
        guard region.pointee.hasFrames else { return nil }
        return PageMarks(
          rawValue: region.pointee.marksPointer[
            Int(truncatingIfNeeded: offset &>> region.pointee.pageShift)])
      }
      region += 1
    }
    return nil
  }

  /// The host bytes of a word. Nothing here is generic: a debug build would ask the word's type for
  /// every step.
  @inlinable func locateWord(_ address: Address, byteCount: UInt64) -> UnsafeRawPointer? {
    var region = regions
    let end = regions + regionCount
    while region != end {
      if address &- region.pointee.base < region.pointee.byteCount {
        return region.locateWord(address, byteCount: byteCount)
      }
      region += 1
    }
    return nil
  }
}

extension PoolView {
  /// One bit of a map in simulated memory; false where nothing is mapped.
  public func bit(_ index: UInt64, ofMapAt map: Address) -> Bool {
    guard let byte = byte(map &+ index >> 3) else { return false }
    return byte >> UInt8(index & 7) & 1 != 0
  }

  /// True for addresses of nonpaged pool.
  public func isNonPaged(_ address: Address) -> Bool { region(of: address)?.kind == .nonPaged }

  /// Pages of a pool that are carved into small blocks, by address.
  public func smallBlockPages(_ kind: PoolKind) -> [Address] {
    var pages: [Address] = []
    for index in 0..<regionCount where regions[index].kind == kind {
      let region = regions[index]
      let marks = region.marksPointer
      let count = region.byteCount >> region.pageShift
      let smallBlocks = PageMarks.smallBlocks.rawValue
      let smallBlocksOfEight = UInt64(smallBlocks) &* 0x0101_0101_0101_0101
      var page: UInt64 = 0
      while page < count {
        // Most pages are not: eight at once.
        if page &+ 8 <= count,
          UnsafeRawPointer(marks + Int(page)).loadUnaligned(as: UInt64.self) & smallBlocksOfEight
            == 0
        {
          page += 8
          continue
        }
        if marks[Int(page)] & smallBlocks != 0 {
          pages.append(region.base + page << region.pageShift)
        }
        page += 1
      }
    }
    return pages.sorted()
  }

  /// Bytes of the pages that were ever accessed: what the simulated machine takes of the host's
  /// memory, tables of marks not counted.
  public var touchedBytes: UInt64 {
    var pages: UInt64 = 0
    for index in 0..<regionCount {
      let region = regions[index]
      let count = (region.byteCount &+ profile.pageBytes &- 1) &>> region.pageShift
      let (marks, touched) = (region.marksPointer, PageMarks.touched.rawValue)
      for page in 0..<Int(count) where marks[page] & touched != 0 { pages += 1 }
    }
    return pages * profile.pageBytes
  }
}
