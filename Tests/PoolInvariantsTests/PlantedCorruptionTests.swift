import KernelPool
import PoolInvariants
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
    try #require(audited.full().map(\.description) == [], "the pool was healthy before")
    planted.corrupt(&audited, addresses)
    let violations = audited.full()
    #expect(
      violations.contains { $0.invariant == planted.invariant },
      """
      \(planted.invariant.rawValue) on \(planted.profile.name) found
      \(violations.map(\.description).joined(separator: "\n"))
      """)
  }
}
