import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

/// Pages from bitmaps: paged pool everywhere, nonpaged pool since Vista (ReactOS MiAllocatePoolPages
/// and RtlFindClearBits; Mandt 2011).
@Suite struct BitmapPageTests {
  private func index(_ profile: Profile, _ address: Address) -> UInt64 {
    (address - profile.pagedBase) / 0x1000
  }

  /// Addresses ascend from the hint, which only single pages move and lower frees lower.
  @Test(arguments: Profiles.all)
  func theHint(_ profile: Profile) throws {
    var test = try TestPool(profile)
    func hint() -> UInt64 { test.view.variables.pagedBitmap.hint }
    let three = try test.allocate(0x3000, .paged)
    #expect(index(profile, three) == 0 && hint() == 0)
    let one = try test.allocate(0x1000, .paged)
    #expect(index(profile, one) == 3 && hint() == 4)
    let two = try test.allocate(0x2000, .paged)
    #expect(index(profile, two) == 4 && hint() == 4)
    try test.free(two)
    #expect(hint() == 4)
    try test.free(three)
    #expect(hint() == 0)
    let next = try test.allocate(0x1000, .paged)
    #expect(index(profile, next) == 0 && hint() == 1)
    let behind = try test.allocate(0x4000, .paged)
    #expect(index(profile, behind) == 4, "the two pages at the hint are too few")
  }

  /// The search wraps to what lies before the hint.
  @Test(arguments: Profiles.all)
  func theSearchWraps(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = (0..<64).map { _ in
      let outcome = test.pool.allocate(.paged, bytes: 0x1000, tag: PoolTag("Test"))
      guard case .address(let address) = outcome else { return Address(0) }
      return address
    }
    let taken = blocks.filter { $0 != 0 }
    #expect(taken.count >= 63)
    try test.free(taken[10])
    try test.free(taken[20])
    #expect(test.view.variables.pagedBitmap.hint == 10)
    let again = try (0..<2).map { _ in try test.allocate(0x1000, .paged) }
    #expect(again == [taken[10], taken[20]])
    try test.free(taken[5])
    // A longer request leaves the hint, so a single page after it starts there.
    let lower = try test.allocate(0x1000, .paged)
    #expect(lower == taken[5])
  }

  /// What lies before the hint is in use as long as nobody writes the map; where a driver has cleared a
  /// bit of it, the search that finds nothing from the hint on comes to that page.
  @Test(arguments: Profiles.windows)
  func theSearchWrapsToWhatADriverCleared(_ profile: Profile) throws {
    var test = try TestPool(profile)
    for _ in 0..<62 { _ = try test.allocate(0x1000, .paged) }
    _ = try test.allocate(0x2000, .paged)
    let map = test.view.variables.pagedBitmap
    #expect(map.pages == 64 && map.hint == 62)
    try test.write(word32: ~(1 << 10), at: map.allocationMap)
    let found = index(profile, try test.allocate(0x1000, .paged))
    #expect(found == 10)
  }

  /// The search for nonpaged pages remembers where nothing is clear; a driver's store to the map makes
  /// it look again, whether stores are noted or not.
  @Test(arguments: Profiles.vistaOn, [false, true])
  func theSearchSeesWhatADriverCleared(_ profile: Profile, _ isNoted: Bool) throws {
    var test = try TestPool(profile) { $0.nonPagedPages = 256 }
    if isNoted { _ = test.pool.startJournal() }
    let blocks = try (0..<130).map { _ in try test.allocate(0x1000) }
    #expect(blocks.last == profile.nonPagedBase + 129 << 12)
    try test.write(word32: ~(1 << 10), at: test.view.variables.nonPagedBitmap.allocationMap)
    let found = try test.allocate(0x1000)
    #expect(found == profile.nonPagedBase + 10 << 12)
  }

