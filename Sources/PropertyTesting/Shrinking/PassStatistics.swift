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
