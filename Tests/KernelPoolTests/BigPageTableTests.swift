import PoolTestSupport
import Testing

@testable import KernelPool

/// The table of large allocations: hash, entries, removal, growth and shrinking (ReactOS
/// ExpAddTagForBigPages and kin; public symbols for the entries of each version).
@Suite struct BigPageTableTests {
  /// The bytes of the page number, folded: with 4096 entries an address's place is published.
  @Test(
    arguments: [
      (0x8123_4000, 0xA2E), (0xE100_1000, 0xE1F), (0x80C0_0000, 0x404),
    ] as [(Address, UInt64)])
  func hashVectors(_ address: Address, _ slot: UInt64) throws {
    for profile in Profiles.x86 + [.windows2000x86] {
      var test = try TestPool(profile) {
        $0.bigTableEntries = 0
        // Small pages first: the entry of the first large allocation is the only one.
        $0.nonPagedPages = 4
        let isUpward = profile.nonPagedPages == .bitmap
        $0.profile.nonPagedBase = isUpward ? address : address - 0x3000
        $0.profile.pagedBase = 0xA000_0000
        $0.profile.descriptorBase = 0x6000_0000
      }
      let large = try test.allocate(0x1000)
      #expect(large == address)
      let entries = try test.bigEntries()
      #expect(entries.map(\.slot) == [slot], "\(profile.name)")
    }
  }

  @Test(
    arguments: [
      (0xFFFF_FA80_8123_4000, 0x286), (0xFFFF_F8A0_E100_1000, 0x495),
    ] as [(Address, UInt64)])
  func wideHashVectors(_ address: Address, _ slot: UInt64) throws {
    for profile in [Profile.windows2003x64, .windows7x64, .windows8x64] {
      var test = try TestPool(profile) {
        $0.bigTableEntries = 0
        $0.nonPagedPages = 4
        let isUpward = profile.nonPagedPages == .bitmap
        $0.profile.nonPagedBase = isUpward ? address : address - 0x3000
        $0.profile.pagedBase = 0xFFFF_F700_0000_0000
      }
      let large = try test.allocate(0x1000)
      #expect(large == address)
      let entries = try test.bigEntries()
      #expect(entries.map(\.slot) == [slot], "\(profile.name)")
    }
  }

  /// Address, tag and size lie where the version's symbols say; a byte count since Vista.
  @Test(arguments: Profiles.all)
  func entryLayouts(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let large = try test.allocate(0x2345, .paged, tag: PoolTag("Larg"))
    let entries = try test.bigEntries()
    try #require(entries.count == 1)
    let countsBytes = profile.nonPagedPages == .bitmap
    let bytes = (0x2345 + test.unit - 1) / test.unit * test.unit
    #expect(entries[0].address == large && entries[0].tag == PoolTag("Larg").word)
    #expect(entries[0].size == (countsBytes ? bytes : 3))
    guard countsBytes else { return }
    let place = test.view.variables.bigTable + entries[0].slot * (test.word == 8 ? 24 : 16)
    let type = try test.word32(place + test.word + 4)
    #expect(type == 1)
  }

  /// The tag is kept as given, the protected bit included.
  @Test(arguments: Profiles.all)
  func protectedTagsAreKept(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let tag = PoolTag(word: PoolTag("Larg").word | 0x8000_0000)
    let large = try test.allocate(0x2000, tag: tag)
    let entries = try test.bigEntries()
    #expect(entries.map(\.tag) == [tag.word])
    try test.free(large, tag: PoolTag("Larg"))
  }

  /// A removed entry is its address with bit 0 set; tag and size stay. It ends no search, and takes
  /// the next allocation that hashes to it or before it.
  @Test(arguments: Profiles.all)
  func removedEntriesKeepTheirBytes(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let large = try test.allocate(0x1000, tag: PoolTag("Gone"))
    let slot = try test.bigEntries()[0].slot
    let entryBytes: UInt64 = profile.bigEntryBytes
    let place = test.view.variables.bigTable + slot * entryBytes
    let size = try test.word32(place + test.word + 4)
    try test.free(large)
    let address = try test.pointer(place)
    let tag = try test.word32(place + test.word)
    let kept = try test.word32(place + test.word + 4)
    #expect(address == large + 1 && tag == PoolTag("Gone").word && kept == size)
    #expect(test.view.variables.bigTableInUse == 0)
    let again = try test.allocate(0x1000)
    let entries = try test.bigEntries()
    #expect(again == large && entries.map(\.slot) == [slot])
  }

