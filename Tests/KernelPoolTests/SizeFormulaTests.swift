import KernelPool
import PoolTestSupport
import Testing

/// Block sizes and thresholds as the published formula gives them (ReactOS POOL_MAX_ALLOC; Mandt).
@Suite struct SizeFormulaTests {
  /// Requested bytes, bytes of the block with 8-byte units, with 16-byte units; nil is whole pages.
  static let table: [(bytes: UInt64, x86: UInt64?, x64: UInt64?)] = [
    (0, 0x10, 0x20), (1, 0x10, 0x20), (7, 0x10, 0x20), (8, 0x10, 0x20), (9, 0x18, 0x20),
    (0x10, 0x18, 0x20), (0x11, 0x20, 0x30), (0xF8, 0x100, 0x110), (0xF9, 0x108, 0x110),
    (0x100, 0x108, 0x110), (0x1F0, 0x1F8, 0x200), (0x1F1, 0x200, 0x210), (0xF08, 0xF10, 0xF20),
    (0xF09, 0xF18, 0xF20), (0xF10, 0xF18, 0xF20), (0xF11, 0xF20, 0xF30), (0xFE0, 0xFE8, 0xFF0),
    (0xFE1, 0xFF0, nil), (0xFF0, 0xFF8, nil), (0xFF1, nil, nil), (0x1000, nil, nil),
  ]

  @Test(arguments: Profiles.x86 + Profiles.x64)
  func blocksHaveTheTablesSizes(_ profile: Profile) throws {
    var test = try TestPool(profile)
    for type in [PoolType.nonPaged, .paged] {
      for row in Self.table {
        let expected = profile.wordBytes == 4 ? row.x86 : row.x64
        try expectSize(&test, type, row.bytes, expected)
      }
    }
  }

  /// Units of 32 bytes behind a header of 8: the smallest block is one unit, and the threshold
  /// follows the same formula.
  @Test(
    arguments: [
      (0, 0x20), (1, 0x20), (0x18, 0x20), (0x19, 0x40), (0xF8, 0x100), (0xF9, 0x120),
      (0xFB8, 0xFC0), (0xFB9, 0xFE0), (0xFD8, 0xFE0), (0xFD9, nil),
    ] as [(UInt64, UInt64?)])
  func windows2000HasUnitsOf32(_ bytes: UInt64, _ expected: UInt64?) throws {
    var test = try TestPool(.windows2000x86)
    try expectSize(&test, .nonPaged, bytes, expected)
    try expectSize(&test, .paged, bytes, expected)
  }

  /// No bytes count as one, also where a header alone could be a block.
  @Test func noBytesCountAsOne() {
    var profile = Profile.windows2003x86
    profile.smallestBlockUnits = 1
    #expect((0...9).map { profile.units(forRequest: $0) } == [2, 2, 2, 2, 2, 2, 2, 2, 2, 3])
  }

  private func expectSize(
    _ test: inout TestPool, _ type: PoolType, _ bytes: UInt64, _ expected: UInt64?
  ) throws {
    let profile = test.profile
    let address = try test.allocate(bytes, type)
    if let expected {
      let header = try test.header(of: address)
      let size = header.units * profile.unitBytes
      #expect(size == expected, "\(profile.name): 0x\(String(bytes, radix: 16)) bytes")
      #expect(address % 4096 == UInt64(profile.header.bytes), "a fresh page's first block")
    } else {
      #expect(address % 4096 == 0, "\(profile.name): 0x\(String(bytes, radix: 16)) bytes")
    }
    try test.free(address)
  }

  /// The largest small block leaves a header without a body on 8-byte units, and on x64.
  @Test(arguments: Profiles.x86 + Profiles.x64)
  func theLargestBlockLeavesAnOrphan(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let address = try test.allocate(profile.wordBytes == 4 ? 0xFF0 : 0xFE0)
    let blocks = try test.blocks(ofPageWith: address)
    let units: UInt64 = profile.wordBytes == 4 ? 511 : 255
    #expect(blocks.map(\.units) == [units, 1])
    #expect(blocks.map(\.previousUnits) == [0, units])
    #expect(blocks[1].type == 0)
    let listed = try test.freeList(.nonPaged, units: 1)
    #expect(listed.isEmpty)
  }

  @Test(arguments: Profiles.all)
  func quantitiesOfThePage(_ profile: Profile) {
    let units: UInt64 = profile.header == .windows2000 ? 128 : profile.wordBytes == 4 ? 512 : 256
    #expect(profile.unitsPerPage == units)
    let limit: UInt64 =
      profile.header == .windows2000 ? 0xFD8 : profile.wordBytes == 4 ? 0xFF0 : 0xFE0
    #expect(profile.largestSmallRequest == limit)
    #expect(profile.header.bytes == (profile.wordBytes == 4 ? 8 : 16))
  }

  /// Sizes near the end of the number range fail; they neither wrap nor trap.
  @Test(arguments: Profiles.all)
  func enormousRequestsFail(_ profile: Profile) throws {
    for bytes: UInt64 in [1 << 31, 1 << 40, 1 << 44, .max - 4096, .max - 15, .max] {
      var test = try TestPool(profile)
      let outcome = test.pool.allocate(.nonPaged, bytes: bytes, tag: PoolTag("Huge"))
      #expect(outcome == .null, "\(bytes) bytes")
    }
  }

  /// ReactOS counts pages in 32 bits on x64: 2^44 + 1 bytes get one page.
  @Test func reactosTruncatesThePageCount() throws {
    var test = try TestPool(.reactosX64)
    let address = try test.allocate(1 << 44 + 1)
    let entries = try test.bigEntries()
    #expect(entries.map(\.address) == [address])
    #expect(entries.map(\.size) == [1])
  }
}
