import KernelPool
import PoolTestSupport
import Testing

/// Merging on free, whole pages, and the wrap of the size field (ReactOS ExFreePoolWithTag; the
/// same order in Mandt's charts).
@Suite struct CoalescingTests {
  /// A page's first block and three neighbours in mid-page, by address, with a pin at the end.
  private func neighbours(_ test: inout TestPool) throws -> [Address] {
    _ = try test.allocate(test.bytes(forUnits: 8))
    _ = try test.allocate(test.bytes(forUnits: 8))
    var blocks: [Address] = []
    for _ in 0..<3 { blocks.insert(try test.allocate(test.bytes(forUnits: 6)), at: 0) }
    // What is left between the page's first block and the three, but for two units.
    _ = try test.allocate(test.bytes(forUnits: test.profile.unitsPerPage - 36))
    return blocks
  }

  @Test(arguments: Profiles.all)
  func forward(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = try neighbours(&test)
    try test.free(blocks[1])
    try test.free(blocks[0])
    let merged = try test.header(of: blocks[0])
    let behind = try test.header(of: blocks[2])
    #expect(merged.units == 12 && merged.type == 0)
    #expect(behind.previousUnits == 12)
    let six = try test.freeList(.nonPaged, units: 6)
    let twelve = try test.freeList(.nonPaged, units: 12)
    #expect(six.isEmpty)
    #expect(twelve == [blocks[0] - test.headerBytes])
  }

  @Test(arguments: Profiles.all)
  func backward(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = try neighbours(&test)
    try test.free(blocks[0])
    try test.free(blocks[1])
    let merged = try test.header(of: blocks[0])
    let behind = try test.header(of: blocks[2])
    #expect(merged.units == 12 && behind.previousUnits == 12)
    let twelve = try test.freeList(.nonPaged, units: 12)
    #expect(twelve == [blocks[0] - test.headerBytes])
  }

  @Test(arguments: Profiles.all)
  func bothWays(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = try neighbours(&test)
    try test.free(blocks[0])
    try test.free(blocks[2])
    try test.free(blocks[1])
    let merged = try test.header(of: blocks[0])
    #expect(merged.units == 18)
    let lists = [
      try test.freeList(.nonPaged, units: 6), try test.freeList(.nonPaged, units: 12),
      try test.freeList(.nonPaged, units: 18),
    ]
    #expect(lists == [[], [], [blocks[0] - test.headerBytes]])
  }

  /// A block without free neighbours changes nothing but itself.
  @Test(arguments: Profiles.all)
  func alone(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = try neighbours(&test)
    let before = try test.blocks(ofPageWith: blocks[0])
    try test.free(blocks[1])
    let after = try test.blocks(ofPageWith: blocks[0])
    let changed = zip(before, after).filter { $0 != $1 }.map { $0.0.offset }
    #expect(changed == [(blocks[1] - test.headerBytes) & (profile.pageBytes - 1)])
  }

  /// The last free block takes its page along.
  @Test(arguments: Profiles.all)
  func aWholePageIsGivenBack(_ profile: Profile) throws {
    for type in [PoolType.nonPaged, .paged] {
      for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        var test = try TestPool(profile) { $0.profile.pagedDescriptors = 1 }
        let blocks = try (0..<3).map { _ in try test.allocate(0x100, type) }
        let kind: PoolKind = type == .paged ? .paged : .nonPaged
        #expect(test.view.smallBlockPages(kind).count == 1)
        for index in order { try test.free(blocks[index]) }
        #expect(test.view.smallBlockPages(kind).isEmpty)
        let pages = try test.counter(
          test.descriptor(kind), profile.descriptor.totalPages)
        #expect(pages == 0)
        for units in 1...profile.unitsPerPage {
          let list = try test.freeList(kind, units: units)
          #expect(list.isEmpty)
        }
      }
    }
  }

  /// The merged size is as many units as the field can count, and wraps to zero; the stored type is
  /// not cleared first. Pages from a bitmap stay mapped and show it.
  @Test(arguments: Profiles.vistaOn)
  func theSizeOfAWholePageWrapsToZero(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let first = try test.allocate(0x100, tag: PoolTag("Wrap"))
    let second = try test.allocate(0x100)
    try test.free(second)
    try test.free(first)
    let header = try test.header(of: first)
    #expect(header.units == 0 && header.previousUnits == 0)
    #expect(header.type == 2, "still in use")
    #expect(header.tag == PoolTag("Wrap").word)
  }

  /// On the run lists the first bytes of a page given back become a list entry.
  @Test(arguments: Profiles.before7)
  func aPageGivenBackBecomesARun(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let first = try test.allocate(0x100)
    let page = first & ~0xFFF
    try test.free(first)
    let signature = try test.word32(page + 2 * test.word + 4)
    let owner = try test.pointer(page + 2 * test.word + 8)
    #expect(signature == 0x4152_4D33)
    #expect(owner == profile.nonPagedBase)
  }

  /// A page on the single-page list carries the link where the header was.
  @Test(arguments: Profiles.all)
  func aPageOnTheListCarriesALink(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 4 }
    let large = try test.allocate(profile.pageBytes)
    let first = try test.allocate(0x100)
    try test.free(large)
    try test.free(first)
    let link = try test.pointer(first - test.headerBytes)
    #expect(link == large)
    #expect(test.view.variables.singlePageLists.nonPaged.0.count == 2)
    #expect(test.view.variables.singlePageLists.nonPaged.0.top == first - test.headerBytes)
  }

  /// Nothing is merged across a page's end.
  @Test(arguments: Profiles.all)
  func pagesDoNotMerge(_ profile: Profile) throws {
    var test = try TestPool(profile)
    // Each page holds a block of half a page less one unit at either end, two units between them.
    let half = profile.unitsPerPage / 2
    let blocks = try (0..<4).map { _ in try test.allocate(test.bytes(forUnits: half - 1)) }
    let byAddress = blocks.sorted()
    try test.free(byAddress[1])
    try test.free(byAddress[2])
    let lower = try test.header(of: byAddress[1] - 2 * test.unit)
    let upper = try test.header(of: byAddress[2])
    #expect([lower.units, upper.units] == [half + 1, half + 1])
    #expect([lower.previousUnits, upper.previousUnits] == [half - 1, 0])
    #expect(test.view.smallBlockPages(.nonPaged).count == 2)
  }
}
