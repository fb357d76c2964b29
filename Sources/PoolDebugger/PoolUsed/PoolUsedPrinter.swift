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

/// The flags of `!poolused` (Microsoft, `!poolused`).
public struct PoolUsedFlags: OptionSet, Sendable {
  /// The bits as a debugger takes them.
  public let rawValue: UInt32
  /// Flags from their bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Frees and differences as well.
  public static let verbose = PoolUsedFlags(rawValue: 1)
  /// The largest users of nonpaged pool first.
  public static let byNonPaged = PoolUsedFlags(rawValue: 2)
  /// The largest users of paged pool first; not together with `byNonPaged`.
  public static let byPaged = PoolUsedFlags(rawValue: 4)
  /// The session's own table; the simulated machine counts session pool as paged and has none.
  public static let session = PoolUsedFlags(rawValue: 8)

  /// Flags that ask for what cannot be.
  public struct Conflict: Error, Equatable, Sendable {
    /// What is wrong, in words for the user.
    public let message: String
  }

  /// The order of rows.
  enum Order {
    case tag, nonPaged, paged

    /// What the table's title calls it.
    var title: String {
      switch self {
      case .tag: " Tag"
      case .nonPaged: "NonPaged Pool Consumed"
      case .paged: "Paged Pool Consumed"
      }
    }

    /// Largest first; equal ones by tag.
    func precedes(_ left: TagRow, _ right: TagRow) -> Bool {
      let (first, second) =
        switch self {
        case .tag: (UInt64(0), UInt64(0))
        case .nonPaged: (left.nonPaged.bytes, right.nonPaged.bytes)
        case .paged: (left.paged.bytes, right.paged.bytes)
        }
      return first == second ? left.tag < right.tag : first > second
    }
  }

  func order() throws(Conflict) -> Order {
    if contains(.session) {
      throw Conflict(
        message: "flag 8 asks for the session's tag table; here session pool counts as paged")
    }
    switch (contains(.byNonPaged), contains(.byPaged)) {
    case (true, true): throw Conflict(message: "flags 2 and 4 name two orders; give one of them")
    case (true, false): return .nonPaged
    case (false, true): return .paged
    case (false, false): return .tag
    }
  }
}