  /// The lowest run that is long enough, from the hint on, then before it: held against a search that
  /// looks at page by page. Runs of more than 64 pages go over several words of the map.
  @Test(arguments: Profiles.all)
  func theLowestSufficientRun(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.pagedPages = min(profile.pageTableEntries, 512) }
    let pages = test.view.variables.pagedBitmap.pages
    var random = SplitMix64(seed: 21)
    var isUsed = Array(repeating: false, count: Int(pages))
    var held: [(first: Int, count: Int)] = []
    var longest = 0
    func search(_ count: Int, from start: Int) -> Int? {
      Self.lowestRun(isUsed, count, from: start)
    }
    for _ in 0..<400 {
      if held.count > 3, random.next(below: 2) == 0 {
        let (first, count) = held.remove(at: Int(random.next(below: UInt64(held.count))))
        try test.free(profile.pagedBase + UInt64(first) << 12)
        for page in first..<first + count { isUsed[page] = false }
        continue
      }
      let count = Int(random.next(below: random.next(below: 8) == 0 ? 90 : 6)) + 1
      let hint = Int(test.view.variables.pagedBitmap.hint)
      // What ends exactly at the limit is another test's matter.
      guard let expected = search(count, from: hint) ?? search(count, from: 0),
        expected + count < isUsed.count
      else { continue }
      let first = index(profile, try test.allocate(UInt64(count) << 12, .paged))
      #expect(first == UInt64(expected), "\(count) pages from \(hint) on")
      for page in expected..<expected + count { isUsed[page] = true }
      held.append((expected, count))
      longest = max(longest, count)
    }
    #expect(longest > 64)
  }

  private static func lowestRun(_ isUsed: [Bool], _ count: Int, from start: Int = 0) -> Int? {
    (start..<isUsed.count).first { first in
      first + count <= isUsed.count && !isUsed[first..<first + count].contains(true)
    }
  }

  /// The same of nonpaged pool, where it is remembered for each length from which word of the map on
  /// there are runs: lengths around 16, the last that is told from longer ones, and frees between
  /// pages in use and between free ones.
  @Test(arguments: Profiles.all.filter { $0.nonPagedPages == .bitmap })
  func theLowestSufficientNonPagedRun(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.nonPagedPages = 1024 }
    let map = test.view.variables.nonPagedBitmap.allocationMap
    var isUsed = (0..<1024).map { test.view.bit($0, ofMapAt: map) }
    var random = SplitMix64(seed: 21)
    var held: [(first: Int, count: Int)] = []
    var frees = 0
    for step in 0..<600 {
      // Filled at first, then emptied and filled again.
      let isEmptying = step > 150 && step / 100 % 2 == 0
      if held.count > 3, random.next(below: 3) == (isEmptying ? 0 : 2) || isEmptying {
        let (first, count) = held.remove(at: Int(random.next(below: UInt64(held.count))))
        try test.free(profile.nonPagedBase + UInt64(first) << 12)
        for page in first..<first + count { isUsed[page] = false }
        frees += 1
        continue
      }
      // Shorter ones come from lists of their own.
      let count = 4 + Int(random.next(below: random.next(below: 8) == 0 ? 90 : 16))
      guard let expected = Self.lowestRun(isUsed, count), expected + count < isUsed.count
      else { continue }
      let address = try test.allocate(UInt64(count) << 12, .nonPaged)
      let first = (address - profile.nonPagedBase) >> 12
      #expect(first == UInt64(expected), "\(count) pages at step \(step)")
      for page in Int(first)..<Int(first) + count { isUsed[page] = true }
      held.append((Int(first), count))
    }
    #expect(frees > 150)
  }

  /// Bits of the two maps: used or not open, and last pages.
  @Test(arguments: Profiles.all)
  func bothMaps(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.pagedPages = profile.pageTableEntries + 64 }
    let bitmap = test.view.variables.pagedBitmap
    let block = try test.allocate(0x3000, .paged)
    _ = try test.allocate(0x1000, .paged)
    func bits(_ map: Address, _ range: Range<UInt64>) -> [Bool] {
      range.map { test.view.bit($0, ofMapAt: map) }
    }
    #expect(bits(bitmap.allocationMap, 0..<5) == [true, true, true, true, false])
    #expect(bits(bitmap.endMap, 0..<5) == [false, false, true, true, false])
    let open = profile.pageTableEntries
    #expect(bits(bitmap.allocationMap, open - 1..<open + 1) == [false, true])
    #expect(bits(bitmap.endMap, open - 1..<open + 1) == [false, false])
    try test.free(block)
    #expect(bits(bitmap.allocationMap, 0..<5) == [false, false, false, true, false])
    #expect(bits(bitmap.endMap, 0..<5) == [false, false, false, true, false])
  }

  /// Paged pages are zero on first use and after a real free; a free page faults.
  @Test(arguments: Profiles.all)
  func freedPagesAreGone(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x2000, .paged)
    try test.write(Array(repeating: 0xEE, count: 0x2000), at: block)
    try test.free(block)
    #expect(test.view.word32(block) == nil)
    let again = try test.allocate(0x2000, .paged)
    let words = try [0, 0x800, 0x1FFC].map { try test.word32(again + $0) }
    #expect(again == block && words == [0, 0, 0])
    try test.free(again)
    let bytes: [UInt8] = [1]
    let outcome = bytes.withUnsafeBytes { test.pool.write(block + 0x10, $0) }
    #expect(outcome == .halted(.fault(block + 0x10)))
  }

  /// The pool grows by whole page tables, and after that the search begins at 0.
  @Test(arguments: Profiles.all)
  func growth(_ profile: Profile) throws {
    let table = profile.pageTableEntries
    #expect(table == (profile.wordBytes == 8 ? 512 : 1024))
    var test = try TestPool(profile) { $0.pagedPages = table * 4 }
    func open() -> UInt64 { test.view.variables.pagedBitmap.openPages }
    #expect(open() == table)
    _ = try test.allocate((table - 4) * 0x1000, .paged)
    #expect(open() == table)
    let next = try test.allocate(0x8000, .paged)
    #expect(open() == 2 * table)
    #expect(index(profile, next) == table - 4, "old and new pages together")
    _ = try test.allocate((table + 1) * 0x1000, .paged)
    #expect(open() == 4 * table, "two tables for one page more than a table")
  }

  /// A request that cannot be met opens what is left, and that stays open.
  @Test(arguments: Profiles.all)
  func impossibleRequestsStillGrow(_ profile: Profile) throws {
    let table = profile.pageTableEntries
    var test = try TestPool(profile) { $0.pagedPages = table * 2 + 100 }
    let outcome = test.pool.allocate(.paged, bytes: table * 8 * 0x1000, tag: PoolTag("Test"))
    #expect(outcome == .null)
    #expect(test.view.variables.pagedBitmap.openPages == table * 2 + 100)
    #expect(test.view.variables.failures == 1)
  }

  /// ReactOS does not look at a run that would end exactly at the limit; Windows is taken to.
  @Test(arguments: Profiles.all)
  func runsThatEndAtTheLimit(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let whole = test.pool.allocate(.paged, bytes: 64 * 0x1000, tag: PoolTag("Test"))
    let isReactos = profile.name.hasPrefix("reactos")
    #expect((whole == .null) == isReactos)
    guard isReactos else { return }
    let most = try test.allocate(63 * 0x1000, .paged)
    #expect(most == profile.pagedBase)
  }

  /// The session pool has maps of its own.
  @Test(arguments: Profiles.windows)
  func theSession(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x3000, [.paged, .session])
    #expect(block == profile.sessionBase)
    #expect(test.view.variables.pagedBitmap.hint == 0)
    let bitmap = test.view.variables.sessionBitmap
    #expect(test.view.bit(2, ofMapAt: bitmap.endMap))
    try test.free(block)
    #expect(!test.view.bit(2, ofMapAt: bitmap.endMap))
  }

  // MARK: Nonpaged pool from Vista on

  /// The lowest fitting pages, without a hint; marks at both ends, contents kept.
  @Test(arguments: Profiles.vistaOn)
  func theLowestFittingPages(_ profile: Profile) throws {
    var test = try TestPool(profile)
    func page(_ address: Address) -> UInt64 { (address - profile.nonPagedBase) / 0x1000 }
    let blocks = try [2, 3, 1, 4].map { try test.allocate($0 * 0x1000) }
    #expect(blocks.map(page) == [0, 2, 5, 6])
    let marks = (0...3).map {
      test.marks(profile.nonPagedBase + $0 * 0x1000).intersection([.start, .end])
    }
    #expect(marks == [.start, .end, .start, []])
    try test.write([0xEE, 0xEE, 0xEE, 0xEE], at: blocks[1])
    try test.free(blocks[1])
    try test.free(blocks[0])
    let five = try test.allocate(0x5000)
    #expect(page(five) == 0, "freed neighbours are one run of clear bits")
    let old = try test.word32(blocks[1])
    #expect(old == 0xEEEE_EEEE)
    let next = try test.allocate(0x1000)
    #expect(page(next) == 10)
  }

  @Test(arguments: Profiles.vistaOn)
  func noRunLists(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x2000)
    try test.free(block)
    let word = try test.word32(block + 2 * test.word + 4)
    #expect(word == 0, "no stamp")
    let bitmap = test.view.variables.nonPagedBitmap
    #expect(bitmap.pages == 64)
    #expect(!test.view.bit(0, ofMapAt: bitmap.allocationMap))
  }
}
