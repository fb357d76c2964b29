import PoolTrace

/// The metrics of two replays side by side.
struct MetricComparison {
  /// Of the trace as it is.
  let before: PoolMetrics
  /// Of the changed one.
  let after: PoolMetrics
  /// What is proved of the trace as it is, and of the changed one; nil where nobody asks.
  var bounds: (before: BoundShare, after: BoundShare)?

  /// Pages held at the end that the change saves; negative where it costs some.
  var pagesSaved: Int64 { difference("pages_held") }

  /// Bytes that callers hold at the end beyond what the original requests asked for: what the
  /// change pays.
  var bytesWasted: Int64 { -difference("live_requested_bytes") }

  /// The same at the peaks.
  var peakPagesSaved: Int64 { difference("peak_pages_held") }

  /// The same at the peaks.
  var peakBytesWasted: Int64 { -difference("peak_live_requested_bytes") }

  private func count(_ metrics: PoolMetrics, _ name: String) -> UInt64 {
    guard case .count(let count)? = metrics[name] else { return 0 }
    return count
  }

  private func difference(_ name: String) -> Int64 {
    Int64(bitPattern: count(before, name) &- count(after, name))
  }

  /// The object of formats' section on JSON; the peaks stand beside the figures at the end.
  var json: JSONValue {
    .object([
      ("before", ReplayReport.metrics(before)), ("after", ReplayReport.metrics(after)),
      ("bound_before", bounds?.before.json ?? .null),
      ("bound_after", bounds?.after.json ?? .null),
      ("pages_saved", .integer(pagesSaved)), ("bytes_wasted", .integer(bytesWasted)),
      ("peak_pages_saved", .integer(peakPagesSaved)),
      ("peak_bytes_wasted", .integer(peakBytesWasted)),
    ])
  }

  /// A table of every metric that is not zero in both, and the balance.
  var lines: [String] {
    var keys = before.values.map(\.key)
    let known = Set(keys)
    keys += after.values.map(\.key).filter { !known.contains($0) }
    let rows = keys.compactMap { key -> [String]? in
      let values = [before[key], after[key]].map { $0?.text ?? "-" }
      let isZero = [before[key], after[key]].allSatisfy { ($0?.number ?? 0) == 0 }
      return isZero ? nil : [key.text] + values
    }
    let table = [["metric", "before", "after"]] + rows + boundRows
    let widths = (0..<3).map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { row in
      let name = row[0] + Self.blanks(widths[0] - row[0].count)
      let figures = (1...2).map { Self.blanks(widths[$0] - row[$0].count) + row[$0] }
      return name + "  " + figures.joined(separator: "  ")
    } + [
      "pages saved: \(pagesSaved) at the end, \(peakPagesSaved) at the peaks",
      "bytes asked for beyond the original requests: \(bytesWasted) at the end, "
        + "\(peakBytesWasted) at the peaks",
    ] + boundNotes
  }

  private var boundRows: [[String]] {
    guard let bounds else { return [] }
    return zip(bounds.before.rows, bounds.after.rows).map { [$0.name, $0.value, $1.value] }
  }

  private var boundNotes: [String] {
    guard let bounds else { return [] }
    return ["before: \(bounds.before.note)", "after: \(bounds.after.note)"]
  }

  private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
