import JSONLines
import KernelPool
import PoolTrace
import PoolWalk

/// The metrics of two replays side by side.
struct MetricComparison {
  /// Of the trace as it is.
  let before: PoolMetrics
  /// Of the changed one.
  let after: PoolMetrics
  /// What is proved of the trace as it is, and of the changed one; nil where nobody asks.
  var bounds: (before: BoundShare, after: BoundShare)?

  /// Pages held at the end that the change saves; negative where it costs some.
  var pagesSaved: Int64 { difference(.pagesHeld) }

  /// Bytes that callers hold at the end beyond what the original requests asked for: what the
  /// change pays.
  var bytesWasted: Int64 { -difference(.liveRequestedBytes) }

  /// The same at the peaks.
  var peakPagesSaved: Int64 { difference(.peakPagesHeld) }

  /// The same at the peaks.
  var peakBytesWasted: Int64 { -difference(.peakLiveRequestedBytes) }

  private func difference(_ name: MetricName) -> Int64 {
    Int64(bitPattern: before.count(name) &- after.count(name))
  }

  /// The object of formats' section on JSON; the peaks stand beside the figures at the end.
  func json(_ answer: WhatIfAnswer) -> JSONValue {
    .object([
      ("answer", .array(answer.sentences.map(JSONValue.string))),
      ("before", ReplayReport.metrics(before)), ("after", ReplayReport.metrics(after)),
      ("bound_before", bounds?.before.json ?? .null),
      ("bound_after", bounds?.after.json ?? .null),
      ("pages_saved", .integer(pagesSaved)), ("bytes_wasted", .integer(bytesWasted)),
      ("peak_pages_saved", .integer(peakPagesSaved)),
      ("peak_bytes_wasted", .integer(peakBytesWasted)),
    ])
  }

  /// A table of the metrics of a choice that are not zero in both, and the balance.
  func lines(_ choice: MetricChoice) -> [String] {
    var keys = before.values.map(\.key)
    let known = Set(keys)
    keys += after.values.map(\.key).filter { !known.contains($0) }
    keys = keys.filter(choice.includes)
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

/// Which metrics a table has: those of all pools together, unless a prefix is asked for.
struct MetricChoice {
  /// The prefix: `all`, `nonpaged`, `paged`, `session` or `tag.XXXX`; empty for those without one.
  let prefix: String

  /// The option that chooses.
  static func option(_ help: String) -> Option {
    Option(
      name: "--metrics", argument: .optionalValue("PREFIX", isValue: isPrefix),
      help: help + "; those of a pool or a tag where one is named (nonpaged, tag.MmCm), or all")
  }

  private static func isPrefix(_ text: String) -> Bool {
    text == "all" || text.hasPrefix("tag.")
      || PoolFamily.allCases.contains { MetricScope.pool($0).prefix == text + "." }
  }

  /// What the option says; throws where it is no prefix.
  init(_ text: String) throws(CommandFailure) {
    guard text.isEmpty || Self.isPrefix(text) else {
      throw .usage("--metrics: '\(text)' is none of all, nonpaged, paged, session and tag.XXXX")
    }
    prefix = text
  }

  /// Whether a table has this one.
  func includes(_ key: MetricKey) -> Bool {
    switch prefix {
    case "all": true
    case "": key.scope == .all
    default: key.scope.prefix == prefix + "."
    }
  }
}
