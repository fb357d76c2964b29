import Foundation
import KernelPool
import PoolFuzzing
import PoolTrace
import PropertyTesting

enum DiscoverTemp {
  static let machines = [
    "", "lookaside=0", "nonpaged_pages=32 paged_pages=16 session_pages=16 contiguous_pages=16",
    "profile=windows-7-x86 lookaside=0", "profile=windows-7-x86", "profile=reactos-x86",
    "profile=windows-2003-x64 lookaside=0", "processors=2", "tracker=8 bigtable=8",
    "max_nonpaged_pages=576 expansion=first", "slist=0 lookaside=0", "profile=windows-8-x64",
    "shared=1",
    "profile=windows-2000-x86", "profile=windows-2003-x64",
  ]
  static func run(_ mutants: [Mutant], _ streams: StandardStreams) {
    for mutant in mutants {
      var lines: [(Int, String)] = []
      search: for machine in machines {
        for profile in GeneratorProfile.healthy {
          guard let parsed = try? PoolFuzzTrace.reading("config \(machine)\n", mutant: mutant)
          else {
            streams.note("bad machine \(machine)")
            continue
          }
          var killed = 0
          var one: (PoolFuzzTrace, FailureIdentity)?
          for seed in 1...2 as ClosedRange<UInt64> {
            var choices = RandomChoices(seed: Seed(seed))
            var trace = PoolTraceGenerator.trace(
              profile, operationCount: 150, setup: parsed.configuration, choices: &choices)
            let execution = PoolShrinker.execute(trace)
            if execution.failure != nil {
              trace.configuration.oracles = .everything
              if let identity = PoolShrinker.identity(of: trace) {
                killed += 1
                one = (trace, identity)
              }
            }
          }
          guard killed >= 2, let (trace, identity) = one else { continue }
          let outcome = PoolShrinker.shrink(trace, identity)
          let text = outcome.trace.operations.map(\.description).joined(separator: "; ")
          lines.append(
            (
              outcome.trace.operations.count,
              "\(mutant.rawValue)|\(profile.name)|\(machine)|\(identity)|\(killed)|\(outcome.trace.operations.count)|\(outcome.executionCount)|\(outcome.trace.configuration.description)|\(text)"
            ))
          if lines.count >= 1 { break search }
          break
        }
      }
      for line in lines.sorted(by: { $0.0 < $1.0 }) { streams.print(line.1) }
      if lines.isEmpty { streams.print("\(mutant.rawValue)|NONE") }
      streams.flush()
    }
  }
}
