import KernelPool
import PoolTestSupport
import Testing

/// Deferred frees of Windows 7 and later: batches of 32 for each descriptor (Mandt 2011).
@Suite struct DeferredFreeTests {
  /// A pool that defers, with blocks too large for lookasides and pins between them.
  private func pool(
    _ profile: Profile, _ change: (inout PoolConfiguration) -> Void = { _ in }
  ) throws -> TestPool {
    try TestPool(profile) {
      $0.profile.deferredFrees = true
      change(&$0)
    }
  }

  private func depth(_ test: borrowing TestPool) throws -> UInt32 {
    try test.counter(test.descriptor(.nonPaged), test.profile.descriptor.pendingFreeDepth)
  }

  private func first(_ test: borrowing TestPool) throws -> Address {
    try test.pointer(
      test.descriptor(.nonPaged).address + test.profile.descriptor.pendingFrees)
  }

  @Test func whichVersionsDefer() {
    #expect(
      Profile.all.filter(\.deferredFrees).map(\.name)
        == [
          "windows-vista-x86", "windows-vista-x64", "windows-7-x86", "windows-7-x64",
          "windows-8-x86", "windows-8-x64", "windows-8.1-x64", "windows-10-x64",
        ])
    #expect(Profile.all.allSatisfy { $0.deferredFreeLimit == 32 })
  }

  /// Freed blocks wait on a single-linked list, newest first, and look allocated.
  @Test(arguments: Profiles.vistaOn)
  func freedBlocksWait(_ profile: Profile) throws {
    var test = try pool(profile)
    let blocks = try (0..<4).map { _ in try test.allocate(0x80) }
    let before = try test.blocks(ofPageWith: blocks[0])
    for block in blocks[1...2] { try test.free(block) }
    let after = try test.blocks(ofPageWith: blocks[0])
    #expect(after == before)
    let waiting = try depth(test)
    #expect(waiting == 2)
    let newest = try first(test)
    let links = [try test.pointer(blocks[2]), try test.pointer(blocks[1])]
    #expect(newest == blocks[2] && links == [blocks[1], 0])
    let root = try test.descriptor(.nonPaged)
    let freed = try test.counter(root, profile.descriptor.runningFrees)
    #expect(freed == 0)
  }

  /// The free that finds 32 waiting processes them and then waits itself.
  @Test(arguments: Profiles.vistaOn)
  func theThirtyThirdFreeProcessesTheBatch(_ profile: Profile) throws {
    var test = try pool(profile)
    let blocks = try (0..<66).map { _ in try test.allocate(0x200) }
    let odd = stride(from: 1, to: 66, by: 2).map { blocks[$0] }
    for block in odd.prefix(32) { try test.free(block) }
    let full = try depth(test)
    let types = try odd.prefix(32).map { try test.header(of: $0).type }
    #expect(full == 32 && types.allSatisfy { $0 == 2 })
    try test.free(odd[32])
    let left = try depth(test)
    let newest = try first(test)
    #expect(left == 1 && newest == odd[32])
    for block in odd.prefix(32) {
      let offset = (block - test.headerBytes) & 0xFFF
      let live = try test.blocks(ofPageWith: block).first { $0.offset == offset && $0.type != 0 }
      #expect(live == nil)
    }
    let root = try test.descriptor(.nonPaged)
    let frees = try test.counter(root, profile.descriptor.runningFrees)
    #expect(frees == 32)
  }

  /// The batch goes through its list from the newest block on, so the first one freed ends at the
  /// head of the free list.
  @Test(arguments: Profiles.vistaOn)
  func theBatchRunsNewestFirst(_ profile: Profile) throws {
    var test = try pool(profile)
    var blocks: [Address] = []
    for _ in 0..<4 {
      _ = try test.allocate(0x40)
      blocks.append(try test.allocate(0x80))
    }
    _ = try test.allocate(0x40)
    for block in blocks { try test.free(block) }
    _ = test.pool.drainDeferredFrees()
    let list = try test.freeList(.nonPaged, units: profile.units(forRequest: 0x80))
    #expect(list == blocks.map { $0 - test.headerBytes })
  }

  /// Pages that a batch empties are given back at its end, not as they become free.
  @Test(arguments: Profiles.vistaOn)
  func pagesAreReleasedAtTheEnd(_ profile: Profile) throws {
    var test = try pool(profile) { $0.singlePageDepth = 4 }
    let limit = profile.largestSmallRequest
    let pages = try (0..<3).map { _ in try test.allocate(limit) }
    for block in pages { try test.free(block) }
    #expect(test.view.smallBlockPages(.nonPaged).count == 3)
    _ = test.pool.drainDeferredFrees()
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
    // Newest first through the batch, so the oldest lies on top of the single-page list.
    #expect(test.view.variables.singlePageLists.nonPaged.0.top == pages[0] - test.headerBytes)
  }

  /// Each descriptor has a list of its own.
  @Test(arguments: Profiles.vistaOn)
  func listsBelongToDescriptors(_ profile: Profile) throws {
    var test = try pool(profile)
    _ = try test.allocate(0x80)
    let paged = try test.allocate(0x80, .paged)
    let nonPaged = try test.allocate(0x80)
    try test.free(paged)
    try test.free(nonPaged)
    let offset = profile.descriptor.pendingFreeDepth
    let counts = [
      try depth(test), try test.counter(test.descriptor(.paged, index: 1), offset),
    ]
    #expect(counts == [1, 1])
  }

  /// Small blocks pass through lookasides first and are deferred only when these are full.
  @Test(arguments: Profiles.vistaOn)
  func lookasidesComeFirst(_ profile: Profile) throws {
    var test = try pool(profile) { $0.lookasideDepth = 1 }
    let blocks = try (0..<3).map { _ in try test.allocate(0x20) }
    try test.free(blocks[1])
    var waiting = try depth(test)
    #expect(waiting == 0)
    try test.free(blocks[2])
    waiting = try depth(test)
    #expect(waiting == 1)
  }

  /// Blocks may also be marked free while they wait; the batch comes to the same in the end.
  @Test(arguments: Profiles.vistaOn)
  func waitingBlocksMayBeMarkedFree(_ profile: Profile) throws {
    var test = try pool(profile) { $0.profile.deferredFreeType = .free }
    let blocks = try (0..<8).map { _ in try test.allocate(0x80) }
    for block in blocks[1...6] { try test.free(block) }
    let types = try blocks[1...6].map { try test.header(of: $0).type }
    #expect(types.allSatisfy { $0 == 0 })
    let outcome = test.pool.drainDeferredFrees()
    #expect(outcome == .freed)
    let merged = try test.blocks(ofPageWith: blocks[0]).filter { $0.type == 0 }
    #expect(merged.count == 2, "theirs, and what the page never gave")
    for block in [blocks[0], blocks[7]] { try test.free(block) }
    _ = test.pool.drainDeferredFrees()
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
  }

  /// A corrupt list ends the batch instead of running on.
  @Test(arguments: Profiles.vistaOn)
  func aLoopEnds(_ profile: Profile) throws {
    var test = try pool(profile)
    let blocks = try (0..<6).map { _ in try test.allocate(0x80) }
    try test.free(blocks[2])
    try test.free(blocks[4])
    try test.write(pointer: blocks[4], at: blocks[2])
    let outcome = test.pool.drainDeferredFrees()
    #expect(outcome != .freed)
  }
}
