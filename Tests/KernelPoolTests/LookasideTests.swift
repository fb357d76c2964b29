import KernelPool
import PoolTestSupport
import Testing

/// Lookaside lists: classes, order, depth, what their blocks look like and what is counted (ReactOS
/// ExAllocatePoolWithTag and lookas.c; Mandt 2011; Chappell on the lists of each version).
@Suite struct LookasideTests {
  /// Units of the largest block that goes through a list.
  private func classes(_ profile: Profile) -> UInt64 { profile.header == .windows2000 ? 8 : 32 }

  /// A page whose blocks of `units` have pins between them, so that nothing merges.
  private func spread(
    _ test: inout TestPool, _ count: Int, units: UInt64, _ type: PoolType = .nonPaged
  ) throws -> [Address] {
    var blocks: [Address] = []
    for _ in 0..<count {
      blocks.append(try test.allocate(test.bytes(forUnits: units), type))
      _ = try test.allocate(test.bytes(forUnits: 35), type)
    }
    return blocks
  }

  @Test(arguments: Profiles.all)
  func classesEndAtTheLimit(_ profile: Profile) throws {
    let limit = classes(profile)
    #expect(limit * profile.unitBytes == (profile.wordBytes == 8 ? 512 : 256))
    for type in [PoolType.nonPaged, .paged] {
      var test = try TestPool(profile) { $0.lookasideDepth = 2 }
      let kind: PoolKind = type == .paged ? .paged : .nonPaged
      let inside = try spread(&test, 2, units: limit, type)
      let outside = try spread(&test, 2, units: limit + 1, type)
      try test.free(inside[0])
      try test.free(outside[0])
      let types = [try test.header(of: inside[0]).type, try test.header(of: outside[0]).type]
      #expect(types[0] != 0 && types[1] == 0)
      let list = test.view.lookaside(owner: 0, kind: kind, units: limit)
      #expect(list.top == inside[0] && list.count == 1)
    }
  }

  /// The last listed class by requested bytes: 0xF8 on x86, 0x1F0 on x64.
  @Test(arguments: Profiles.all)
  func theLastListedRequest(_ profile: Profile) {
    let bytes: UInt64 = profile.wordBytes == 8 ? 0x1F0 : 0xF8
    #expect(profile.units(forRequest: bytes) == classes(profile))
    #expect(profile.units(forRequest: bytes + 1) == classes(profile) + 1)
  }

