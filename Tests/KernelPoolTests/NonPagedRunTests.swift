import KernelPool
import PoolTestSupport
import Testing

/// Free runs of nonpaged pages up to Windows 2003 (ReactOS MiAllocatePoolPages, MiFreePoolPages;
/// entry layout as recorded).
@Suite struct NonPagedRunTests {
  static let signature: UInt64 = 0x4152_4D33

  private func page(_ profile: Profile, _ index: UInt64) -> Address {
    profile.nonPagedBase + index * 0x1000
  }

  /// At start everything is one run; every other page names it.
  @Test(arguments: Profiles.before7)
  func oneRunAtStart(_ profile: Profile) throws {
    let test = try TestPool(profile)
    let base = profile.nonPagedBase
    let lists = try (1...4).map { try test.freeRuns($0) }
    #expect(lists == [[], [], [], [FreeRun(address: base, pages: 64)]])
    for index in [0, 1, 31, 63] as [UInt64] {
      let stamp = try test.stamp(page(profile, index))
      #expect(stamp == [Self.signature, base])
      let link = try test.pointer(page(profile, index))
      #expect((link == 0) == (index != 0))
    }
  }

  /// Pages come from the end of the run, so addresses descend; first and last page are marked.
  @Test(arguments: Profiles.before7)
  func pagesComeFromTheEnd(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = try [0x1000, 0x3000, 0x2000].map { try test.allocate($0) }
    #expect(blocks == [63, 60, 58].map { page(profile, $0) })
    let marks = (58...63).map { test.marks(page(profile, $0)).intersection([.start, .end]) }
    #expect(marks == [.start, .end, .start, [], .end, [.start, .end]])
    let runs = try test.freeRuns(4)
    #expect(runs == [FreeRun(address: profile.nonPagedBase, pages: 58)])
  }

  /// A pool that ends where runs of the given lengths, each behind an allocated page, end.
  private func pool(_ profile: Profile, _ lengths: [UInt64]) throws -> TestPool {
    try TestPool(profile) { $0.nonPagedPages = lengths.reduce(0) { $0 + $1 + 1 } }
  }

  /// Makes those runs from the top down, and frees them in order.
  private func makeRuns(_ test: inout TestPool, _ lengths: [UInt64]) throws -> [Address] {
    var blocks: [Address] = []
    for length in lengths {
      _ = try test.allocate(0x1000)
      blocks.append(try test.allocate(length * 0x1000))
    }
    for block in blocks { try test.free(block) }
    return blocks
  }

  /// Freed runs go to the tail of the list of their length.
  @Test(arguments: Profiles.before7)
  func freedRunsGoToTheTail(_ profile: Profile) throws {
    let lengths: [UInt64] = [2, 1, 5, 3, 2, 4, 1]
    var test = try pool(profile, lengths)
    let blocks = try makeRuns(&test, lengths)
    let lists = try (1...4).map { try test.freeRuns($0).map(\.address) }
    #expect(lists == [[1, 6], [0, 4], [3], [2, 5]].map { $0.map { blocks[$0] } })
    for (index, pages) in [(0, 2), (2, 5)] as [(Int, UInt64)] {
      for page in 0..<pages {
        let stamp = try test.stamp(blocks[index] + page * 0x1000)
        #expect(stamp == [Self.signature, blocks[index]])
      }
    }
  }

  /// The search goes from the list of the length up and takes the first run that is long enough.
  @Test(arguments: Profiles.before7)
  func firstFitInListOrder(_ profile: Profile) throws {
    let lengths: [UInt64] = [4, 7, 2, 9]
    var test = try pool(profile, lengths)
    let blocks = try makeRuns(&test, lengths)
    // Two pages fit exactly; five are more than the first of the long runs has.
    let two = try test.allocate(0x2000)
    let five = try test.allocate(0x5000)
    #expect(two == blocks[2])
    #expect(five == blocks[1] + 0x2000, "the end of the run of seven")
    let lists = try (1...4).map { try test.freeRuns($0) }
    #expect(lists[1] == [FreeRun(address: blocks[1], pages: 2)])
    #expect(lists[3].map(\.address) == [blocks[0], blocks[3]])
  }

