@testable import KernelPool
import PoolInvariants
import PoolTestSupport
import PropertyTesting
import Testing

/// Whatever bytes a trace writes, an audit ends, traps nowhere and reports a bounded number of
/// violations. Headers, links, descriptors, tables, bitmaps and free runs are all hit.
@Suite("Wild memory")
struct WildMemoryTests {
  /// Values that mislead walks: zero, ones, small numbers, odd and plausible addresses.
  private static func value(_ random: inout SplitMix64, _ audited: borrowing AuditedPool) -> UInt64
  {
    let profile = audited.pool.profile
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return 0
    case 1: return .max
    case 2: return UInt64.random(in: 0...64, using: &random)
    case 3: return profile.nonPagedBase + UInt64.random(in: 0..<(64 << 12), using: &random)
    case 4: return profile.descriptorBase + UInt64.random(in: 0..<0x2000, using: &random)
    default: return random.next()
    }
  }

  /// A mapped place in something that an audit reads: a store elsewhere would stop the kernel.
  static func place(_ random: inout SplitMix64, _ audited: borrowing AuditedPool) -> Address {
    let variables = audited.pool.state.pointee.variables.pointee
    let profile = audited.pool.profile
    let places: [(Address, UInt64)] = [
      (profile.nonPagedBase, 96 << 12),
      (audited.pool.view.descriptors[0].address, 0x1200), (variables.freeRunHeads, 64),
      (variables.trackerTable, variables.trackerRows * profile.trackerRowBytes),
      (variables.bigTable, variables.bigTableEntries * profile.bigEntryBytes),
      (variables.pagedBitmap.allocationMap, 8), (variables.pagedBitmap.endMap, 8),
    ]
    let (base, size) = places[Int.random(in: 0..<places.count, using: &random)]
    return base + UInt64.random(in: 0..<size, using: &random) & ~3
  }

  @Test("audits end on smashed memory", arguments: Profiles.all.indices)
  func auditsEnd(_ index: Int) throws {
    let profile = Profiles.all[index]
    var noticed = 0
    for seed in 0..<3 as Range<UInt64> {
      var audited = try AuditedPool(Machine(profile, "to be smashed") { _ in }.configuration)
      var workload = RandomWorkload(seed: seed, profile, .small)
      for _ in 0..<30 { workload.step(&audited) }
      var random = SplitMix64(seed: seed * 31 + UInt64(index))
      for _ in 0..<12 {
        for _ in 0..<4 {
          let place = Self.place(&random, audited)
          audited.pokePointer(place, Self.value(&random, audited))
        }
        let full = audited.full()
        let cheap = audited.cheap()
        #expect(full.count <= 64 && cheap.count <= 64)
        noticed += full.isEmpty ? 0 : 1
      }
    }
    #expect(noticed > 27, "most smashes are noticed")
  }
}
