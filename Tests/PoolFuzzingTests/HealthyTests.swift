import KernelPool
import PoolFuzzing
import PoolTrace
import PropertyTesting
import Testing

/// No alarm on healthy operations, and alarms where a bug is planted.
@Suite struct HealthyTests {
  static func trace(
    _ profile: GeneratorProfile, seed: UInt64, count: Int, mutant: Mutant = .none
  ) -> PoolFuzzTrace {
    var choices = RandomChoices(seed: Seed(seed))
    var trace = PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
    trace.configuration.mutant = mutant
    return trace
  }

  @Test(arguments: GeneratorProfile.all.map(\.name))
  func noFalseAlarm(_ name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    for seed in 0..<12 {
      let trace = Self.trace(profile, seed: UInt64(seed), count: 60)
      let failure = TraceRunner<PoolMachine>().run(trace).failure
      #expect(failure == nil, "seed \(seed): \(failure.map { "\($0)" } ?? "")\n\(trace.text())")
      if failure != nil { break }
    }
  }

  @Test(arguments: MetamorphicLaw.allCases)
  func metamorphicLawsHold(_ law: MetamorphicLaw) {
    for (index, profile) in GeneratorProfile.healthy.enumerated() {
      let trace = Self.trace(profile, seed: UInt64(100 + index), count: 80)
      let breach = law.breach(of: trace)
      #expect(breach == nil, "\(breach ?? "")")
    }
  }
}
