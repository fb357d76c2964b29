import KernelPool
import PoolTestSupport
import Testing

/// The single-linked lists of freed pages (ReactOS MiNonPagedPoolSListHead; Mandt and the symbols
/// for runs of one to three pages since Vista).
@Suite struct SinglePageListTests {
  /// Last in, first out, up to the maximum; the pages keep their marks and their contents.
  @Test(arguments: Profiles.all, [PoolType.nonPaged, .paged])
  func lastInFirstOut(_ profile: Profile, _ type: PoolType) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 3 }
    let blocks = try (0..<5).map { _ in try test.allocate(0x1000, type) }
    for block in blocks { try test.write(Array(repeating: 0xEE, count: 0x1000), at: block) }
    for block in blocks { try test.free(block) }
    let lists = test.view.variables.singlePageLists
    let list = type == .paged ? lists.paged : lists.nonPaged.0
    #expect(list.count == 3 && list.top == blocks[2])
    let links = try blocks[0...2].map { try test.pointer($0) }
    #expect(links == [0, blocks[0], blocks[1]])
    let marks = blocks.map { test.view.marks(ofPageAt: $0)?.contains(.mapped) ?? false }
    if type == .paged { #expect(marks == [true, true, true, false, false]) }
    let again = try (0..<3).map { _ in try test.allocate(0x1000, type) }
    #expect(again == [blocks[2], blocks[1], blocks[0]])
    let old = try test.word32(again[0] + 0x800)
    #expect(old == 0xEEEE_EEEE, "old contents, also in paged pool")
  }

  /// Waiting pages look allocated to their neighbours, and small blocks take them.
  @Test(arguments: Profiles.before7)
  func waitingPagesBlockMerging(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 1 }
    let waiting = try test.allocate(0x1000)
    let other = try test.allocate(0x2000)
    try test.free(waiting)
    #expect(test.marks(waiting).contains([.start, .end]))
    try test.free(other)
    let runs = try test.freeRuns(4)
    #expect(runs == [FreeRun(address: profile.nonPagedBase, pages: 63)])
    let small = try test.allocate(0x20)
    #expect(small == waiting + test.headerBytes)
  }

  /// Runs of two and three pages have lists of their own from 7 on, and none before.
  @Test(arguments: Profiles.all)
  func longerRuns(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 2 }
    let isNew = profile.nonPagedPages == .bitmap
    #expect(profile.singleListPages == (isNew ? 3 : 1))
    let blocks = try [0x1000, 0x2000, 0x3000, 0x4000].map { try test.allocate($0) }
    for block in blocks { try test.free(block) }
    let lists = test.view.variables.singlePageLists.nonPaged
    #expect(
      [lists.0.top, lists.1.top, lists.2.top] == (isNew ? Array(blocks[0...2]) : [blocks[0], 0, 0]))
    guard isNew else { return }
    let three = try test.allocate(0x2800)
    #expect(three == blocks[2])
    let two = try test.allocate(0x1001)
    #expect(two == blocks[1])
  }

  /// The paged list may be longer or shorter than the nonpaged.
  @Test(arguments: Profiles.all)
  func depthsAreSetApart(_ profile: Profile) throws {
    let test = try TestPool(profile) {
      $0.singlePageDepth = 4
      $0.pagedSinglePageDepth = 8
    }
    let lists = test.view.variables.singlePageLists
    #expect(lists.nonPaged.0.maximumCount == 4 && lists.paged.maximumCount == 8)
    // Of two and three pages: where a version has no such lists they have no room.
    let longer = profile.singleListPages == 3 ? 4 : 0 as UInt16
    #expect(lists.nonPaged.1.maximumCount == longer && lists.nonPaged.2.maximumCount == longer)
    let standard = PoolConfiguration(profile: profile)
    #expect(standard.singlePageDepth == 4 && standard.pagedSinglePageDepth == nil)
  }

  /// A list whose runs were given back is empty and takes as many again.
  @Test(arguments: Profiles.all)
  func aDrainedListIsEmpty(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 3 }
    for type in [PoolType.nonPaged, .paged] {
      func list() -> SinglePageList {
        let lists = test.view.variables.singlePageLists
        return type == .paged ? lists.paged : lists.nonPaged.0
      }
      for _ in 0..<2 {
        let blocks = try (0..<3).map { _ in try test.allocate(0x1000, type) }
        for block in blocks { try test.free(block) }
        #expect(list().count == 3)
        let outcome = test.pool.drainSinglePages()
        #expect(outcome == .freed)
        #expect(list().count == 0 && list().top == 0 && list().maximumCount == 3)
      }
    }
  }

  /// A multi-page run is never put on a list of single pages.
  @Test(arguments: Profiles.before7)
  func longRunsAreFreed(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 4 }
    let block = try test.allocate(0x2000)
    try test.free(block)
    #expect(test.view.variables.singlePageLists.nonPaged.0.count == 0)
  }
}
