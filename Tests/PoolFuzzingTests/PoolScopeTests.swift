import PoolTestSupport
import KernelPool
import PoolFuzzing
import PoolOracles
import PropertyTesting
import Testing

/// Every small trace of the pool: pools can be rewound, and what enumeration finds is the ground
/// truth for the shrinker.
@Suite struct PoolScopeTests {
  private func setup(_ words: String, _ mutant: Mutant = .none) throws -> PoolSetup {
    try PoolFuzzTrace.reading("config \(words)\n", mutant: mutant).configuration
  }

  private static let small =
    "nonpaged_pages=32 paged_pages=16 session_pages=16 contiguous_pages=16 tracker=64 bigtable=64"

  @Test(arguments: ["pages", "deferred", "contiguous"])
  func aPoolCanBeRewound(profile name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    var choices = RandomChoices(seed: Seed(3))
    var trace = PoolTraceGenerator.trace(profile, operationCount: 8, choices: &choices)
    trace.configuration.mutant = .freedWrongList
    trace.configuration.oracles = .fast
    let breaches = MachineLaws.rewindingBreaches(of: CheckedPool.self, on: trace)
    #expect(breaches.isEmpty, "\(breaches)")
  }

  @Test func rewindingFindsWhatRepeatingFinds() throws {
    let setup = try setup(Self.small, .noBackwardMerge)
    let scope = PoolAlphabet(types: [.nonPaged], sizes: [0, 4081])
      .scope(setup, operationLimit: 3)
    let repeated = scope.search { PoolShrinker.execute($0) }
    let rewound = scope.search(CheckedPool.self)
    #expect(repeated.minima.count > 1)
    #expect(Set(rewound.minima.map(\.identity)) == Set(repeated.minima.map(\.identity)))
    for (identity, trace) in repeated.minima { #expect(rewound.minimum(of: identity) == trace) }
  }

  @Test func theHealthyModelHoldsOnEverySmallTrace() throws {
    let alphabet = PoolAlphabet(types: [.nonPaged], sizes: [0, 249, 2041, 4081, 4097])
    let report = alphabet.scope(try setup(Self.small), operationLimit: 3)
      .search(CheckedPool.self, checksEnd: false)
    #expect(report.executionCounts == [5, 30, 200])
    #expect(report.isComplete)
    #expect(report.minima.isEmpty)
  }

  @Test func anAlphabetHasOneSizeOfEachKind() throws {
    #expect(PoolAlphabet.sizes(of: try setup("")) == [0, 249, 2041, 4080, 4081, 4097])
    var alphabet = PoolAlphabet(types: [.nonPaged], sizes: [0])
    let trace = try PoolFuzzTrace.reading(
      "alloc a NonPaged 0 Test\nalloc b Paged 9 Test\nfree b\n")
    alphabet.add(trace)
    #expect(
      alphabet.operations.map(\.description)
        == ["alloc s0 NonPaged 0 Test", "free s0", "alloc s0 Paged 9 Test"])
  }

  /// The optima that the challenge's table states, for those that enumerate fast: no shorter trace
  /// shows the failure, and the shrinker's own result is as long as stated.
  @Test(
    arguments: TestScale.sample(
      ChallengeTask.all.filter { ($0.optimum ?? 9) <= 2 && $0.mutant != .firstListTooHigh }, 2)
  )
  func aStatedOptimumIsTheShortest(task: ChallengeTask) throws {
    let optimum = try #require(task.optimum)
    let outcome = try #require(ChallengeOutcome(task, seed: ChallengeTask.hardSeeds[0]))
    #expect(outcome.trace.operations.count == optimum)
    var alphabet = PoolAlphabet(types: [.nonPaged], sizes: [0, 4081])
    alphabet.add(outcome.trace)
    let report = alphabet.scope(try #require(task.setup), operationLimit: optimum - 1)
      .search(CheckedPool.self, for: [task.identity])
    #expect(report.isComplete)
    #expect(report.minimum(of: task.identity) == nil)
  }
}
