import FuzzHarness
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

/// Random stores end in a stop of the kernel, in an alarm or in nothing; `.ci/writes` makes millions.
@Suite struct WildWriteTests {
  private static let profiles: [Profile] =
    TestScale.isWhole ? [.windows2003x86, .windows7x64, .reactosX64] : [.windows7x64]

  @Test(arguments: profiles)
  func storiesEndInEveryWayAndFollowFromTheirSeed(_ profile: Profile) throws {
    var tallies: [WildWrites.Tally] = []
    for seed: UInt64 in [1, 1] {
      var writes = try WildWrites(profile, seed: Seed(seed))
      writes.run(operations: 700)
      tallies.append(writes.tally)
    }
    #expect(tallies[0] == tallies[1])
    let tally = tallies[0]
    #expect(tally.operations >= 700 && tally.stores > 150)
    #expect(tally.bugChecks > 0 && tally.alarms + tally.faults > 0 && !tally.codes.isEmpty)
    #expect(tally.bugChecks + tally.faults + tally.alarms + tally.silent == tally.stories)
  }
}
