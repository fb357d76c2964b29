import FragmentationSearch
import Foundation

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
    asJSON ? table.rows.map { json($0).text } : [heading] + table.rows.map(line)
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
