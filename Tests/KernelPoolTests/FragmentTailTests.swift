import KernelPool
import PoolTestSupport
import Testing

/// The bytes behind a large allocation in its last page: wasted before Windows 7, a `Frag` block and
/// a free block since (Mandt 2011; MS ExAllocatePoolWithTag).
@Suite struct FragmentTailTests {
  private func kind(_ type: PoolType) -> PoolKind { type == .paged ? .paged : .nonPaged }

  /// Where the `Frag` header of a request lies.
  private func fragment(_ test: borrowing TestPool, _ address: Address, _ bytes: UInt64) -> Address
  {
    address + (bytes + test.unit - 1) / test.unit * test.unit
  }

  @Test(arguments: Profiles.before7)
  func theTailIsWasted(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let large = try test.allocate(0x1800)
    let small = try test.allocate(0x100)
    #expect(small < large || small >= large + 0x2000)
    for units in 1...profile.unitsPerPage {
      let list = try test.freeList(.nonPaged, units: units)
      #expect(list.allSatisfy { $0 & ~0xFFF == small & ~0xFFF })
    }
  }

  @Test(arguments: Profiles.vistaOn, [PoolType.nonPaged, .paged])
  func theTailIsAFragmentAndAFreeBlock(_ profile: Profile, _ type: PoolType) throws {
    var test = try TestPool(profile)
    let large = try test.allocate(0x1803, type)
    let place = fragment(test, large, 0x1803)
    let header = try test.header(at: place)
    #expect(header.units == 1 && header.previousUnits == 0)
    #expect(header.type == (type == .paged ? 3 : 2))
    #expect(header.tag == PoolTag("Frag").word)
    let free = try test.header(at: place + test.unit)
    let units = (large + 0x2000 - place) / test.unit - 1
    #expect(free.units == units && free.previousUnits == 1 && free.type == 0)
    let index: UInt32? = type == .paged ? 0 : nil
    let list = try test.freeList(kind(type), units: units, index: index)
    #expect(list == [place + test.unit])
  }

  /// Whole pages have no tail; a tail of one unit is wasted, one of two is a lone `Frag` with an
  /// orphan.
  @Test(arguments: Profiles.vistaOn)
  func shortTails(_ profile: Profile) throws {
    var test = try TestPool(profile)
    for left: UInt64 in [0, 1, 2, 3] {
      let bytes = 0x2000 - left * test.unit
      let large = try test.allocate(bytes)
      let entry = try test.bigEntries()[0]
      #expect(entry.size == bytes)
      if left > 1 {
        let header = try test.header(at: large + bytes)
        #expect(header.tag == PoolTag("Frag").word)
        let free = try test.header(at: large + bytes + test.unit)
        #expect(free.units == left - 1 && free.type == 0)
      }
      let listed = try test.freeList(.nonPaged, units: max(left, 2) - 1)
      #expect(listed.count == (left == 3 ? 1 : 0))
      try test.free(large)
    }
  }

  /// Case one: the tail is free, and goes with the pages.
  @Test(arguments: Profiles.vistaOn, [PoolType.nonPaged, .paged])
  func aFreeTailIsReleased(_ profile: Profile, _ type: PoolType) throws {
    var test = try TestPool(profile)
    let large = try test.allocate(0x1800, type)
    try test.free(large)
    for units in 1...profile.unitsPerPage {
      let list = try test.freeList(kind(type), units: units, index: 0)
      #expect(list.isEmpty)
    }
    let again = try test.allocate(0x1800, type)
    #expect(again == large)
    let pages = try test.counter(
      test.descriptor(kind(type), index: 0), profile.descriptor.totalBigPages)
    #expect(pages == 2)
  }

  /// A request served from the tail lies behind the fragment; nonpaged ones share its descriptor.
  private func useTail(
    _ test: inout TestPool, _ bytes: UInt64
  ) throws -> (large: Address, small: Address) {
    let large = try test.allocate(0x1800)
    let small = try test.allocate(bytes)
    #expect(small > large + 0x1800 && small < large + 0x2000, "the tail is used")
    return (large, small)
  }

  /// Case two: the tail is used up. The last page stays behind as a page of small blocks, its front
  /// and the fragment one free block.
  @Test(arguments: Profiles.vistaOn)
  func aUsedTailKeepsItsPage(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let tailUnits = 0x800 / test.unit - 1
    let (large, small) = try useTail(&test, test.bytes(forUnits: tailUnits))
    try test.free(large)
    let page = large + 0x1000
    #expect(test.view.smallBlockPages(.nonPaged) == [page])
    let blocks = try test.blocks(ofPageWith: page)
    #expect(blocks.map(\.units) == [0x800 / test.unit + 1, tailUnits])
    #expect(blocks.map(\.previousUnits) == [0, 0x800 / test.unit + 1])
    #expect(blocks.map(\.type) == [0, 2])
    #expect(blocks[0].tag == PoolTag("Frag").word)
    let first = try test.allocate(0x1000)
    #expect(first == large, "the first page was released")
    try test.free(small)
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
    try expectEmptied(&test, [first])
  }

  /// Case three: the tail is partly used. Its free part merges with the front where they touch.
  @Test(arguments: Profiles.vistaOn)
  func aPartlyUsedTailMerges(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let (large, small) = try useTail(&test, 0x100)
    let units = profile.units(forRequest: 0x100)
    #expect(small + units * test.unit - test.headerBytes == large + 0x2000, "the tail's back")
    try test.free(large)
    let blocks = try test.blocks(ofPageWith: large + 0x1000)
    #expect(blocks.map(\.units) == [profile.unitsPerPage - units, units])
    #expect(blocks[1].previousUnits == profile.unitsPerPage - units)
    let list = try test.freeList(.nonPaged, units: profile.unitsPerPage - units)
    #expect(list == [large + 0x1000])
    try test.free(small)
    try expectEmptied(&test, [])
  }

  /// Everything freed, no page is left and the counters agree.
  private func expectEmptied(_ test: inout TestPool, _ live: [Address]) throws {
    for address in live { try test.free(address) }
    let root = try test.descriptor(.nonPaged)
    let layout = test.profile.descriptor
    let counts = [
      try test.counter(root, layout.totalPages), try test.counter(root, layout.totalBigPages),
    ]
    #expect(counts == [0, 0])
    let allocations = try test.counter(root, layout.runningAllocations)
    let frees = try test.counter(root, layout.runningFrees)
    #expect(allocations == frees)
    #expect(test.view.variables.allocatedPages.nonPaged == 0)
  }

  /// A large allocation within one page: nothing is released before the tail is free.
  @Test(arguments: Profiles.vistaOn)
  func onePage(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.profile.smallRequestLimit = 0x200 }
    let large = try test.allocate(0x800)
    let small = try test.allocate(0x100)
    #expect(large & 0xFFF == 0 && small & ~0xFFF == large)
    try test.free(large)
    #expect(test.view.smallBlockPages(.nonPaged) == [large])
    try test.free(small)
    try expectEmptied(&test, [])
  }

  /// The fragment stops a merge into the large allocation.
  @Test(arguments: Profiles.vistaOn)
  func theFragmentStopsMerging(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let (large, small) = try useTail(&test, 0x100)
    try test.free(small)
    let free = try test.header(at: large + 0x1800 + test.unit)
    #expect(free.units == 0x800 / test.unit - 1 && free.previousUnits == 1)
    try test.free(large)
    try expectEmptied(&test, [])
  }
}
