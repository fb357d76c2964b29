import Foundation
import PoolFuzzing
import PoolInvariants

/// The matrix of invariants and the planted bugs that they alone notice, from a recorded table; each
/// killing is seen again.
struct SoleKillers {
  let path: String
  let streams: StandardStreams

  func run() throws(CommandFailure) -> ExitCode {
    guard FileManager.default.fileExists(atPath: path) else {
      throw CommandFailure(message: "\(path): cannot be read", code: .environment)
    }
    let rows = try RecordedTable(path).rows
    guard !rows.isEmpty else {
      throw CommandFailure(message: "\(path): no row to see again", code: .badInput)
    }
    let killings = rows.flatMap(\.soleKillings)
    var problems: [String] = []
    var confirmed: [String: [String]] = [:]
    for killing in killings {
      // One trace of a rule and a planted bug is enough.
      guard !confirmed[killing.rule, default: []].contains(killing.mutant.rawValue) else {
        continue
      }
      if killing.isConfirmed {
        confirmed[killing.rule, default: []].append(killing.mutant.rawValue)
      } else {
        problems.append(
          "\(killing.rule) does not kill \(killing.mutant.rawValue) alone any more:"
            + " \(killing.profile), seed \(killing.seed), trace \(killing.stream)")
      }
    }
    for rule in Invariant.allCases.map(\.rawValue) {
      let mutants = confirmed[rule, default: []].joined(separator: " ")
      let company = Invariant.named(rule)?.row.company
      streams.print(rule + ": " + (mutants.isEmpty ? "never alone. \(company ?? "")" : mutants))
    }
    problems += SoleKilling.problems(killers: Set(confirmed.keys))
    for problem in problems { streams.note(problem) }
    return problems.isEmpty ? .held : .found
  }
}
