import KernelPool
import PoolWalk

/// Prints what `!poolused` prints: for each tag what is outstanding, from the tag table's bytes.
///
/// The plain table shows outstanding allocations and bytes (Microsoft, `!poolused`); the verbose
/// one shows allocations, frees, their difference and bytes. Tags that have nothing to show are
/// left out. The layout of the wide verbose table is ours: none has been published.
public struct PoolUsedPrinter {
  private let rows: [TagRow]
  private let style: DebuggerStyle
  private let descriptions: PoolTagDescriptions

  /// A printer of the pool as it is now.
  ///
  /// - Parameters:
  ///   - view: the pool.
  ///   - style: the era's layout; nil for the profile's.
  ///   - descriptions: what tags stand for.
  public init(
    _ view: PoolView, style: DebuggerStyle? = nil,
    descriptions: PoolTagDescriptions = .builtIn
  ) {
    self.init(
      TagRow.all(in: view), style: style ?? .style(of: view.profile), descriptions: descriptions)
  }

  /// A printer of rows that were read before.
  public init(_ rows: [TagRow], style: DebuggerStyle, descriptions: PoolTagDescriptions) {
    self.rows = rows
    self.style = style
    self.descriptions = descriptions
  }

  /// The table, every line ended.
  ///
  /// - Parameters:
  ///   - flags: as the debugger takes them.
  ///   - pattern: the tags to show; nil for all.
  ///   - limit: the most rows to show; the total is of all that fit the pattern.
  public func text(
    flags: PoolUsedFlags = [], tags pattern: TagPattern? = nil, limit: Int? = nil
  ) throws(PoolUsedFlags.Conflict) -> String {
    let order = try flags.order()
    let layout = PoolUsedLayout(style.poolUsed, isVerbose: flags.contains(.verbose))
    let fitting = rows.filter { row in
      let isEmpty =
        flags.contains(.verbose)
        ? row.nonPaged.hasNoHistory && row.paged.hasNoHistory
        : row.nonPaged.isEmpty && row.paged.isEmpty
      return !isEmpty && (pattern?.matches(row.tag) ?? true)
    }
    let sorted = fitting.sorted { order.precedes($0, $1) }
    var lines = layout.heading(order)
    for row in sorted.prefix(limit ?? sorted.count) {
      lines.append(layout.line(row, description(of: row.tag)))
    }
    lines += layout.total(fitting)
    return lines.map { $0 + "\n" }.joined()
  }

  private func description(of tag: PoolTag) -> String {
    guard let known = descriptions.description(of: tag) else {
      return "UNKNOWN pooltag '\(TagText.characters(tag))', please update pooltag.txt"
    }
    return known.text + (known.binary.map { " , Binary: \($0)" } ?? "")
  }
}

extension TagRow.Counts {
  /// True where the tag never had anything in this pool.
  fileprivate var hasNoHistory: Bool { allocations == 0 && frees == 0 && bytes == 0 }
}
