import KernelPool
import PoolTestSupport
import Testing

/// Special pool: a page and a guard page for each block (Microsoft, "Special Pool", bug checks 0xC1,
/// 0xD5, 0xD6).
@Suite struct SpecialPoolTests {
  private static let tag = PoolTag("Spec")

  private func pool(
    _ profile: Profile, pages: UInt64 = 4, _ edge: SpecialPoolEdge = .tail
  ) throws -> TestPool {
    try TestPool(profile) {
      $0.specialPool = .tag(Self.tag)
      $0.specialPoolPages = pages
      $0.specialPoolEdge = edge
    }
  }

  private static let profiles = TestScale.sample(Profiles.all, 3)

  @Test(arguments: profiles, SpecialPoolEdge.allCases)
  func aPageWithAGuardPage(_ profile: Profile, _ edge: SpecialPoolEdge) throws {
    var test = try pool(profile, edge)
    let before = try test.counter(
      test.descriptor(.nonPaged), profile.descriptor.runningAllocations)
    let block = try test.allocate(100, tag: Self.tag)
    let page = block & ~0xFFF
    #expect(page == test.pool.configuration.specialPoolBase)
    let rounded = 100 + (2 * test.word - 100 % (2 * test.word)) % (2 * test.word)
    #expect(block - page == (edge == .tail ? 0x1000 - rounded : 0))
    let pattern = PoolConfiguration.specialPoolPattern
    #expect(test.view.byte(edge == .tail ? block - 1 : block + 100) == pattern)
    #expect(test.view.byte(page + 0x1000) == nil)
    // The ordinary pool knows nothing of it; other tags know nothing of special pool.
    let after = try test.counter(
      test.descriptor(.nonPaged), profile.descriptor.runningAllocations)
    #expect(before == after && test.view.smallBlockPages(.nonPaged).isEmpty)
    let other = try test.allocate(100)
    #expect(other < page || other > page + 0x8000)
    try test.free(block, tag: Self.tag)
    #expect(test.view.byte(block) == nil && test.view.variables.specialPagesInUse == 0)
  }

  /// Pages are taken in turn; what does not fit, and a page and more, the ordinary pool serves.
  @Test(arguments: profiles)
  func whatItDoesNotServe(_ profile: Profile) throws {
    var test = try pool(profile, pages: 2)
    let base = test.pool.configuration.specialPoolBase
    let first = try test.allocate(16, tag: Self.tag)
    try test.free(first)
    let blocks = try (0..<3).map { _ in try test.allocate(16, tag: Self.tag) }
    let pages = blocks.prefix(2).map { ($0 - base) >> 12 }
    #expect(pages == [2, 0])
    #expect(test.view.region(of: blocks[2])?.kind == .nonPaged)
    let large = try test.allocate(0x1000, tag: Self.tag)
    #expect(test.view.region(of: large)?.kind == .nonPaged)
    let charged = try pool(profile).chargedBySpecial()
    #expect(charged == 0)
    for block in blocks + [large] { try test.free(block) }
  }

  /// 0xC1 with its types: the fourth parameter.
  @Test func typesOfTheStop() throws {
    func stop(
      _ bytes: UInt64, _ edge: SpecialPoolEdge = .tail,
      _ misuse: (inout TestPool, Address) throws -> Address
    ) throws -> (block: Address, stop: [UInt64]?) {
      var test = try pool(.windows7x64, edge)
      let block = try test.allocate(bytes, tag: Self.tag)
      let freed = try misuse(&test, block)
      return (block, test.pool.free(freed).bugCheck)
    }
    let twice = try stop(40) { test, block in
      try test.free(block)
      return block
    }
    #expect(twice.stop == [0xC1, twice.block, 0, 0, 0x20])
    let inside = try stop(40) { _, block in block + 16 }
    #expect(inside.stop == [0xC1, inside.block + 16, 40, 32, 0x21])
    let before = try stop(40) { test, block in
      try test.write([0], at: block - 3)
      return block
    }
    #expect(before.stop == [0xC1, before.block, before.block - 3, 0, 0x23])
    let behind = try stop(40) { test, block in
      try test.write([0], at: block + 41)
      return block
    }
    #expect(behind.stop == [0xC1, behind.block, behind.block + 41, 0, 0x24])
    let oneBit = try stop(40, .head) { test, block in
      try test.write([PoolConfiguration.specialPoolPattern ^ 4], at: block + 50)
      return block
    }
    #expect(oneBit.stop == [0xC1, oneBit.block, oneBit.block + 50, 0, 0x32])
    let level = try stop(40) { test, block in
      test.pool.setInterruptLevel(3)
      return block
    }
    #expect(level.stop == [0xC1, 3, 0, level.block, 0x31])
    var test = try pool(.windows7x64)
    test.pool.setInterruptLevel(2)
    let refused = test.pool.allocate(.paged, bytes: 40, tag: Self.tag)
    #expect(refused.bugCheck == [0xC1, 2, 1, 40, 0x30])
  }

