import KernelPool
import PoolWalk

/// The columns of a `!poolused` table.
///
/// The narrow table has no blank between the last number and the description, as the published one
/// has none; the wide table has a tab there.
struct PoolUsedLayout {
  private let layout: DebuggerStyle.TableLayout
  private let isVerbose: Bool

  init(_ layout: DebuggerStyle.TableLayout, isVerbose: Bool) {
    self.layout = layout
    self.isVerbose = isVerbose
  }

  /// Width of each number of a row, a blank before it not counted.
  private var widths: [Int] {
    switch (layout, isVerbose) {
    case (.narrow, false): [8, 8, 9, 8]
    case (.narrow, true): [8, 8, 8, 8, 8, 8, 8, 8]
    case (.wide, false): [9, 12, 10, 12]
    case (.wide, true): [9, 9, 9, 12, 10, 9, 9, 12]
    }
  }

  private var names: [String] {
    let one = isVerbose ? ["Allocs", "Frees", "Diff", "Used"] : ["Allocs", "Used"]
    return one + one
  }

  private func numbers(_ counts: TagRow.Counts) -> [UInt64] {
    isVerbose
      ? [
        UInt64(counts.allocations), UInt64(counts.frees), UInt64(counts.outstanding), counts.bytes,
      ]
      : [UInt64(counts.outstanding), counts.bytes]
  }

  func heading(_ order: PoolUsedFlags.Order) -> [String] {
    let columns = " Tag" + joined(names, widths: headingWidths)
    switch layout {
    case .narrow:
      return [
        "   Sorting by \(order.title)", "", "  Pool Used:", "            NonPaged            Paged",
        columns,
      ]
    case .wide:
      return [
        " Sorting by \(order == .tag ? "Tag" : order.title)", "",
        "               NonPaged                  Paged", columns, "",
      ]
    }
  }

  /// The heading has no blank before the first column that tags' rows have, so its first name is
  /// one character wider.
  private var headingWidths: [Int] {
    var widths = widths
    widths[0] += 1
    return widths
  }

  func line(_ row: TagRow, _ description: String) -> String {
    let numbers = (numbers(row.nonPaged) + numbers(row.paged)).map(String.init)
    let separator = layout == .narrow ? "" : "\t"
    return " " + TagText.characters(row.tag) + joined(numbers, widths: widths) + separator
      + description
  }

  /// The sums, modulo 2^64 as the counters are.
  func total(_ rows: [TagRow]) -> [String] {
    let zero = [UInt64](repeating: 0, count: widths.count)
    let sums = rows.reduce(zero) { sums, row in
      zip(sums, numbers(row.nonPaged) + numbers(row.paged)).map { $0 &+ $1 }
    }
    let texts = sums.map(String.init)
    switch layout {
    case .narrow:
      var widths = widths
      widths[0] += 3
      return [" TOTAL" + joined(texts, widths: widths)]
    case .wide:
      return ["", "TOTAL" + joined(texts, widths: widths)]
    }
  }

  private func joined(_ texts: [String], widths: [Int]) -> String {
    zip(texts, widths).map { " " + Columns.right($0, $1) }.joined()
  }
}