  /// A shortened run goes to the tail, even of the list it was on: long runs take turns.
  @Test(arguments: Profiles.before7)
  func shortenedRunsTakeTurns(_ profile: Profile) throws {
    let lengths: [UInt64] = [8, 8, 8]
    var test = try pool(profile, lengths)
    let blocks = try makeRuns(&test, lengths)
    let pages = try (0..<4).map { _ in try test.allocate(0x1000) }
    #expect(
      pages == [
        blocks[0] + 0x7000, blocks[1] + 0x7000, blocks[2] + 0x7000, blocks[0] + 0x6000,
      ])
    let order = try test.freeRuns(4)
    #expect(
      order == [
        FreeRun(address: blocks[1], pages: 7), FreeRun(address: blocks[2], pages: 7),
        FreeRun(address: blocks[0], pages: 6),
      ])
  }

  /// Three neighbours; the middle one is freed last and joins both.
  @Test(arguments: Profiles.before7)
  func mergingBothWays(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let upper = try test.allocate(0x2000)
    let middle = try test.allocate(0x1000)
    let lower = try test.allocate(0x2000)
    let pin = try test.allocate(0x1000)
    try test.free(upper)
    try test.free(lower)
    var short = try test.freeRuns(2)
    #expect(short.map(\.address) == [upper, lower])
    try test.free(middle)
    short = try test.freeRuns(2)
    #expect(short.isEmpty)
    let long = try test.freeRuns(4)
    #expect(long.last == FreeRun(address: lower, pages: 5))
    for page in [lower, middle, upper, upper + 0x1000] {
      let stamp = try test.stamp(page)
      #expect(stamp[1] == lower)
    }
    try test.free(pin)
    let all = try test.freeRuns(4)
    #expect(all == [FreeRun(address: profile.nonPagedBase, pages: 64)])
  }

  /// A preceding run of four or more grows where it is in its list; a shorter one moves to the
  /// tail, one of exactly three too.
  @Test(arguments: Profiles.before7, [2, 3, 4, 5] as [UInt64])
  func growingRuns(_ profile: Profile, _ length: UInt64) throws {
    var test = try TestPool(profile)
    let other = try test.allocate(0x6000)
    _ = try test.allocate(0x1000)
    let freed = try test.allocate(0x2000)
    let previous = try test.allocate(length * 0x1000)
    _ = try test.allocate(0x1000)
    try test.free(previous)
    try test.free(other)
    try test.free(freed)
    let grown = FreeRun(address: previous, pages: length + 2)
    let rest = FreeRun(address: profile.nonPagedBase, pages: 64 - 10 - length)
    let runs = try test.freeRuns(4)
    let kept = FreeRun(address: other, pages: 6)
    #expect(runs == (length >= 4 ? [rest, grown, kept] : [rest, kept, grown]))
    let small = try test.freeRuns(min(length, 3))
    #expect(small.isEmpty)
  }

  /// Links of runs are plain. A version with checks on the way looks at them when an entry is
  /// unlinked: 0x139 with 3. The others follow them: what the links name is written over, and the
  /// kernel stops where they name nothing.
  @Test(arguments: Profiles.before7)
  func aSmashedRun(_ profile: Profile) throws {
    let lengths: [UInt64] = [2, 2, 5]
    var test = try pool(profile, lengths)
    let blocks = try makeRuns(&test, lengths)
    try test.write(pointer: blocks[2], at: blocks[0] + test.word)
    let outcome = test.pool.allocate(.nonPaged, bytes: 0x2000, tag: PoolTag("Test"))
    guard profile.checks == .none else {
      #expect(outcome.bugCheck == [0x139, 3, 0, 0, 0])
      return
    }
    #expect("\(outcome)" == "\(KernelPool.AllocationOutcome.address(blocks[0]))")
    #expect(try test.pointer(blocks[2]) == blocks[1])
    #expect(try test.pointer(blocks[1] + test.word) == blocks[2])
    try test.write(pointer: 0x1000, at: blocks[1] + test.word)
    _ = test.pool.allocate(.nonPaged, bytes: 0x2000, tag: PoolTag("Test"))
    #expect(test.pool.halted == .fault(0x1000))
  }

  /// A list of runs that never ends is a hang, not an endless loop.
  @Test(arguments: Profiles.before7)
  func aLoopOfRuns(_ profile: Profile) throws {
    let lengths: [UInt64] = [2, 2, 5]
    var test = try pool(profile, lengths)
    let blocks = try makeRuns(&test, lengths)
    for block in blocks { try test.write(word32: 0, at: block + 2 * test.word) }
    try test.write(pointer: blocks[2], at: blocks[2])
    let outcome = test.pool.allocate(.nonPaged, bytes: 0x2000, tag: PoolTag("Test"))
    #expect(outcome == .halted(.hang))
  }
}