  /// Pages whose numbers differ by 64 share a slot of a table of 64: the second allocation goes to
  /// the next slot and is found past the first one's removed entry.
  @Test(arguments: Profiles.all)
  func collisionsAreProbed(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.bigTableEntries = 64
      $0.nonPagedPages = 256
    }
    let first = try test.allocate(0x1000)
    let between = try test.allocate(63 * 0x1000)
    let second = try test.allocate(0x1000)
    let distance = first > second ? first - second : second - first
    #expect(distance == 64 * 0x1000)
    let slots = try Dictionary(
      uniqueKeysWithValues: test.bigEntries().map { ($0.address, $0.slot) })
    let home = try #require(slots[first])
    let isTaken = slots[between] == (home + 1) % 64
    #expect(slots[second] == (home + (isTaken ? 2 : 1)) % 64)
    try test.free(first)
    try test.free(second)
    let left = try test.bigEntries()
    #expect(left.map(\.address) == [between])
  }

  // MARK: Size

  private func growing(
    _ profile: Profile, entries: UInt64, pages: UInt64 = 1024
  ) throws -> TestPool {
    try TestPool(profile) {
      $0.nonPagedPages = pages
      $0.bigTableEntries = entries
      $0.profile.bigTableResizing = .dynamic
    }
  }

  /// The 17th probe of a table three quarters full doubles it; every entry is still found.
  @Test(arguments: Profiles.all)
  func aCrowdedTableDoubles(_ profile: Profile) throws {
    var test = try growing(profile, entries: 512)
    let start = test.view.variables.bigTableEntries
    var blocks: [Address] = []
    while test.view.variables.bigTableEntries == start, blocks.count < 520 {
      blocks.append(try test.allocate(0x1000))
    }
    #expect(blocks.count > 384 && blocks.count <= 513)
    let grown = test.view.variables.bigTableEntries
    let perPage = 4096 / profile.bigEntryBytes
    #expect(grown == (start * 2) & ~(perPage - 1))
    let entries = try test.bigEntries()
    #expect(Set(entries.map(\.address)) == Set(blocks))
    #expect(test.view.variables.bigTableInUse == UInt64(blocks.count))
    for block in blocks { try test.free(block) }
    #expect(test.view.variables.bigTableInUse == 0)
  }

  /// An entry that passes fifteen others lets a crowded table be, one that passes sixteen doubles it.
  @Test(arguments: [Profile.windows2003x86, .windows7x64])
  func theSeventeenthProbeDoubles(_ profile: Profile) throws {
    let test = try growing(profile, entries: 512)
    func add(_ page: UInt64) throws -> UInt64 {
      let isEntered = try test.pool.state.pointee.addBigEntry(
        page << 12, tag: PoolTag("Test"), bytes: 0x1000, type: .nonPaged)
      #expect(isEntered)
      return test.view.variables.bigTableEntries
    }
    // These take the places 1 to 383 and 385; the next two hash to 369 and 370 and come to 384 and 386.
    for page in 1...384 as ClosedRange<UInt64> { _ = try add(page) }
    #expect(test.pool.state.pointee.partialHash(882 << 12) & 511 == 369)
    let sizes = [try add(882), try add(881)]
    #expect(sizes[0] == 512 && sizes[1] > 512)
  }

  /// Every large free halves a table less than an eighth of which is in use, down to a page of
  /// entries, rounded as recorded.
  @Test(arguments: Profiles.all)
  func aSparseTableHalves(_ profile: Profile) throws {
    var test = try growing(profile, entries: 4096)
    let perPage = 4096 / profile.bigEntryBytes
    var size = test.view.variables.bigTableEntries
    #expect(size == 4096)
    for _ in 0..<8 {
      let block = try test.allocate(0x1000)
      try test.free(block)
      let expected = (size / 2 + perPage - 1) & ~(perPage - 1)
      #expect(test.view.variables.bigTableEntries == expected)
      size = expected
    }
    #expect(size == (profile.bigEntryBytes == 12 ? 512 : 256))
  }

  /// The tag table follows the table's pages; with the kernel's own tables in the pool nothing but
  /// the present table remains under `Pool`.
  @Test(arguments: Profiles.reactos + [.windows2003x86, .windows2003x64])
  func resizingIsTracked(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.nonPagedPages = 1024
      $0.trackerEntries = 0
      $0.bigTableEntries = 0
      $0.initialisation = .kernel
      $0.profile.bigTableResizing = .dynamic
    }
    func poolBytes() throws -> UInt64 { try test.trackerRow(PoolTag("Pool"))?.nonPaged[2] ?? 0 }
    let before = try poolBytes()
    let block = try test.allocate(0x1000)
    try test.free(block)
    let after = try poolBytes()
    #expect(before - after == 2048 * profile.bigEntryBytes)
  }

  /// A full table that cannot grow loses the entry: the allocation is tracked under `BIG `, and can
  /// still be freed.
  @Test(arguments: Profiles.all)
  func aFullTableLosesTheEntry(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.nonPagedPages = 128
      $0.bigTableEntries = 64
    }
    let blocks = try (0..<64).map { _ in try test.allocate(0x1000) }
    #expect(test.view.variables.bigTableInUse == 64)
    let lost = try test.allocate(0x1800)
    #expect(test.view.variables.bigTableExpansionFailures == 1)
    let row = try #require(try test.trackerRow(PoolTag("BIG ")))
    #expect(row.nonPaged == [1, 0, 0x2000])
    try test.free(lost)
    for block in blocks { try test.free(block) }
    let first = try test.allocate(0x1000 * 128)
    try test.free(first)
  }

  /// NT 4.0's fixed table is a switch.
  @Test func aFixedTableStays() throws {
    var test = try TestPool(.windows2000x86)
    let start = test.view.variables.bigTableEntries
    let block = try test.allocate(0x1000)
    try test.free(block)
    #expect(test.view.variables.bigTableEntries == start)
  }

  /// Requested sizes go down to a power of two, at least 64, at most a 256th of the pool's bytes.
  @Test(
    arguments: [(0, 4096), (1, 64), (63, 64), (100, 64), (700, 512), (9999, 1024)]
      as [(UInt64, UInt64)])
  func requestedSizes(_ requested: UInt64, _ entries: UInt64) throws {
    for profile in Profiles.all {
      let test = try TestPool(profile) { $0.bigTableEntries = requested }
      #expect(test.view.variables.bigTableEntries == entries)
    }
  }
}
