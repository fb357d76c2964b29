import KernelPool
import PoolTestSupport
import Testing

/// Nonpaged pool beyond its initial pages (ReactOS MiAllocatePoolPages and syspte.c).
@Suite struct ExpansionTests {
  private func pool(
    _ profile: Profile, _ expansion: Expansion,
    _ change: (inout PoolConfiguration) -> Void = { _ in }
  ) throws -> TestPool {
    try TestPool(profile) {
      $0.nonPagedPages = 8
      $0.maximumNonPagedPages = 40
      $0.expansion = expansion
      change(&$0)
    }
  }

  /// The first usable page: the one behind the guard page.
  private func first(_ profile: Profile) -> Address {
    (profile.expansionBase ?? profile.nonPagedBase + 0x8000) + 0x1000
  }

  @Test(arguments: Profiles.before7)
  func withoutExpansionThePoolEnds(_ profile: Profile) throws {
    var test = try pool(profile, .none)
    _ = try test.allocate(0x8000)
    let outcome = test.pool.allocate(.nonPaged, bytes: 0x1000, tag: PoolTag("Test"))
    #expect(outcome == .null)
    #expect(test.view.variables.expansionPages == 0)
  }

  /// Between the guard pages of three lies one that can be had.
  @Test(arguments: Profiles.before7, [Expansion.lowestFirst, .smallestCluster])
  func anExpansionOfOnePage(_ profile: Profile, _ expansion: Expansion) throws {
    var test = try pool(profile, expansion) { $0.maximumNonPagedPages = 11 }
    _ = try test.allocate(0x8000)
    let last = try test.allocate(0x1000)
    #expect(last == first(profile))
    let outcome = test.pool.allocate(.nonPaged, bytes: 0x1000, tag: PoolTag("Test"))
    #expect(outcome == .null)
  }

  /// What the regions, the maps and everybody else take for the pages that there can be.
  @Test(arguments: Profiles.all)
  func oneAnswerToWhichPagesThereAre(_ profile: Profile) throws {
    for (more, expansion) in [(0, Expansion.none), (1, .none), (1, .lowestFirst), (32, .none)] {
      let test = try pool(profile, expansion) { $0.maximumNonPagedPages = 8 + UInt64(more) }
      let ranges = test.view.configuration.nonPagedRanges
      #expect(ranges.map(\.pages).reduce(0, +) == 8 + UInt64(more))
      #expect(ranges.count == (more > 0 && profile.expansionBase != nil ? 2 : 1))
      #expect(test.view.variables.maximumPages == 8 + UInt64(more))
      for range in ranges {
        let last = range.base + (range.pages - 1) * 0x1000
        #expect(test.view.isNonPaged(range.base) && test.view.isNonPaged(last))
        #expect(!test.view.isNonPaged(last + 0x1000))
      }
    }
  }

  /// A bitmap hands out neighbours; an expansion that lies elsewhere would have none.
  @Test func aBitmapHasNoSecondRange() throws {
    var configuration = PoolConfiguration(profile: .windows7x86)
    configuration.profile.expansionBase = 0xF800_0000
    #expect(throws: Never.self) { _ = try KernelPool.boot(configuration) }
    configuration.maximumNonPagedPages = 600
    #expect(throws: ConfigurationError.self) { _ = try KernelPool.boot(configuration) }
  }

  /// A guard page lies at either end: 32 pages leave 30.
  @Test(arguments: Profiles.before7)
  func guardPages(_ profile: Profile) throws {
    var test = try pool(profile, .lowestFirst)
    #expect(test.view.variables.expansionPages == 30)
    _ = try test.allocate(0x8000)
    let all = try test.allocate(30 * 0x1000)
    #expect(all == first(profile))
    #expect(test.view.variables.expansionUsed == 30)
    let before = test.view.word32(all - 0x1000)
    let behind = test.view.word32(all + 30 * 0x1000)
    #expect(before == nil && behind == nil)
    let none = test.pool.allocate(.nonPaged, bytes: 0x1000, tag: PoolTag("Test"))
    #expect(none == .null)
  }

  /// Either the lowest entries, or the tail of the smallest sufficient cluster.
  @Test(arguments: Profiles.before7)
  func addresses(_ profile: Profile) throws {
    for (expansion, offsets) in [
      (Expansion.lowestFirst, [0, 2, 3] as [UInt64]), (.smallestCluster, [28, 27, 24]),
    ] {
      var test = try pool(profile, expansion)
      _ = try test.allocate(0x8000)
      let blocks = try [0x2000, 0x1000, 0x3000].map { try test.allocate($0) }
      #expect(blocks == offsets.map { first(profile) + $0 * 0x1000 })
      let marks = [0, 0x1000].map { test.marks(blocks[0] + $0).intersection([.start, .end]) }
      #expect(marks == [.start, .end])
    }
  }

