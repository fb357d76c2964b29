import KernelPool
import PoolTestSupport
import Testing

/// The header's words bit for bit, and which of them change when (public symbols; ReactOS miarm.h;
/// Schuster 2006 for Windows 2000).
@Suite struct HeaderBytesTests {
  /// The first word of a live nonpaged block of `units` behind one of `previous`.
  private func word(
    _ profile: Profile, previous: UInt32, index: UInt32, units: UInt32, type: UInt32
  ) -> UInt32 {
    if profile.name == "windows-2000-x86" {
      return previous | index << 8 | type << 16 | units << 24
    }
    if profile.wordBytes == 8 { return previous | index << 8 | units << 16 | type << 24 }
    return previous | index << 9 | units << 16 | type << 25
  }

  @Test(arguments: Profiles.all)
  func aFreshPageIsWrittenWordByWord(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let address = try test.allocate(0x60, tag: PoolTag("MmCm"))
    let units = UInt32((0x60 + test.headerBytes + test.unit - 1) / test.unit)
    let live: UInt32 = profile.storedPoolType == .orTwo ? 2 : 1
    let page = address - test.headerBytes
    let first = try test.word32(page)
    #expect(first == word(profile, previous: 0, index: 0, units: units, type: live))
    let tag = try test.word32(page + 4)
    #expect(tag == 0x6D43_6D4D, "MmCm in memory order")
    let rest = try test.word32(page + UInt64(units) * test.unit)
    let left = UInt32(profile.unitsPerPage) - units
    #expect(rest == word(profile, previous: units, index: 0, units: left, type: 0))
  }

  /// Stored types: plus one up to 2003, or two from Vista on; quota adds 8, alignment 4, session 32.
  @Test(arguments: Profiles.all)
  func liveBlocksStoreTheirType(_ profile: Profile) throws {
    let requests: [(type: PoolType, plusOne: UInt64, orTwo: UInt64)] = [
      (.nonPaged, 1, 2), (.paged, 2, 3), (.cacheAligned, 5, 6), ([.paged, .cacheAligned], 6, 7),
      (.quota, 9, 10), ([.paged, .quota], 10, 11), ([.paged, .session], 0x22, 0x23),
    ]
    var test = try TestPool(profile)
    for request in requests {
      // Second headers for alignment are another suite's matter.
      if profile.cacheAlignment == .secondHeader, request.type.contains(.cacheAligned) { continue }
      let address = try test.allocate(0x20, request.type)
      let header = try test.header(of: address)
      let expected = profile.storedPoolType == .orTwo ? request.orTwo : request.plusOne
      #expect(header.type == expected, "type \(request.type.rawValue)")
    }
  }

  /// The in-use bit reported for XP and 2003 is a switch.
  @Test func theInUseBitCanBeSwitchedOn() throws {
    var test = try TestPool(.windows2003x86) { $0.profile.storedPoolType = .plusOneInUse }
    let nonPaged = try test.allocate(0x20)
    let paged = try test.allocate(0x20, .paged)
    let types = [try test.header(of: nonPaged).type, try test.header(of: paged).type]
    #expect(types == [5, 6])
    try test.free(nonPaged)
    try test.free(paged)
    #expect(test.view.smallBlockPages(.paged).isEmpty)
  }

