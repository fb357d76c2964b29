import Foundation
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
    // A few traces in every run; as many as an environment variable says in a long one.
    let long = ProcessInfo.processInfo.environment["POOLFUZZ_LONG"].flatMap { Int($0) }
    for seed in 0..<(long ?? 2) {
      let trace = Self.trace(profile, seed: UInt64(seed), count: long == nil ? 20 : 60)
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