  /// Only a request for which no run is long enough expands the pool; what is freed becomes runs and
  /// is never given back.
  @Test(arguments: Profiles.before7, [Expansion.lowestFirst, .smallestCluster])
  func freedPagesBecomeRuns(_ profile: Profile, _ expansion: Expansion) throws {
    var test = try pool(profile, expansion)
    let initial = try test.allocate(0x8000)
    let block = try test.allocate(0x4000)
    try test.free(block)
    #expect(test.view.variables.expansionUsed == 4)
    let runs = try test.freeRuns(4)
    #expect(runs == [FreeRun(address: block, pages: 4)])
    let again = try test.allocate(0x1000)
    #expect(again == block + 0x3000, "from the end of the run")
    #expect(test.view.variables.expansionUsed == 4)
    try test.free(again)
    try test.free(initial)
    let both = try test.freeRuns(4)
    #expect(both.map(\.pages) == [4, 8], "nothing merges across the guard page")
  }

  /// New pages are zero and were never free runs.
  @Test(arguments: Profiles.before7)
  func newPagesAreZero(_ profile: Profile) throws {
    var test = try pool(profile, .lowestFirst)
    _ = try test.allocate(0x8000)
    let block = try test.allocate(0x1000)
    let words = try [0, 0x14, 0x18, 0xFFC].map { try test.word32(block + $0) }
    #expect(words == [0, 0, 0, 0])
  }

  /// Too few physical pages: the addresses are given back and the request fails.
  @Test(arguments: Profiles.before7, [Expansion.lowestFirst, .smallestCluster])
  func noMemory(_ profile: Profile, _ expansion: Expansion) throws {
    var test = try pool(profile, expansion) { $0.availablePages = 3 }
    _ = try test.allocate(0x8000)
    let outcome = test.pool.allocate(.nonPaged, bytes: 0x4000, tag: PoolTag("Test"))
    #expect(outcome == .null)
    #expect(test.view.variables.expansionUsed == 0 && test.view.variables.availablePages == 3)
    let block = try test.allocate(0x3000)
    #expect(block == first(profile) + (expansion == .lowestFirst ? 0 : 27 * 0x1000))
    #expect(test.view.variables.availablePages == 0)
    let none = test.pool.allocate(.nonPaged, bytes: 0x1000, tag: PoolTag("Test"))
    #expect(none == .null)
  }

  /// A page table opens pages beyond those that there is memory for.
  @Test(arguments: Profiles.vistaOn)
  func openPagesNeedMemoryToo(_ profile: Profile) throws {
    var test = try pool(profile, .lowestFirst) { $0.availablePages = 3 }
    _ = try test.allocate(0x8000)
    let first = try test.allocate(0x2000)
    #expect(test.view.variables.nonPagedBitmap.openPages == 40)
    let two = test.pool.allocate(.nonPaged, bytes: 0x2000, tag: PoolTag("Test"))
    #expect(two == .null)
    _ = try test.allocate(0x1000)
    let one = test.pool.allocate(.nonPaged, bytes: 0x1000, tag: PoolTag("Test"))
    #expect(one == .null)
    #expect(test.view.variables.expansionUsed == 3 && test.view.variables.availablePages == 0)
    // What is mapped stays so, and can be had again.
    try test.free(first)
    let again = try test.allocate(0x2000)
    #expect(again == first)
  }

  /// From Vista on the bitmap opens more pages, right behind the initial ones.
  @Test(arguments: Profiles.vistaOn)
  func bitmapsOpenMorePages(_ profile: Profile) throws {
    var test = try pool(profile, .lowestFirst) { $0.availablePages = 20 }
    _ = try test.allocate(0x8000)
    let block = try test.allocate(0x3000)
    #expect(block == profile.nonPagedBase + 0x8000)
    #expect(test.view.variables.expansionUsed == 3 && test.view.variables.availablePages == 17)
    #expect(test.view.variables.nonPagedBitmap.openPages == 40)
    let none = test.pool.allocate(.nonPaged, bytes: 33 * 0x1000, tag: PoolTag("Test"))
    #expect(none == .null)
    var closed = try pool(profile, .none)
    let bitmap = closed.view.variables.nonPagedBitmap
    #expect(bitmap.pages == 40 && bitmap.openPages == 8)
    for page in 0..<UInt64(40) {
      #expect(closed.view.bit(page, ofMapAt: bitmap.allocationMap) == (page >= 8))
    }
    _ = try closed.allocate(0x8000)
    let ended = closed.pool.allocate(.nonPaged, bytes: 0x1000, tag: PoolTag("Test"))
    #expect(ended == .null)
  }
}
