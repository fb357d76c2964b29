import KernelPool
import PoolFuzzing
import PoolOracles
import PropertyTesting
import Testing

/// No run holds more pages than are proved possible: healthy runs of every profile do not, and a
/// planted bug that keeps released pages on the books is found by the bound alone.
@Suite struct BoundOracleTests {
  /// Pages come and go: as many operations as the bound of one block has pages, twice over.
  private static let comeAndGo = String(
    repeating: "alloc a NonPaged 2000 Test\nfree a\n", count: 400)

  private func rules(_ mutant: Mutant, _ config: String) throws -> [String] {
    var trace = try PoolFuzzTrace.reading("config \(config)\n" + Self.comeAndGo, mutant: mutant)
    trace.configuration.oracles = [.bound]
    return FuzzRun(trace).failure?.failures.map(\.rule) ?? []
  }

  @Test(arguments: ["windows-2000-x86", "windows-2003-x86", "reactos-x86"])
  func pagesThatNobodyHoldsAreNoticed(profile: String) throws {
    let config = "profile=\(profile) lookaside=0"
    #expect(try rules(.none, config).isEmpty)
    #expect(
      try rules(.releasedPageStillCounted, config) == [OracleRule.bound.rawValue])
  }

  /// Without the oracle nobody says so: what finds the bug above is the bound.
  @Test func withoutTheOracleTheSameRunPasses() throws {
    var trace = try PoolFuzzTrace.reading(
      "config profile=windows-2003-x86 lookaside=0\n" + Self.comeAndGo,
      mutant: .releasedPageStillCounted)
    trace.configuration.oracles = [.shadow]
    #expect(FuzzRun(trace).failure == nil)
  }

  /// Misuse in the profiles that end in it comes last, after which the bound is not asked.
  @Test func healthyRunsOfEveryProfileHold() {
    for profile in GeneratorProfile.all {
      for stream in 0..<6 {
        var choices = RandomChoices(seed: Seed(11), stream: UInt64(stream))
        var trace = PoolTraceGenerator.trace(profile, operationCount: 200, choices: &choices)
        trace.configuration.oracles = [.bound]
        #expect(FuzzRun(trace).failure == nil, "\(profile.name) \(stream)")
      }
    }
  }
}