  /// With that bit type 3 looks as if nothing were stored.
  @Test func theInUseBitLeavesNoRoomForPagedMustSucceed() {
    #expect(throws: ConfigurationError.self) {
      _ = try TestPool(.reactosX64) { $0.profile.storedPoolType = .plusOneInUse }
    }
  }

  // MARK: What stays behind

  /// A page full of 0xEE is opened again: its two headers' first words are new, the remainder's tag
  /// and the block's body are not touched.
  @Test(arguments: Profiles.all)
  func aFreshPageKeepsItsBytes(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 4 }
    let page = try test.dirtyPage()
    let address = try test.allocate(0x40)
    #expect(address == page + test.headerBytes, "the page of the single-page list")
    let remainder = try test.blocks(ofPageWith: page)[1]
    #expect(remainder.tag == 0xEEEE_EEEE)
    let body = try (0..<8).map { try test.word32(address + 4 * $0) }
    #expect(body == Array(repeating: 0xEEEE_EEEE, count: 8), "a fresh body is not cleared")
  }

  /// A recycled block has exactly two pointers cleared.
  @Test(arguments: Profiles.all)
  func aRecycledBodyHasTwoPointersCleared(_ profile: Profile) throws {
    for depth: UInt16 in [0, 4] {
      var test = try TestPool(profile) { $0.lookasideDepth = depth }
      _ = try test.allocate(0x40)
      let address = try test.allocate(0x40)
      _ = try test.allocate(0x40)
      try test.write(Array(repeating: 0xEE, count: 0x40), at: address)
      try test.free(address)
      // Without an exact fit the back of the hole is taken.
      let shift = depth == 0 && profile.firstList == .aboveExactFit ? test.unit : 0
      let again = try test.allocate(0x40 - shift)
      #expect(again == address + shift)
      let words = (0x40 - shift) / test.word
      let body = try (0..<words).map { try test.pointer(again + $0 * test.word) }
      #expect(body[0] == 0 && body[1] == 0)
      let stale: UInt64 = test.word == 8 ? 0xEEEE_EEEE_EEEE_EEEE : 0xEEEE_EEEE
      #expect(body.dropFirst(2).allSatisfy { $0 == stale })
    }
  }

  /// Splitting a block in mid-page makes a header out of stale bytes: ReactOS keeps the index that
  /// lay there, Windows writes its descriptor's.
  @Test(arguments: Profiles.all)
  func aBackSplitKeepsStaleBitsOnReactOSOnly(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 4 }
    _ = try test.dirtyPage()
    _ = try test.allocate(0x40)
    let second = try test.allocate(0x40)
    let header = try test.header(of: second)
    let width: UInt64 = profile.wordBytes == 4 && profile.unitBytes == 8 ? 0x77 : 0xEE
    #expect(header.index == (profile.poolIndexRule == .stale ? width : 0))
    #expect(header.tag == PoolTag("Test").word)
  }

  /// Freed blocks keep tag and index; the type becomes zero and links are written.
  @Test(arguments: Profiles.all)
  func aFreedBlockKeepsItsTag(_ profile: Profile) throws {
    var test = try TestPool(profile)
    _ = try test.allocate(0x40)
    let address = try test.allocate(0x40, tag: PoolTag("Gone"))
    _ = try test.allocate(0x40)
    let before = try test.header(of: address)
    try test.free(address)
    let after = try test.header(of: address)
    #expect(after.tag == PoolTag("Gone").word)
    #expect(after.type == 0 && after.units == before.units)
    #expect(after.previousUnits == before.previousUnits && after.index == before.index)
    let head = try test.descriptor(.nonPaged).listHeads + (after.units - 1) * 2 * test.word
    let mark: Address = profile.name.hasPrefix("reactos") ? 1 : 0
    let links = [try test.pointer(address), try test.pointer(address + test.word)]
    #expect(links == [head | mark, head | mark], "bit 0 marks links on ReactOS only")
  }

  /// After a backward merge the left block's tag survives, and the absorbed header lies in its body.
  @Test(arguments: Profiles.all)
  func theLeftTagSurvivesAMerge(_ profile: Profile) throws {
    var test = try TestPool(profile)
    _ = try test.allocate(0x40)
    _ = try test.allocate(0x40)
    // Later blocks lie lower.
    let upper = try test.allocate(0x40, tag: PoolTag("Uppr"))
    let lower = try test.allocate(0x60, tag: PoolTag("Lowr"))
    _ = try test.allocate(0x40)
    let before = [try test.header(of: lower), try test.header(of: upper)]
    try test.free(lower)
    try test.free(upper)
    let merged = try test.header(of: lower)
    let absorbed = try test.header(of: upper)
    #expect(merged.tag == PoolTag("Lowr").word)
    #expect(merged.units == before[0].units + before[1].units)
    #expect(absorbed == before[1], "garbage within the block")
  }

  /// The process field of x64 headers is not touched without quota.
  @Test(arguments: Profiles.x64)
  func theProcessFieldIsLeftAlone(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 4 }
    let page = try test.dirtyPage()
    _ = try test.allocate(0x40)
    let second = try test.allocate(0x40)
    let stale = try test.pointer(second - 8)
    #expect(stale == 0xEEEE_EEEE_EEEE_EEEE)
    #expect(second & ~0xFFF == page)
  }
}

extension TestPool {
  /// A nonpaged page on the single-page list whose bytes, but for the list's link, are all 0xEE.
  mutating func dirtyPage() throws -> Address {
    let page = try allocate(profile.pageBytes)
    try write(Array(repeating: 0xEE, count: Int(profile.pageBytes)), at: page)
    try free(page)
    return page
  }
}
