import KernelPool
import PoolTestSupport
import Testing

/// Where blocks lie: first list, front and back, orphans, the headers behind (ReactOS
/// ExAllocatePoolWithTag; Mandt 2011 and its flow charts for Windows).
@Suite struct SplitTests {
  /// The first six requests of the worked example; the state is the same for both rules.
  private func sixRequests(_ test: inout TestPool) throws -> [Address] {
    try [0x10, 0x10, 0x10, 0xF10, 0xF10, 0xFF0].map { try test.allocate($0) }
  }

  private func text(_ test: borrowing TestPool, _ address: Address) throws -> String {
    try test.blocks(ofPageWith: address).map { $0.text(unit: test.unit) }.joined(separator: " ")
  }

  @Test(arguments: Profiles.x86)
  func sixRequestsMakeThreePages(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = try sixRequests(&test)
    #expect(blocks.map { $0 & 0xFFF } == [0x008, 0xFF0, 0xFD8, 0x0C0, 0x008, 0x008])
    let pages = [
      try text(test, blocks[0]), try text(test, blocks[4]), try text(test, blocks[5]),
    ]
    #expect(
      pages == [
        "000:18A 018:A0f 0B8:F18A FD0:18A FE8:18A", "000:F18A F18:E8f", "000:FF8A FF8:8f",
      ])
    let page = blocks.map { $0 & ~0xFFF }
    let small = try test.freeList(.nonPaged, units: 0xA0 / 8)
    let tail = try test.freeList(.nonPaged, units: 0xE8 / 8)
    #expect(small == [page[0] + 0x18])
    #expect(tail == [page[4] + 0xF18])
    let freed = blocks[1]
    try test.free(freed)
    let list = try test.freeList(.nonPaged, units: 3)
    #expect(list == [page[0] + 0xFE8])
  }

  @Test(arguments: Profiles.x86.filter { $0.firstList == .exactFit })
  func windowsTakesTheExactFit(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let blocks = try sixRequests(&test)
    try test.free(blocks[1])
    let again = try test.allocate(0x10)
    #expect(again & 0xFFF == 0xFF0)
    try test.free(blocks[3])
    let merged = try test.freeList(.nonPaged, units: 0xFB8 / 8)
    #expect(merged == [(blocks[0] & ~0xFFF) + 0x18])
  }

  @Test func reactosSkipsTheExactFit() throws {
    var test = try TestPool(.reactosX86)
    let blocks = try sixRequests(&test)
    let page = blocks[0] & ~0xFFF
    try test.free(blocks[1])
    let again = try test.allocate(0x10)
    #expect(again & 0xFFF == 0xA8)
    let remainder = try test.freeList(.nonPaged, units: 0x88 / 8)
    let left = try test.freeList(.nonPaged, units: 3)
    #expect(remainder == [page + 0x18])
    #expect(left == [page + 0xFE8])
    try test.free(blocks[3])
    let alone = try test.freeList(.nonPaged, units: 483)
    #expect(alone == [page + 0xB8])
  }

  @Test(arguments: Profiles.all)
  func exactFitsAreTakenByWindowsOnly(_ profile: Profile) throws {
    var test = try TestPool(profile)
    _ = try test.allocate(0x40)
    let hole = try test.allocate(0x40)
    _ = try test.allocate(0x40)
    try test.free(hole)
    let again = try test.allocate(0x40)
    #expect((again == hole) == (profile.firstList == .exactFit))
    #expect((profile.firstList == .exactFit) == !profile.name.hasPrefix("reactos"))
  }

  /// A free block that starts its page gives its front, whatever its age.
  @Test(arguments: Profiles.all)
  func aBlockAtThePageStartGivesItsFront(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let units = profile.unitsPerPage
    let first = try test.allocate(test.bytes(forUnits: units / 2))
    let pin = try test.allocate(test.bytes(forUnits: units / 2 - 2))
    try test.free(first)
    let again = try test.allocate(test.bytes(forUnits: 4))
    #expect(again == first)
    let blocks = try test.blocks(ofPageWith: first)
    #expect(blocks.map(\.units) == [4, units / 2 - 2, units / 2 - 2])
    #expect(blocks.map(\.previousUnits) == [0, 4, units / 2 - 2])
    #expect(blocks.map { $0.type == 0 } == [false, true, false])
    try test.free(pin)
  }

  /// Any other free block gives its back, and the header behind it learns the new size.
  @Test(arguments: Profiles.all)
  func aBlockInMidPageGivesItsBack(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let units = profile.unitsPerPage
    let first = try test.allocate(test.bytes(forUnits: 8))
    let last = try test.allocate(test.bytes(forUnits: 8))
    let blocks = try test.blocks(ofPageWith: first)
    #expect(blocks.map(\.units) == [8, units - 16, 8])
    #expect(blocks.map(\.previousUnits) == [0, 8, units - 16])
    #expect(last & (profile.pageBytes - 1) == (units - 8) * test.unit + test.headerBytes)
    let third = try test.allocate(test.bytes(forUnits: 8))
    #expect(third + 8 * test.unit == last)
    let behind = try test.header(of: last)
    #expect(behind.previousUnits == 8)
  }

  /// Requests that leave one unit leave an orphan where a unit has no room for links.
  @Test(arguments: Profiles.all)
  func aRemainderOfOneUnit(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let first = try test.allocate(test.bytes(forUnits: 8))
    let last = try test.allocate(test.bytes(forUnits: 8))
    let hole = try test.allocate(test.bytes(forUnits: 9))
    let pin = try test.allocate(test.bytes(forUnits: 8))
    try test.free(hole)
    let inner = try test.allocate(test.bytes(forUnits: 8))
    #expect(inner == hole + test.unit, "the back of the hole")
    let orphan = try test.header(of: hole)
    #expect(orphan.units == 1 && orphan.type == 0)
    let listed = try test.freeList(.nonPaged, units: 1)
    #expect(listed == (profile.header == .windows2000 ? [hole - test.headerBytes] : []))
    // The orphan comes back when its neighbour is freed.
    try test.free(inner)
    let merged = try test.header(of: hole)
    #expect(merged.units == 9 && merged.type == 0)
    let behind = try test.header(of: hole + 9 * test.unit)
    #expect(behind.previousUnits == 9)
    let list = try test.freeList(.nonPaged, units: 9)
    #expect(list == [hole - test.headerBytes])
    for block in [pin, first, last] { try test.free(block) }
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
  }

  /// The search takes the smallest sufficient size, and at the page's end there is no header behind.
  @Test(arguments: Profiles.all)
  func theFirstSufficientListWins(_ profile: Profile) throws {
    var test = try TestPool(profile)
    _ = try test.allocate(test.bytes(forUnits: 2))
    let large = try test.allocate(test.bytes(forUnits: 20))
    _ = try test.allocate(test.bytes(forUnits: 2))
    let small = try test.allocate(test.bytes(forUnits: 12))
    _ = try test.allocate(test.bytes(forUnits: 2))
    try test.free(large)
    try test.free(small)
    let taken = try test.allocate(test.bytes(forUnits: 10))
    #expect(taken == small + 2 * test.unit)
    let header = try test.header(of: taken)
    #expect(header.previousUnits == 2)
  }

  /// Frees go to the head, remainders to the tail, requests take the head: last in, first out for
  /// frees, first in, first out for fragments, in one list.
  @Test(arguments: Profiles.all)
  func endsOfALists(_ profile: Profile) throws {
    var test = try TestPool(profile)
    var holes: [Address] = []
    for units: UInt64 in [10, 10, 10, 22] {
      _ = try test.allocate(test.bytes(forUnits: 2))
      _ = try test.allocate(test.bytes(forUnits: 2))
      holes.append(try test.allocate(test.bytes(forUnits: units)))
    }
    _ = try test.allocate(test.bytes(forUnits: 2))
    for hole in holes { try test.free(hole) }
    let wide = try test.allocate(test.bytes(forUnits: 12))
    #expect(wide == holes[3] + 10 * test.unit)
    let list = try test.freeList(.nonPaged, units: 10)
    #expect(list == [2, 1, 0, 3].map { holes[$0] - test.headerBytes })
    let isExact = profile.firstList == .exactFit
    let taken = try test.allocate(test.bytes(forUnits: isExact ? 10 : 9))
    #expect(taken == holes[2] + (isExact ? 0 : test.unit))
  }
}