  /// Frees go to the processor's list until it is full, then to the shared one, then to the free
  /// lists; requests take them back in the same order, last in first out.
  @Test(arguments: Profiles.all.filter { $0.sharedLookaside == .separate })
  func processorThenShared(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 2 }
    let blocks = try spread(&test, 5, units: 6)
    for block in blocks { try test.free(block) }
    let own = test.view.lookaside(owner: 0, kind: .nonPaged, units: 6)
    let shared = test.view.lookaside(owner: 1, kind: .nonPaged, units: 6)
    #expect([own.top, shared.top] == [blocks[1], blocks[3]])
    #expect([own.count, shared.count] == [2, 2])
    #expect([own.totalFrees, own.freeHits, shared.totalFrees, shared.freeHits] == [5, 2, 3, 2])
    let free = try test.freeList(.nonPaged, units: 6)
    #expect(free == [blocks[4] - test.headerBytes])
    let again = try (0..<4).map { _ in try test.allocate(test.bytes(forUnits: 6)) }
    #expect(again == [1, 0, 3, 2].map { blocks[$0] })
    let after = [
      test.view.lookaside(owner: 0, kind: .nonPaged, units: 6),
      test.view.lookaside(owner: 1, kind: .nonPaged, units: 6),
    ]
    #expect(after.map(\.allocateHits) == [2, 2])
    #expect(after.map(\.totalAllocates) == [9, 7], "five misses before, and two hits of the other")
  }

  /// From Vista on there is no shared list.
  @Test(arguments: Profiles.vistaOn)
  func processorOnly(_ profile: Profile) throws {
    #expect(profile.sharedLookaside == .none)
    var test = try TestPool(profile) { $0.lookasideDepth = 2 }
    let blocks = try spread(&test, 3, units: 6)
    for block in blocks { try test.free(block) }
    #expect(test.view.lookasideOwners == 1)
    let free = try test.freeList(.nonPaged, units: 6)
    #expect(free == [blocks[2] - test.headerBytes])
    let own = test.view.lookaside(owner: 0, kind: .nonPaged, units: 6)
    #expect(own.top == blocks[1] && own.totalFrees == 3 && own.freeHits == 2)
  }

  /// ReactOS binds both pointers to one list: a miss counts twice, and only one depth is filled.
  @Test(arguments: Profiles.reactos)
  func oneListForBothPointers(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.profile.sharedLookaside = .sameList
      $0.lookasideDepth = nil
    }
    let blocks = try spread(&test, 3, units: 6)
    for block in blocks { try test.free(block) }
    let list = test.view.lookaside(owner: 0, kind: .nonPaged, units: 6)
    #expect(list.depth == 2 && list.count == 2)
    #expect(list.totalAllocates == 6 && list.allocateHits == 0)
    #expect(list.totalFrees == 4 && list.freeHits == 2)
  }

  @Test(arguments: Profiles.all)
  func initialDepths(_ profile: Profile) throws {
    let test = try TestPool(profile) { $0.lookasideDepth = nil }
    let list = test.view.lookaside(owner: 0, kind: .paged, units: 1)
    #expect(list.depth == (profile.name.hasPrefix("reactos") ? 2 : 4))
    #expect(profile.lookasideMaximumDepth == 256)
  }

  /// Waiting blocks keep type, tag and size, carry only the link, and neighbours do not merge with
  /// them.
  @Test(arguments: Profiles.all)
  func waitingBlocksLookAllocated(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 4 }
    let pin = try test.allocate(test.bytes(forUnits: 40))
    let upper = try test.allocate(test.bytes(forUnits: 6), tag: PoolTag("Wait"))
    let lower = try test.allocate(test.bytes(forUnits: 40))
    let before = try test.header(of: upper)
    try test.free(upper)
    let after = try test.header(of: upper)
    #expect(after == before)
    let link = try test.pointer(upper)
    #expect(link == 0)
    try test.free(lower)
    let behind = try test.header(of: lower)
    #expect(behind.units == 40 || behind.type == 0)
    let kept = try test.header(of: upper)
    #expect(kept.units == 6)
    let again = try test.allocate(test.bytes(forUnits: 6), tag: PoolTag("Next"))
    #expect(again == upper)
    let reused = try test.header(of: again)
    #expect(reused.tag == PoolTag("Next").word && reused.units == 6)
    try test.free(pin)
  }

  /// Hits and pushes move no descriptor counter, but do count in the tag table.
  @Test(arguments: Profiles.all)
  func whatIsCounted(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 4 }
    let block = try test.allocate(test.bytes(forUnits: 6))
    let root = try test.descriptor(.nonPaged)
    let layout = profile.descriptor
    let before = [
      try test.counter(root, layout.runningAllocations),
      try test.counter(root, layout.runningFrees),
    ]
    try test.free(block)
    _ = try test.allocate(test.bytes(forUnits: 6))
    let after = [
      try test.counter(root, layout.runningAllocations),
      try test.counter(root, layout.runningFrees),
    ]
    #expect(before == [1, 0] && after == before)
    if let bytes = layout.totalBytes {
      let total = try test.word32(root.address + bytes)
      #expect(UInt64(total) == 6 * test.unit)
    }
    let row = try #require(try test.trackerRow(PoolTag("Test")))
    #expect(row == TagRow(nonPaged: [2, 1, 6 * test.unit], paged: [0, 0, 0]))
  }

  @Test(arguments: Profiles.all)
  func eachProcessorHasItsOwn(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.lookasideDepth = 2
      $0.processors = 2
    }
    let blocks = try spread(&test, 2, units: 6)
    try test.free(blocks[0])
    test.pool.run(onProcessor: 1)
    try test.free(blocks[1])
    let other = try test.allocate(test.bytes(forUnits: 6))
    #expect(other == blocks[1])
    let fresh = try test.allocate(test.bytes(forUnits: 6))
    #expect(fresh != blocks[0])
    test.pool.run(onProcessor: 0)
    let own = try test.allocate(test.bytes(forUnits: 6))
    #expect(own == blocks[0])
  }

  /// A push returns before any merging: small blocks keep a page from being released.
  @Test(arguments: Profiles.all)
  func waitingBlocksHoldTheirPage(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 1 }
    let block = try test.allocate(test.bytes(forUnits: 6))
    try test.free(block)
    #expect(test.view.smallBlockPages(.nonPaged).count == 1)
  }

  // MARK: Depth

  /// The published rule: fewer than 25 requests since the last look lower the depth by ten, few
  /// misses by one, many raise it in proportion to what is left to the maximum; never below the
  /// initial depth.
  @Test(arguments: Profiles.windows)
  func depthsFollowTheMisses(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.lookasideDepth = nil
      $0.profile.lookasideDepthRule = .missRatio
    }
    func depth(_ test: borrowing TestPool) -> UInt16 {
      test.view.lookaside(owner: 0, kind: .nonPaged, units: 6).depth
    }
    let bytes = test.bytes(forUnits: 6)
    _ = try (0..<30).map { _ in try test.allocate(bytes) }
    test.pool.tick(seconds: 1)
    #expect(depth(test) == 4 + 252 / 2 + 5, "every request missed")
    test.pool.tick(seconds: 1)
    #expect(depth(test) == 125, "no request at all")
    let block = try test.allocate(bytes)
    try test.free(block)
    test.pool.tick(seconds: 1)
    for _ in 0..<30 { try test.free(try test.allocate(bytes)) }
    test.pool.tick(seconds: 1)
    #expect(depth(test) == 114, "every request hit")
    test.pool.tick(seconds: 1000)
    #expect(depth(test) == 4)
  }

  @Test(arguments: Profiles.all)
  func depthsStayWhereTheRuleIsOff(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = nil }
    _ = try (0..<30).map { _ in try test.allocate(0x20) }
    test.pool.tick(seconds: 5)
    let list = test.view.lookaside(
      owner: 0, kind: .nonPaged, units: profile.units(forRequest: 0x20))
    #expect(list.depth == profile.lookasideDepth)
  }

  /// With the ratio in thousandths a list that misses grows to its maximum at once.
  @Test func theUnitOfTheRatioIsASwitch() throws {
    var test = try TestPool(.windows7x64) {
      $0.lookasideDepth = nil
      $0.profile.lookasideDepthRule = .missRatio
      $0.profile.missRatioUnit = .perMille
    }
    _ = try (0..<30).map { _ in try test.allocate(0x20) }
    test.pool.tick(seconds: 1)
    let list = test.view.lookaside(owner: 0, kind: .nonPaged, units: 3)
    #expect(list.depth == 256)
  }

  // MARK: Session

  /// Windows 7 has session lists up to 0x19 units, the same for every processor.
  @Test(arguments: Profiles.vistaOn)
  func sessionLists(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.lookasideDepth = 2
      $0.processors = 2
    }
    let type: PoolType = [.paged, .session]
    let inside = try spread(&test, 1, units: 0x19, type)
    let outside = try spread(&test, 1, units: 0x1A, type)
    try test.free(inside[0])
    try test.free(outside[0])
    let types = [try test.header(of: inside[0]).type, try test.header(of: outside[0]).type]
    #expect(types == [0x23, 0])
    test.pool.run(onProcessor: 1)
    let again = try test.allocate(test.bytes(forUnits: 0x19), type)
    #expect(again == inside[0])
  }

  /// Earlier versions have a session pool without lookasides.
  @Test(arguments: Profiles.windows.filter { $0.storedPoolType == .plusOne })
  func noSessionListsBefore7(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 2 }
    let block = try spread(&test, 1, units: 4, [.paged, .session])[0]
    try test.free(block)
    let header = try test.header(of: block)
    #expect(header.type == 0)
  }

  /// Windows 8 keeps memory that cannot be executed on lists of its own.
  @Test func noExecuteLists() throws {
    var test = try TestPool(.windows8x64) { $0.lookasideDepth = 2 }
    let plain = try spread(&test, 1, units: 6)[0]
    let noExecute = try spread(&test, 1, units: 6, .noExecute)[0]
    try test.free(plain)
    try test.free(noExecute)
    let tops = [PoolKind.nonPaged, .nonPagedNoExecute].map {
      test.view.lookaside(owner: 0, kind: $0, units: 6).top
    }
    #expect(tops == [plain, noExecute])
  }

  // MARK: Cookie

  /// The reported cookie is off by default; switched on, a smashed second pointer is noticed.
  @Test(arguments: Profiles.windows)
  func cookies(_ profile: Profile) throws {
    #expect(profile.lookasideLinks == .plain)
    var test = try TestPool(profile) {
      $0.lookasideDepth = 2
      $0.profile.lookasideLinks = .cookie
    }
    let block = try test.allocate(0x20)
    try test.free(block)
    let again = try test.allocate(0x20)
    #expect(again == block)
    try test.free(block)
    try test.write(pointer: 0x1234, at: block + test.word)
    let outcome = test.pool.allocate(.nonPaged, bytes: 0x20, tag: PoolTag("Test"))
    #expect(outcome.bugCheck?.prefix(3) == [0x19, 3, block])
  }
}
