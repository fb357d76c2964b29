import Foundation
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

/// Whatever bytes are written over the pool's structures, its operations end: with a result, a bug
/// check, a fault or a hang, but never with a trap, an endless loop or unbounded memory.
@Suite struct RobustnessTests {
  /// Runs of each profile; POOLFUZZ_RUNS asks for more.
  static let runs = TestScale.count(60 as UInt64, all: 1500)

  @Test(arguments: Profiles.all)
  func randomDamage(_ profile: Profile) throws {
    var ends: [String: Int] = [:]
    for seed in 0..<Self.runs {
      var run = try DamagedPool(profile, seed: seed)
      ends[run.finish(), default: 0] += 1
    }
    // Damage that nothing ever noticed would mean that it never hit anything.
    #expect(ends.values.reduce(0, +) == Int(Self.runs))
    #expect(ends["bug check", default: 0] > 0, "\(ends)")
    #expect(ends["fault", default: 0] > 0, "\(ends)")
    #expect(ends["still running", default: 0] > 0, "\(ends)")
  }

  /// Geometries and switches in any combination, with damage.
  @Test func randomSwitches() throws {
    var random = SplitMix64(seed: 7)
    var booted = 0
    for seed in 0..<Self.runs {
      var profile = random.pick(Profile.all)
      profile.shuffle(&random)
      guard var run = try? DamagedPool(profile, seed: seed) else { continue }
      booted += 1
      #expect(!run.finish().isEmpty)
    }
    #expect(booted > Int(Self.runs) / 4)
  }
}

extension Profile {
  /// Other values for some of the switches.
  fileprivate mutating func shuffle(_ random: inout SplitMix64) {
    if random.next(below: 2) == 0 { pageBytes = random.pick([64, 128, 512, 4096]) }
    if random.next(below: 2) == 0 { firstList = random.pick(FirstList.allCases) }
    if random.next(below: 2) == 0 { checks = random.pick(PoolChecks.allCases) }
    if random.next(below: 2) == 0 { largeTail = random.pick(LargeTail.allCases) }
    if random.next(below: 2) == 0 { nonPagedPages = random.pick(NonPagedPages.allCases) }
    if random.next(below: 2) == 0 { untrackedLargeFree = random.pick(UntrackedLargeFree.allCases) }
    if random.next(below: 2) == 0 { doubleFreeCheck = random.pick(DoubleFreeCheck.allCases) }
    if random.next(below: 2) == 0 { storedPoolType = random.pick(StoredPoolType.allCases) }
    if random.next(below: 2) == 0 { poolIndexRule = random.pick(PoolIndexRule.allCases) }
    if random.next(below: 2) == 0 { cacheAlignment = random.pick(CacheAlignment.allCases) }
    if random.next(below: 2) == 0 { quotaPointer = random.pick(QuotaPointer.allCases) }
    if random.next(below: 2) == 0 { deferredFrees.toggle() }
    if random.next(below: 2) == 0 { deferredFreeType = random.pick(DeferredFreeType.allCases) }
    if random.next(below: 2) == 0 { hasNoExecutePool.toggle() }
    if random.next(below: 2) == 0 { hasSessionPool.toggle() }
    if random.next(below: 2) == 0 { lookasideLinks = random.pick(LookasideLinks.allCases) }
    if random.next(below: 2) == 0 { lookasideDepthRule = random.pick(LookasideDepthRule.allCases) }
    if random.next(below: 2) == 0 { sharedLookaside = random.pick(SharedLookaside.allCases) }
    if random.next(below: 2) == 0 { bitmapSearch = random.pick(BitmapSearch.allCases) }
    if random.next(below: 2) == 0 { contiguousRequest = random.pick(ContiguousRequest.allCases) }
    if random.next(below: 2) == 0 { largeQuota = random.pick(LargeQuota.allCases) }
    if random.next(below: 3) == 0 { pageCountWidth = random.pick(PageCountWidth.allCases) }
    if random.next(below: 3) == 0 { pageOffsetWidth = random.pick(PageOffsetWidth.allCases) }
    if random.next(below: 3) == 0 { smallRequestLimit = random.next(below: pageBytes) }
    if random.next(below: 3) == 0 { singleListPages = 1 + random.next(below: 3) }
    if random.next(below: 3) == 0 { pageTableEntries = random.pick([8, 64, 512]) }
    if random.next(below: 3) == 0 { bigEntryBytes = random.pick([12, 16, 20, 24, 60, 64]) }
  }
}
