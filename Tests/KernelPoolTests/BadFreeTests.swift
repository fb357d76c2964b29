import KernelPool
import PoolTestSupport
import Testing

/// Frees of addresses that are not live blocks, and frees next to damage (Microsoft's bug check
/// reference for 0xC2 and 0x19; ReactOS for what it lets pass).
@Suite struct BadFreeTests {
  /// Frees an address in a pool prepared by `prepare`, which returns it.
  private func free(
    _ profile: Profile, tag: PoolTag? = nil,
    _ prepare: (inout TestPool) throws -> Address
  ) throws -> KernelPool.FreeOutcome {
    var test = try TestPool(profile)
    let address = try prepare(&test)
    return test.pool.free(address, tag: tag)
  }

  // MARK: Addresses outside of the pools

  @Test(arguments: Profiles.windows)
  func userAddresses(_ profile: Profile) throws {
    for address: Address in [0, 0x1000, 0x40_0000, 0x1008, 0x40_0010] {
      let outcome = try free(profile) { _ in address }
      #expect(outcome.bugCheck == [0xC2, 0x40, address, profile.systemBase, 0])
    }
  }

  @Test(arguments: Profiles.windows)
  func systemAddressesOutsideOfThePools(_ profile: Profile) throws {
    let page = profile.contiguousBase + 0x10_0000
    let large = try free(profile) { _ in page }
    #expect(large.bugCheck == [0xC2, 0x42, page, 0, 0])
    let small = try free(profile) { _ in page + 0x40 }
    #expect(small.bugCheck == [0xC2, 0x43, page + 0x40, 0, 0])
  }

  @Test(arguments: Profiles.reactos)
  func reactosKnowsOnlyPages(_ profile: Profile) throws {
    for page: Address in [0, 0x1000, 0x7000_0000] {
      let outcome = try free(profile) { _ in page }
      #expect(outcome.bugCheck == [0xC2, 0x42, page, 0, 0])
    }
    let small = try free(profile) { _ in 0x7000_0010 }
    guard case .halted(.fault) = small else {
      Issue.record("\(small)")
      return
    }
  }

  /// An address before which no header can lie.
  @Test(arguments: Profiles.windows)
  func misalignedAddresses(_ profile: Profile) throws {
    for offset in [1, 4, profile.unitBytes / 2] {
      let outcome = try free(profile) { try $0.allocate(0x80) + offset }
      #expect(outcome.bugCheck?.prefix(2) == [0xC2, 0x46])
    }
  }

  // MARK: Pages that are no allocation

  @Test(arguments: Profiles.windows)
  func unknownPages(_ profile: Profile) throws {
    let isNew = profile.nonPagedPages == .bitmap
    for type in [PoolType.nonPaged, .paged] {
      var place: Address = 0
      let inside = try free(profile) { test in
        place = try test.allocate(0x4000, type) + 0x1000
        return place
      }
      if isNew {
        #expect(inside.bugCheck == [0x19, 0x22, place, 0, 0])
      } else if type == .nonPaged {
        #expect(inside.bugCheck == [0xC2, 0x44, place, 0, 0])
      } else {
        let page = (place - profile.pagedBase) / 0x1000
        #expect(inside.bugCheck == [0xC2, 0x50, place, page, 64 * 0x1000])
      }
    }
  }

  /// The session pool's pages are counted from its own start.
  @Test func unknownSessionPages() throws {
    var place: Address = 0
    let outcome = try free(.windows2003x86) { test in
      place = try test.allocate(0x4000, [.paged, .session]) + 0x2000
      return place
    }
    #expect(outcome.bugCheck == [0xC2, 0x50, place, 2, 32 * 0x1000])
  }

  @Test(arguments: Profiles.windows)
  func twiceFreedPages(_ profile: Profile) throws {
    var large: Address = 0
    let outcome = try free(profile) { test in
      large = try test.allocate(0x2000)
      try test.free(large)
      return large
    }
    let isNew = profile.nonPagedPages == .bitmap
    #expect(outcome.bugCheck == (isNew ? [0x19, 0x22] : [0xC2, 0x44]) + [large, 0, 0])
  }

