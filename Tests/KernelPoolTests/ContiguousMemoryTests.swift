import KernelPool
import PoolTestSupport
import Testing

/// MmAllocateContiguousMemory: any size is first a cache-aligned nonpaged block tagged MmCm (ReactOS
/// contmem.c).
@Suite struct ContiguousMemoryTests {
  private func address(_ outcome: KernelPool.AllocationOutcome) throws -> Address {
    guard case .address(let address) = outcome else {
      Issue.record("\(outcome)")
      throw TestPool.Failed()
    }
    return address
  }

  /// 0xF10 bytes are a small block of 483 units on x86; its page's tail is 0xE8 bytes.
  @Test(arguments: Profiles.all)
  func smallRequestsAreBlocks(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try address(test.pool.allocateContiguous(bytes: 0xF10))
    let blocks = try test.blocks(ofPageWith: block)
    #expect(blocks[0].tag == PoolTag("MmCm").word)
    if profile.header == .x86 {
      #expect(block & 0xFFF == 8)
      #expect(blocks.map { $0.units * 8 } == [0xF18, 0xE8])
    }
    if profile.cacheAlignment == .secondHeader {
      #expect(block & 63 == 0)
    } else {
      #expect(blocks[0].type == (profile.storedPoolType == .orTwo ? 6 : 5))
    }
    let freed = test.pool.freeContiguous(block)
    #expect(freed == .freed)
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
  }

  @Test(arguments: Profiles.all)
  func largeRequestsArePages(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try address(test.pool.allocateContiguous(bytes: 0x2345))
    #expect(block & 0xFFF == 0)
    let entries = try test.bigEntries()
    #expect(entries.map(\.tag) == [PoolTag("MmCm").word])
    let freed = test.pool.freeContiguous(block)
    #expect(freed == .freed)
  }

  /// Whether the request is rounded to pages first is a switch, off by default.
  @Test(arguments: Profiles.all)
  func roundingIsASwitch(_ profile: Profile) throws {
    #expect(profile.contiguousRequest == .asGiven)
    var test = try TestPool(profile) { $0.profile.contiguousRequest = .wholePages }
    let block = try address(test.pool.allocateContiguous(bytes: 0xF10))
    #expect(block & 0xFFF == 0)
    let freed = test.pool.freeContiguous(block)
    #expect(freed == .freed)
  }

  /// Limits that the pool's frames do not meet: the block is freed again and memory is mapped
  /// outside of the pool.
  @Test(arguments: Profiles.all)
  func unsuitableFramesGoElsewhere(_ profile: Profile) throws {
    let poolEnd = (KernelPool.initialPoolFrame + 64) * 0x1000
    let limits: [(lowest: UInt64, highest: UInt64, boundary: UInt64)] = [
      (0, KernelPool.initialPoolFrame * 0x1000 - 1, 0), (0, 0x210_0000, 0),
    ]
    for limit in limits {
      var test = try TestPool(profile)
      let block = try address(
        test.pool.allocateContiguous(
          bytes: 0x2000, lowest: limit.lowest, highest: limit.highest, boundary: limit.boundary))
      #expect(block >= profile.contiguousBase && block < profile.contiguousBase + 32 * 0x1000)
      let row = try test.trackerRow(PoolTag("MmCm"))
      #expect(row?.nonPaged == [1, 1, 0], "tried and freed again")
      let second = try address(
        test.pool.allocateContiguous(bytes: 0x1000, highest: limit.highest))
      #expect(second == block + 0x2000)
      let freed = [test.pool.freeContiguous(block), test.pool.freeContiguous(second)]
      #expect(freed == [.freed, .freed])
    }
    var test = try TestPool(profile)
    let nowhere = test.pool.allocateContiguous(bytes: 0x1000, lowest: poolEnd + 0x1000)
    #expect(nowhere == .null)
  }

  /// The lowest address is rounded up to a page, the highest down.
  @Test(arguments: Profiles.all)
  func limitsAreRounded(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let first = KernelPool.initialPoolFrame * 0x1000
    let isUpward = profile.nonPagedPages == .bitmap
    let page = first + (isUpward ? 0 : 63 * 0x1000)
    let fits = try address(
      test.pool.allocateContiguous(bytes: 0x1000, lowest: page, highest: page + 0xFFF))
    #expect(test.view.isNonPaged(fits))
    var other = try TestPool(profile)
    let misses = other.pool.allocateContiguous(
      bytes: 0x1000, lowest: page + 1, highest: page + 0xFFF)
    #expect(misses == .null)
  }

  /// Memory does not cross a multiple of the boundary.
  @Test(arguments: Profiles.all)
  func boundaries(_ profile: Profile) throws {
    for pages: UInt64 in [2, 3, 4] {
      var test = try TestPool(profile)
      var blocks: [Address] = []
      for _ in 0..<6 {
        let outcome = test.pool.allocateContiguous(bytes: pages * 0x1000, boundary: 0x4000)
        let block = try address(outcome)
        let base = test.view.isNonPaged(block) ? profile.nonPagedBase : profile.contiguousBase
        let page = (block - base) / 0x1000
        #expect(page / 4 == (page + pages - 1) / 4, "frames count from multiples of 4 pages")
        blocks.append(block)
      }
      for block in blocks {
        let freed = test.pool.freeContiguous(block)
        #expect(freed == .freed)
      }
    }
  }

  /// Expansion pages are not contiguous: only single pages of them are accepted.
  @Test(arguments: Profiles.before7)
  func expansionPagesAreNotContiguous(_ profile: Profile) throws {
    var test = try TestPool(profile) {
      $0.nonPagedPages = 4
      $0.maximumNonPagedPages = 32
      $0.expansion = .lowestFirst
    }
    _ = try test.allocate(0x4000)
    let two = try address(test.pool.allocateContiguous(bytes: 0x2000))
    #expect(!test.view.isNonPaged(two))
    let one = try address(test.pool.allocateContiguous(bytes: 0x1000))
    #expect(test.view.isNonPaged(one))
  }

  /// Above APC level there is no search for other memory.
  @Test(arguments: Profiles.all)
  func noSearchAtDispatchLevel(_ profile: Profile) throws {
    var test = try TestPool(profile)
    test.pool.setInterruptLevel(2)
    let inPool = test.pool.allocateContiguous(bytes: 0x1000)
    _ = try address(inPool)
    let elsewhere = test.pool.allocateContiguous(bytes: 0x1000, highest: 0x210_0000)
    #expect(elsewhere == .null)
  }

  @Test(arguments: Profiles.all)
  func badFrees(_ profile: Profile) throws {
    for offset: Address in [0, 0x1000, 0x1F_F000, 0x100_0000_0000] {
      var test = try TestPool(profile)
      if offset == 0x1000 { _ = test.pool.allocateContiguous(bytes: 0x2000, highest: 0x210_0000) }
      let place = profile.contiguousBase &+ offset
      if profile.wordBytes == 4, place > 0xFFFF_FFFF { continue }
      let outcome = test.pool.freeContiguous(place)
      #expect(outcome.bugCheck == [0xC2, 0x60, place, 0, 0])
    }
    var test = try TestPool(profile)
    let block = try address(test.pool.allocateContiguous(bytes: 0x1000, highest: 0x210_0000))
    let first = test.pool.freeContiguous(block)
    let second = test.pool.freeContiguous(block)
    #expect(first == .freed)
    #expect(second.bugCheck == [0xC2, 0x60, block, 0, 0])
  }
}
