import KernelPool
import PoolInvariants
import PoolTestSupport
import Testing

@Suite("Planted corruptions")
struct PlantedCorruptionTests {
  @Test("every invariant has a corruption that it must catch")
  func everyInvariantIsPlanted() {
    #expect(Set(Planted.all.map(\.invariant)) == Set(Invariant.allCases))
  }

  @Test("a full audit names the invariant", arguments: Planted.all.indices)
  func fullAuditCatches(_ index: Int) throws {
    let planted = Planted.all[index]
    var audited = try AuditedPool(planted.configuration)
    let addresses = planted.prepare(&audited)
    let before = audited.full()
    try #require(before.map(\.description) == [], "the pool was healthy before")
    planted.corrupt(&audited, addresses)
    let violations = audited.full()
    #expect(
      violations.contains { $0.invariant == planted.invariant },
      """
      \(planted.invariant.rawValue) on \(planted.profile.name) found
      \(violations.map(\.description).joined(separator: "\n"))
      """)
  }

  @Test(
    "a small block for a large request is told with the pages that were asked for and none found")
  func aSmallBlockForALargeRequest() throws {
    var audited = try AuditedPool(Machine(.windows2003x86, "quiet") { _ in }.configuration)
    let address = audited.taking(.nonPaged, 100)
    _ = audited.live.remove(address)
    _ = audited.live.insert(
      address,
      LiveAllocation(
        slot: 999, requestedBytes: 0x2800, type: .nonPaged, tag: "Test", patternSeed: nil))
    let violations = audited.full().filter { $0.invariant == .liveSize }
    #expect(violations.map { [$0.address, $0.expected, $0.found] } == [[address, 3, 0]])
  }

  /// What a look at the touched page, entry and row alone must find.
  private static let touched: Set<Invariant> = [
    .headerFirst, .headerPreviousSize, .headerSizeRange, .headerTiling, .headerPoolIndex,
    .freeAdjacent, .pageWhollyFree, .listLinks, .listSize, .liveBlock, .liveAlignment, .livePool,
    .liveSize, .liveRoom, .liveType, .liveTag, .livePattern, .quotaProcess, .runsLinks, .runsList,
    .marksStart, .marksEnd, .bitmapAllocated, .bitmapEnd, .bigTableLive, .bigTableMissing,
    .bigTableSize, .bigTableTag, .bigTableType, .trackerOutstanding, .trackerBytes,
  ]

  @Test("the first tier names what lies where the operation was, and nothing of its own")
  func firstTierCatches() throws {
    var caught: Set<Invariant> = []
    for planted in Planted.all {
      var audited = try AuditedPool(planted.configuration)
      let addresses = planted.prepare(&audited)
      var touches: [TouchedByOperation] = []
      for address in addresses {
        touches.append(.store(address, byteCount: 4))
        let slot = audited.live.position(of: address)
        if let slot { touches.append(.allocation(slot: slot, isFirst: true)) }
        touches.append(.release(address, slot: slot))
      }
      planted.corrupt(&audited, addresses)
      // What the corruption claims for a caller is looked at where it lies.
      audited.live.forEach { _, allocation in
        if allocation.slot == 999 { touches.append(.allocation(slot: 999, isFirst: true)) }
      }
      for touched in touches {
        let violations = audited.audit.checkTouched(audited.pool.view, audited.live, touched)
        if !violations.isEmpty { #expect(violations == audited.full()) }
        if violations.contains(where: { $0.invariant == planted.invariant }) {
          caught.insert(planted.invariant)
        }
      }
    }
    #expect(Self.touched.subtracting(caught).map(\.rawValue).sorted() == [])
  }
}