  /// ReactOS lets an inner page pass and frees everything up to the allocation's end.
  @Test(arguments: Profiles.reactos)
  func reactosFreesFromTheMiddle(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let large = try test.allocate(0x4000)
    try test.free(large + 0x2000)
    let marks = [0, 1, 2, 3].map { test.view.marks(ofPageAt: large + $0 * 0x1000) }
    #expect(marks.map { $0?.contains(.end) } == [false, false, false, false])
    #expect(marks[0]?.contains(.start) == true)
  }

  // MARK: Blocks freed twice

  @Test(arguments: Profiles.windows, [PoolType.nonPaged, .paged])
  func twiceFreedBlocks(_ profile: Profile, _ type: PoolType) throws {
    var block: Address = 0
    var word: UInt32 = 0
    let outcome = try free(profile) { test in
      _ = try test.allocate(0x80, type)
      block = try test.allocate(0x80, type)
      _ = try test.allocate(0x80, type)
      try test.free(block)
      word = try test.word32(block - test.headerBytes)
      return block
    }
    #expect(outcome.bugCheck == [0xC2, 7, 0, UInt64(word), block])
  }

  /// ReactOS takes the free header for a paged one and links it into the other pool's list, too.
  @Test(arguments: Profiles.reactos)
  func reactosLinksTheBlockTwice(_ profile: Profile) throws {
    var test = try TestPool(profile)
    _ = try test.allocate(0x300)
    let block = try test.allocate(0x300)
    _ = try test.allocate(0x300)
    // The last pointer is read as the process that paid.
    try test.write(Array(repeating: 0, count: 0x300), at: block)
    try test.free(block)
    let units = try test.header(of: block).units
    let outcome = test.pool.free(block)
    #expect(outcome == .freed)
    let list = try test.freeList(.paged, units: units)
    #expect(list == [block - test.headerBytes])
    let row = try test.trackerRow(PoolTag("Test"))
    #expect(row?.paged[1] == 1)
  }

