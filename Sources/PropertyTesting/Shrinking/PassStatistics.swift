/// What one pass did in one reduction.
public struct PassStatistics: Sendable, Equatable {
  /// The name of the pass.
  public private(set) var name: String
  /// Candidates executed.
  public internal(set) var executionCount = 0
  /// Candidates that were executed before, by any pass.
  public internal(set) var knownCount = 0
  /// Candidates that were not smaller, and so not executed.
  public internal(set) var notSmallerCount = 0
  /// Candidates that failed in the same way and replaced the trace.
  public internal(set) var acceptedCount = 0
  /// Operations that the trace lost by them.
  public internal(set) var removedCount = 0

  init(name: String) {
    self.name = name
  }

  /// The rows of several reductions, those of one pass added up.
  public static func sums(_ rows: [PassStatistics]) -> [PassStatistics] {
    var sums: [PassStatistics] = []
    for row in rows {
      guard let index = sums.firstIndex(where: { $0.name == row.name }) else {
        sums.append(row)
        continue
      }
      sums[index].executionCount += row.executionCount
      sums[index].knownCount += row.knownCount
      sums[index].notSmallerCount += row.notSmallerCount
      sums[index].acceptedCount += row.acceptedCount
      sums[index].removedCount += row.removedCount
    }
    return sums
  }

  /// Rows as a table, a pass a line, the sums last.
  public static func table(_ rows: [PassStatistics]) -> String {
    let all = rows.map { row in
      var copy = row
      copy.name = "all"
      return copy
    }
    let header = ["pass", "executed", "known", "not smaller", "accepted", "removed"]
    let lines = (rows + sums(all)).map { row in
      [
        row.name, "\(row.executionCount)", "\(row.knownCount)", "\(row.notSmallerCount)",
        "\(row.acceptedCount)", "\(row.removedCount)",
      ]
    }
    return TextTable.text([header] + lines)
  }
}

/// Other failures met while one is being reduced: found for nothing, and not to be lost.
public struct FailureLedger<Configuration: MachineConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// One other failure.
  public struct Entry: Sendable {
    /// Which.
    public let identity: FailureIdentity
    /// The smallest trace seen to show it, cut after the failure.
    public internal(set) var trace: Trace<Configuration, Operation>
    /// How many candidates showed it.
    public internal(set) var seenCount: Int
  }

  /// In order of discovery.
  public private(set) var entries: [Entry] = []

  /// An empty ledger.
  public init() {}

  /// Notes a failure.
  public mutating func note(
    _ identity: FailureIdentity, _ trace: Trace<Configuration, Operation>
  ) {
    guard let index = entries.firstIndex(where: { $0.identity == identity }) else {
      entries.append(Entry(identity: identity, trace: trace, seenCount: 1))
      return
    }
    entries[index].seenCount += 1
    if TraceOrder.isSmaller(trace, than: entries[index].trace) { entries[index].trace = trace }
  }
}

/// Columns of text: the first aligned left, the others right.
enum TextTable {
  static func text(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    let lines = rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }
    return lines.joined(separator: "\n")
  }
}
