import KernelPool
import PoolTestSupport
import Testing

/// The tag table: hash, seeds, what is counted, and what happens when it is full (ReactOS
/// ExpInsertPoolTracker and kin).
@Suite struct TagTrackerTests {
  /// The seeded tags in their order with the slots they have in a table of 2048.
  static let seeds: [(String, UInt64)] = [
    ("Io", 456), ("Hal", 1462), ("MdlP", 1875), ("PooL", 505), ("ObSt", 679), ("Irp", 774),
    ("NDdb", 44), ("IrpL", 94), ("IoOp", 1901), ("Mdl", 669), ("File", 580), ("CMVa", 490),
    ("SeSd", 1501), ("NtFC", 1388), ("Pool", 1445), ("TCPr", 667), ("CMNb", 269), ("SeTd", 1500),
    ("NtFs", 930), ("TCPT", 4), ("TCPC", 1416), ("Key", 1219), ("ObSq", 842), ("IoNm", 393),
    ("IoEa", 1595), ("TCPc", 348), ("NtFa", 223), ("Ntf0", 259), ("Sect", 973), ("IrpS", 1161),
    ("Toke", 1681), ("Se", 18), ("ObCl", 1960), ("CcSc", 687), ("NtFl", 1545), ("SeAc", 1706),
    ("FSfm", 343), ("CcWk", 1466), ("FSim", 341), ("AfdC", 431), ("AfdE", 754), ("FSro", 1547),
    ("Ntfn", 190), ("UIRP", 1339), ("NpFr", 1603), ("NpFR", 532), ("SePa", 2046), ("SeUs", 1172),
    ("AcpF", 140), ("AcpM", 1271), ("SeSc", 1727), ("ObNm", 1743), ("NpFs", 1954), ("SeLu", 861),
    ("ScPD", 1935), ("Even", 1488), ("Rqrv", 40), ("Vadl", 484), ("Pp", 1647), ("VadS", 380),
    ("Vad", 1763), ("VadL", 1448), ("VadF", 358), ("BIG", 137),
  ]

  private func tag(_ text: String) -> PoolTag {
    var word: UInt32 = 0
    for (index, byte) in Array(text.utf8.prefix(4) + [32, 32, 32]).prefix(4).enumerated() {
      word |= UInt32(byte) << UInt32(8 * index)
    }
    return PoolTag(word: word)
  }

  @Test(arguments: Profiles.all)
  func seedsHaveTheirSlots(_ profile: Profile) throws {
    let test = try TestPool(profile) { $0.trackerEntries = 0 }
    #expect(test.view.variables.trackerRows == 2049 && test.view.variables.trackerMask == 2047)
    var slots: [UInt64: UInt32] = [:]
    for slot in 0..<UInt64(2049) {
      let row = test.view.variables.trackerTable + slot * (test.word == 8 ? 40 : 28)
      let key = try test.word32(row)
      if key != 0 { slots[slot] = key }
    }
    let expected = Dictionary(uniqueKeysWithValues: Self.seeds.map { ($0.1, tag($0.0).word) })
    #expect(slots == expected)
    #expect(KernelPool.hotTags == Self.seeds.map { tag($0.0) })
  }

  /// `MmCm` hashes to the slot of `FSro` and lands in the next.
  @Test(arguments: Profiles.all, [("MmCm", 1548), ("None", 1869), ("Proc", 1587)])
  func probing(_ profile: Profile, _ vector: (String, UInt64)) throws {
    var test = try TestPool(profile) { $0.trackerEntries = 0 }
    _ = try test.allocate(0x20, tag: tag(vector.0))
    let slot = try test.trackerSlot(tag(vector.0))
    #expect(slot == vector.1)
  }