  /// On a lookaside a block looks allocated: it is pushed twice and handed out twice.
  @Test(arguments: Profiles.all)
  func lookasidesDoNotNotice(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 4 }
    let block = try test.allocate(0x20)
    try test.free(block)
    try test.free(block)
    let first = try test.allocate(0x20)
    let second = try test.allocate(0x20)
    #expect(first == block && second == block)
  }

  @Test(arguments: Profiles.windows)
  func aSizeOfZero(_ profile: Profile) throws {
    var header: Address = 0
    var word: UInt32 = 0
    let outcome = try free(profile) { test in
      let block = try test.allocate(0x80)
      header = block - test.headerBytes
      let live: UInt32 = profile.storedPoolType == .orTwo ? 2 : 1
      word = profile.header == .windows2000 ? live << 16 : live << (test.word == 8 ? 24 : 25)
      try test.write(word32: word, at: header)
      return block
    }
    #expect(outcome.bugCheck == [0xC2, 1, header, UInt64(word), 0])
  }

  /// ReactOS takes a size of zero for one below the first list: in the table of nonpaged lists that
  /// is a null pointer of the table before, of which the count of frees is raised.
  @Test(arguments: Profiles.reactos)
  func aSizeOfZeroHasNoList(_ profile: Profile) throws {
    let outcome = try free(profile) { test in
      let block = try test.allocate(0x80)
      try test.write(word32: test.word == 8 ? 1 << 24 : 1 << 25, at: block - test.headerBytes)
      return block
    }
    #expect(outcome == .halted(.fault(profile.wordBytes == 8 ? 0x1C : 0x14)))
  }

  /// For paged blocks it is the last nonpaged list. A block that comes from there is booked with the
  /// size that its header has.
  @Test(arguments: Profiles.reactos)
  func aPagedSizeOfZeroIsHandedOutAsTheLargestClass(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 4 }
    let body = profile.nonPagedBase + 0x10_000 + test.headerBytes
    try test.free(body)
    let bytes = test.bytes(forUnits: 32)
    let block = try test.allocate(bytes, tag: PoolTag("Zero"))
    #expect(block == body)
    #expect(try test.trackerRow(PoolTag("Zero"))?.nonPaged == [1, 0, 0])
    // A type that is not plain takes the long way through the allocator.
    var other = try TestPool(profile) { $0.lookasideDepth = 4 }
    try other.free(body)
    let aligned = try other.allocate(bytes, .cacheAligned, tag: PoolTag("Zero"))
    #expect(aligned == body)
    #expect(try other.trackerRow(PoolTag("Zero"))?.nonPaged == [1, 0, 0])
  }

  // MARK: Damaged neighbours and links

  /// From 7 on the next header must know the block's size, also when the block is small enough for
  /// a lookaside; before, nobody looks.
  @Test(arguments: Profiles.windows)
  func aWrongPreviousSize(_ profile: Profile) throws {
    var block: Address = 0
    var next: Address = 0
    var own: UInt32 = 0
    let outcome = try free(profile) { test in
      _ = try test.allocate(0x80)
      let upper = try test.allocate(0x80)
      block = try test.allocate(0x80)
      next = upper - test.headerBytes
      own = try test.word32(block - test.headerBytes)
      let word = try test.word32(next)
      try test.write(word32: word ^ 1, at: next)
      return block
    }
    if profile.nonPagedPages == .bitmap, !profile.name.contains("vista") {
      #expect(
        outcome.bugCheck == [0x19, 0x20, block - UInt64(profile.header.bytes), next, UInt64(own)])
    } else {
      #expect(outcome == .freed)
    }
  }

  /// A smashed link of a free neighbour: noticed at the merge from 7 on and on ReactOS.
  @Test(arguments: Profiles.all)
  func aSmashedLink(_ profile: Profile) throws {
    var entry: Address = 0
    let outcome = try free(profile) { test in
      _ = try test.allocate(0x80)
      _ = try test.allocate(0x80)
      let upper = try test.allocate(0x80)
      let lower = try test.allocate(0x80)
      _ = try test.allocate(0x80)
      try test.free(upper)
      entry = upper
      let other = try test.allocate(0x200)
      try test.write(pointer: other | (profile.linkEncoding == .lowBitSet ? 1 : 0), at: upper)
      return lower
    }
    if profile.checks == .none {
      #expect(outcome == .freed)
    } else {
      #expect(outcome.bugCheck?.prefix(3) == [0x19, 3, entry])
    }
  }

  /// ReactOS looks at both neighbours of an entry that it takes out as well: the back link of the one
  /// before no longer leads to who points at it.
  @Test(arguments: Profiles.reactos)
  func aSmashedLinkOfTheEntryBefore(_ profile: Profile) throws {
    var before: Address = 0
    let outcome = try free(profile) { test in
      var blocks: [Address] = []
      for _ in 0..<3 {
        _ = try test.allocate(0x80)
        blocks.append(try test.allocate(0x80))
      }
      let neighbour = try test.allocate(0x80)
      _ = try test.allocate(0x80)
      // The list holds the first, the second, the third.
      for block in blocks.reversed() { try test.free(block) }
      before = blocks[1]
      try test.write(pointer: blocks[2] | 1, at: before + test.word)
      return neighbour
    }
    #expect(outcome.bugCheck?.prefix(3) == [0x19, 3, before])
  }

  /// A smashed list head is noticed when a block is taken from it.
  @Test(arguments: Profiles.all)
  func aSmashedHead(_ profile: Profile) throws {
    var test = try TestPool(profile)
    _ = try test.allocate(0x80)
    let block = try test.allocate(0x80)
    _ = try test.allocate(0x80)
    try test.free(block)
    let units = profile.units(forRequest: 0x80)
    let head = try test.descriptor(.nonPaged).listHeads + (units - 1) * 2 * test.word
    // The entry's back link no longer points at the head.
    try test.write(pointer: block, at: block + test.word)
    let request = profile.firstList == .exactFit ? 0x80 : 0x80 - test.unit
    let outcome = test.pool.allocate(.nonPaged, bytes: request, tag: PoolTag("Test"))
    if profile.checks == .none {
      #expect(outcome == .address(block))
    } else {
      // What points back from either side: the entry at itself, as it was made to, and the head.
      #expect(outcome.bugCheck == [0x19, 3, head, block, head])
    }
  }

  /// ReactOS finds a damaged header anywhere on the page, and says which rule it breaks.
  @Test(arguments: Profiles.reactos)
  func reactosChecksThePage(_ profile: Profile) throws {
    let sizeShift: UInt32 = 16
    let damages: [(UInt64, (UInt32) -> UInt32)] = [
      (5, { $0 ^ 1 }), (8, { $0 & ~(0xFF << sizeShift) }), (9, { $0 | 0xFF << sizeShift }),
      (7, { $0 & ~0xFF }),
    ]
    for (code, damage) in damages {
      let outcome = try free(profile) { test in
        let first = try test.allocate(test.bytes(forUnits: 40))
        _ = try test.allocate(test.bytes(forUnits: 40))
        let damaged = try test.allocate(test.bytes(forUnits: 40))
        let word = try test.word32(damaged - test.headerBytes)
        try test.write(word32: damage(word), at: damaged - test.headerBytes)
        return first
      }
      let found = outcome.bugCheck
      #expect(found?.first == 0x19)
      // A header's wrong size is seen first from the block before it, by its previous size.
      #expect(
        found?[1] == code || found?[1] == 5, "damage for 0x19/\(code): \(String(describing: found))"
      )
      // The third parameter says nothing.
      #expect(found?.count == 5 && found?[3] == 0)
    }
  }

  // MARK: Tags

  @Test(arguments: Profiles.all, [0x40, 0x2000] as [UInt64])
  func wrongTags(_ profile: Profile, _ bytes: UInt64) throws {
    let real = PoolTag("Real")
    let wrong = PoolTag("Othr")
    let isReactos = profile.name.hasPrefix("reactos")
    for isProtected in [false, true] {
      let stored = PoolTag(word: isProtected ? real.word | 0x8000_0000 : real.word)
      var block: Address = 0
      let outcome = try free(profile, tag: wrong) {
        block = try $0.allocate(bytes, tag: stored)
        return block
      }
      let refused = isReactos || isProtected
      #expect(
        outcome.bugCheck
          == (refused ? [0xC2, 0xA, block, UInt64(real.word), UInt64(wrong.word)] : nil))
      let right = try free(profile, tag: real) { try $0.allocate(bytes, tag: stored) }
      let none = try free(profile, tag: nil) { try $0.allocate(bytes, tag: stored) }
      let zero = try free(profile, tag: PoolTag(word: 0)) { try $0.allocate(bytes, tag: stored) }
      #expect([right, none, zero] == [.freed, .freed, .freed])
    }
  }

  /// ReactOS compares with the tag as given: the protected bit makes it another tag.
  @Test(arguments: Profiles.all)
  func theProtectedBitInTheCallersTag(_ profile: Profile) throws {
    let marked = PoolTag(word: PoolTag("Real").word | 0x8000_0000)
    let outcome = try free(profile, tag: marked) { try $0.allocate(0x40, tag: marked) }
    if profile.name.hasPrefix("reactos") {
      #expect(outcome.bugCheck?.prefix(2) == [0xC2, 0xA])
    } else {
      #expect(outcome == .freed)
    }
  }

  @Test(arguments: Profiles.windows)
  func tagChecksAreASwitch(_ profile: Profile) throws {
    for (check, refused) in [(TagCheck.always, true), (.never, false)] {
      var test = try TestPool(profile) { $0.profile.tagCheck = check }
      let stored = PoolTag(word: PoolTag("Real").word | (refused ? 0 : 0x8000_0000))
      let block = try test.allocate(0x40, tag: stored)
      let outcome = test.pool.free(block, tag: PoolTag("Othr"))
      #expect((outcome != .freed) == refused)
    }
  }
}