  /// Wherever beside the block a byte is changed, its free says so, and of which byte.
  @Test(arguments: SpecialPoolEdge.allCases)
  func everyByteBesideTheBlock(_ edge: SpecialPoolEdge) throws {
    let bytes: UInt64 = 101
    let page: UInt64 = 0x1000
    var test = try pool(.windows7x64, edge)
    let first = try test.allocate(bytes, tag: Self.tag) & (page - 1)
    try test.free(test.pool.configuration.specialPoolBase + first)
    let record: Range<UInt64> = edge == .tail ? 0..<8 : page - 8..<page
    var offsets = Array(0..<20 as Range<UInt64>)
    offsets += Array(stride(from: 20, to: page, by: 517))
    offsets += Array(max(first, 9) - 9..<first + 3)
    offsets += Array(first + bytes - 2..<min(first + bytes + 30, page))
    for offset in offsets {
      if record.contains(offset) { continue }
      var test = try pool(.windows7x64, edge)
      let block = try test.allocate(bytes, tag: Self.tag)
      try test.write([0], at: block - first + offset)
      let outcome = test.pool.free(block)
      let isOwn = (first..<first + bytes).contains(offset)
      #expect((outcome == .freed) == isOwn, "byte \(offset)")
      if !isOwn { #expect(outcome.bugCheck?[2] == block - first + offset) }
    }
  }

  /// A store beyond the end and one after the free, by the driver.
  @Test(arguments: profiles)
  func storesToMissingPages(_ profile: Profile) throws {
    for isFreed in [false, true] {
      var test = try pool(profile)
      // Not the first block: of each the second page is the guard.
      _ = try test.allocate(100, tag: Self.tag)
      let block = try test.allocate(100, tag: Self.tag)
      let end = (block & ~0xFFF) + 0x1000
      if isFreed { try test.free(block) }
      let bytes = [UInt8](repeating: 1, count: 200)
      let outcome = bytes.withUnsafeBytes { test.pool.write(block, $0) }
      #expect(outcome.bugCheck == (isFreed ? [0xD5, block, 1, 0, 0] : [0xD6, end, 1, 0, 0]))
    }
    var test = try pool(profile)
    let never = test.pool.configuration.specialPoolBase
    let outcome = [UInt8(1)].withUnsafeBytes { test.pool.write(never, $0) }
    #expect(outcome == .halted(.fault(never)))
  }

  @Test func impossibleMachinesAreRefused() {
    for pages: UInt64 in [0, 1 << 20 + 1] {
      #expect(throws: ConfigurationError.self) { _ = try pool(.windows7x64, pages: pages) }
    }
    #expect(throws: ConfigurationError.self) {
      _ = try TestPool(.windows7x64) {
        $0.specialPool = .all
        $0.profile.entryChecks = .all
      }
    }
  }
}

extension TestPool {
  /// Bytes that a charged request of special pool costs its process.
  fileprivate consuming func chargedBySpecial() throws -> UInt64 {
    var test = self
    _ = try test.allocate(64, .quota, tag: PoolTag("Spec"))
    return test.view.variables.chargedBytes.nonPaged
  }
}