  /// Small blocks count with header and rounding, large ones in whole pages; paged and nonpaged
  /// apart.
  @Test(arguments: Profiles.all)
  func whatIsCounted(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let units = profile.units(forRequest: 0x33)
    let small = try test.allocate(0x33, tag: PoolTag("Cnt1"))
    let large = try test.allocate(0x1234, tag: PoolTag("Cnt1"))
    _ = try test.allocate(0x33, .paged, tag: PoolTag("Cnt1"))
    var row = try #require(try test.trackerRow(PoolTag("Cnt1")))
    #expect(
      row
        == TagRow(
          nonPaged: [2, 0, units * test.unit + 0x2000], paged: [1, 0, units * test.unit]))
    try test.free(small)
    try test.free(large)
    row = try #require(try test.trackerRow(PoolTag("Cnt1")))
    #expect(row == TagRow(nonPaged: [2, 2, 0], paged: [1, 0, units * test.unit]))
  }

  /// The bug planted as `tracker-bytes-cut` loses what is above sixteen bits, and nothing else.
  @Test(arguments: Profiles.all)
  func aCutCountKeepsSixteenBits(_ profile: Profile) throws {
    var configuration = PoolConfiguration.small(profile)
    configuration.trackerEntries = 512
    var test = try TestPool(configuration, mutant: .trackerBytesCut)
    for (bytes, counted) in [(0x1000, 0x1000), (0x2_3000, 0x4000)] as [(UInt64, UInt64)] {
      _ = try test.allocate(bytes, tag: PoolTag("Cut1"))
      #expect(try test.trackerRow(PoolTag("Cut1"))?.nonPaged[2] == counted)
    }
  }

  /// The protected bit is no part of the key, on either side.
  @Test(arguments: Profiles.all)
  func theProtectedBitIsStripped(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let key = PoolTag("Prot")
    let block = try test.allocate(0x20, tag: PoolTag(word: key.word | 0x8000_0000))
    let header = try test.header(of: block)
    #expect(header.tag == key.word | 0x8000_0000, "the header keeps it")
    try test.free(block, tag: key)
    let row = try #require(try test.trackerRow(key))
    #expect(row.nonPaged == [1, 1, 0])
  }

  /// A table of 64 is full of seeds. ReactOS drops a new tag; the extra slot takes it elsewhere.
  @Test(arguments: Profiles.all)
  func aFullTable(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.trackerEntries = 64 }
    #expect(test.view.variables.trackerRows == 65)
    let block = try test.allocate(0x20, tag: PoolTag("Late"))
    let slot = try test.trackerSlot(PoolTag("Late"))
    #expect(slot == nil)
    let bytes = profile.units(forRequest: 0x20) * test.unit
    let last = try test.trackerSlot(PoolTag("Ovfl"))
    #expect(last == (profile.name.hasPrefix("reactos") ? nil : 64))
    if last != nil {
      let row = try test.trackerRow(PoolTag("Ovfl"))
      #expect(row?.nonPaged == [1, 0, bytes])
    }
    try test.free(block)
    if last != nil {
      let row = try test.trackerRow(PoolTag("Ovfl"))
      #expect(row?.nonPaged == [1, 1, 0])
    }
  }

  /// Frees are booked under the tag in the header, whatever the caller says.
  @Test(arguments: Profiles.windows)
  func freesCountUnderTheHeadersTag(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x20, tag: PoolTag("Mine"))
    try test.free(block, tag: PoolTag("Your"))
    let row = try test.trackerRow(PoolTag("Mine"))
    #expect(row?.nonPaged == [1, 1, 0])
    let other = try test.trackerSlot(PoolTag("Your"))
    #expect(other == nil)
  }

  @Test(
    arguments: [(0, 2048), (1, 64), (100, 64), (129, 128), (9999, 1024)]
      as [(UInt64, UInt64)])
  func requestedSizes(_ requested: UInt64, _ entries: UInt64) throws {
    for profile in Profiles.all {
      let test = try TestPool(profile) { $0.trackerEntries = requested }
      #expect(test.view.variables.trackerRows == entries + 1)
      #expect(test.view.variables.trackerMask == entries - 1)
    }
  }
}
