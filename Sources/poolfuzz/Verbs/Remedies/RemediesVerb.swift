import FragmentationSearch
import Foundation

extension Verb {
  /// `poolfuzz remedies`: how much of the worst case each rule takes away.
  static let remedies = Verb(
    name: "remedies", operands: "",
    summary: "searches for the worst case under each rule that a driver or a pool could keep",
    examples: [
      (
        "poolfuzz remedies --peak-live 16384 --seed 1",
        "every rule, five seeds each, the same budget"
      ),
      (
        "poolfuzz remedies --peak-live 16384 --seed 1 --seeds 9 --json",
        "a JSON line for each rule, with the pages of each seed"
      ),
    ],
    options: ContestOptions.options + [
      Option(
        name: "--operations", argument: .value("N"),
        help: "simulated operations for each rule and seed (20000000)"),
      Option(name: "--seeds", argument: .value("N"), help: "seeds, from --seed on (5)"),
      Option(
        name: "--jobs", argument: .value("N"),
        help: "streams at once (the processors); the result does not depend on it"),
    ],
    run: { arguments, streams in
      let options = try ContestOptions(arguments, verb: "remedies")
      let operations = Int(clamping: try arguments.number("--operations") ?? 20_000_000)
      let seeds = try arguments.number("--seeds", in: 1...10_000) ?? 5
      guard (1...1000).contains(seeds) else {
        throw CommandFailure.usage("--seeds is 1...1000, not \(seeds)")
      }
      let processors = UInt64(ProcessInfo.processInfo.activeProcessorCount)
      let jobs = Int(clamping: try arguments.number("--jobs") ?? processors)
      guard (1...1024).contains(jobs) else {
        throw CommandFailure.usage("--jobs is 1...1024, not \(jobs)")
      }
      let seed = try arguments.number("--seed") ?? UInt64.random(in: 0...UInt64(UInt32.max))
      if !arguments.has("--quiet") { streams.note("seed \(seed)") }
      let query = options.query
      let table: Result<RemedyTable, FragmentationQuery.Failure> = waiting {
        do throws(FragmentationQuery.Failure) {
          return .success(
            try await query.remedies(
              operations: operations, seed: seed, seeds: seeds, workers: jobs))
        } catch {
          return .failure(error)
        }
      }
      switch table {
      case .failure(let failure): throw CommandFailure.usage("\(failure)")
      case .success(let table):
        let report = RemediesReport(table: table, query: query, seed: seed)
        report.lines(asJSON: arguments.has("--json")).forEach(streams.print)
        return table.rows.allSatisfy { $0.pages <= $0.boundPages } ? .held : .found
      }
    })
}
