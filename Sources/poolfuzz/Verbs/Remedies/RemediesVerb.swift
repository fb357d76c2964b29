import Foundation
import Platform
import JSONLines
import FragmentationSearch

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
        name: "--operations", argument: .quantity("N", .count()),
        help: "simulated operations for each rule and seed (20000000)"),
      Option(
        name: "--seeds", argument: .quantity("N", .count()), help: "seeds, from --seed on (5)"),
      Option(
        name: "--jobs", argument: .quantity("N", .count()),
        help: "streams at once (the processors); the result does not depend on it"),
    ],
    run: { arguments, streams in
      let options = try ContestOptions(arguments, verb: "remedies")
      let operations = Int(clamping: try arguments.number("--operations") ?? 20_000_000)
      let seeds = try arguments.number("--seeds", in: 1...10_000) ?? 5
      guard (1...1000).contains(seeds) else {
        throw CommandFailure.usage("--seeds is 1...1000, not \(seeds)")
      }
      let processors = UInt64(Machine.processorCount)
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

/// The table of `remedies`.
struct RemediesReport {
  /// The rows.
  let table: RemedyTable
  /// The question that all rows share.
  let query: FragmentationQuery
  /// The first seed.
  let seed: UInt64

  /// One JSON line a rule, or a table for a reader.
  func lines(asJSON: Bool) -> [String] {
    asJSON ? table.rows.map { json($0).versioned.text } : [heading] + table.rows.map(line)
  }

  private func json(_ row: RemedyTable.Row) -> JSONValue {
    .object([
      ("rule", .string(row.name)), ("profile", .string(query.profile)),
      ("peak_live_bytes", .integer(Int64(query.peakLiveUnits * query.geometry.unitBytes))),
      ("seed", .unsigned(seed)), ("pages", .integer(Int64(row.pages))),
      ("median_pages", .integer(Int64(row.medianPages))),
      ("pages_of_seeds", .array(row.pagesOfSeeds.map { .integer(Int64($0)) })),
      ("held_over_peak", .number(row.heldOverPeak)),
      ("bound_pages", .integer(Int64(row.boundPages))),
      ("share_of_none", .number(share(row))),
    ])
  }

  private func share(_ row: RemedyTable.Row) -> Double {
    guard let none = table.rows.first, none.pages > 0 else { return 0 }
    return Double(row.pages) / Double(none.pages)
  }

  private var heading: String {
    Self.columns(["rule", "pages", "median", "held/peak", "of none", "bound", "each seed"])
  }

  private func line(_ row: RemedyTable.Row) -> String {
    Self.columns([
      row.name, String(row.pages), String(row.medianPages),
      String(format: "%.2f", row.heldOverPeak), String(format: "%.1f %%", share(row) * 100),
      String(row.boundPages), row.pagesOfSeeds.map { String($0) }.joined(separator: " "),
    ])
  }

  /// The rule to the left, figures to the right.
  private static func columns(_ texts: [String]) -> String {
    let widths = [16, 8, 8, 11, 10, 8, 0]
    return zip(texts, widths).enumerated().map { index, column in
      let padding = String(repeating: " ", count: max(0, column.1 - column.0.count))
      return index == 0 ? column.0 + padding : index == 6 ? "   " + column.0 : padding + column.0
    }.joined()
  }
}
