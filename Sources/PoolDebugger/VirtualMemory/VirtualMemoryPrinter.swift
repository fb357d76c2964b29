import KernelPool
import PoolWalk

/// Prints the lines of `!vm` that a pool can answer, and below them the gap to `!poolused`.
///
/// Physical memory, page files and commit are none of the pool's business and are left out. The
/// lines stand in the order of the published samples of the era.
public struct VirtualMemoryPrinter {
  private let usage: PoolUsage
  private let gaps: [UsageGap]
  private let layout: DebuggerStyle.TableLayout

  /// A printer of the pool as it is now.
  ///
  /// - Parameters:
  ///   - view: the pool.
  ///   - style: the era's layout; nil for the profile's.
  public init(_ view: PoolView, style: DebuggerStyle? = nil) {
    let usage = PoolUsage(view)
    self.init(
      usage, gaps: UsageGap.all(usage, TagRow.all(in: view)),
      style: style ?? .style(of: view.profile))
  }

  init(_ usage: PoolUsage, gaps: [UsageGap], style: DebuggerStyle) {
    self.usage = usage
    self.gaps = gaps
    layout = style.virtualMemory
  }

  /// The lines of the debugger, every line ended.
  public var text: String {
    let title = layout == .narrow ? ["*** Virtual Memory Usage ***", ""] : []
    let body = rows.map { line($0.label, pages: $0.pages) }
    return (title + body).map { $0 + "\n" }.joined()
  }

  /// The lines that compare usage with the tags' bytes, every line ended.
  public var diagnosis: String { gaps.map { $0.text + "\n" }.joined() }

  private var rows: [(label: String, pages: UInt64)] {
    var rows: [(label: String, pages: UInt64)] = []
    func add(_ label: String, _ pages: UInt64?) {
      if let pages { rows.append((label, pages)) }
    }
    add("Available Pages:", usage.availablePages)
    add("Free System PTEs:", usage.freeExpansionPages)
    let noExecute = usage.noExecutePages
    let executable = usage.nonPagedPages - min(noExecute ?? 0, usage.nonPagedPages)
    add("NonPagedPool Usage:", executable)
    add("NonPagedPoolNx Usage:", noExecute)
    add("NonPagedPool Max:", usage.nonPagedMaximum)
    for (index, pages) in usage.pagedPages.enumerated() {
      add(layout == .narrow ? "PagedPool \(index) Usage:" : "PagedPool  \(index):", pages)
    }
    add("PagedPool Usage:", usage.pagedTotal)
    add("PagedPool Maximum:", usage.pagedMaximum)
    add("Session Commit:", usage.sessionPages)
    return rows
  }

  /// The number of pages ends at a fixed column, the kilobytes have a width.
  private func line(_ label: String, pages: UInt64) -> String {
    let kilobytes = pages.multipliedFullWidth(by: usage.pageBytes)
    let value = kilobytes.high == 0 ? kilobytes.low / 1024 : .max
    switch layout {
    case .narrow:
      let start = "      " + label
      return start + Columns.decimal(pages, 32 - start.utf8.count) + "   ("
        + Columns.decimal(value, 8) + " Kb)"
    case .wide:
      return label + Columns.decimal(pages, 33 - label.utf8.count) + " ("
        + Columns.decimal(value, 11) + " Kb)"
    }
  }
}

/// How many pages each pool holds, and how many it may: what `!vm` says of the pools.
public struct PoolUsage: Sendable, Equatable {
  /// Pages of nonpaged pool in use: small blocks, large allocations, the kernel's tables, and
  /// freed runs kept on single-page lists, which the page level counts as used.
  public let nonPagedPages: UInt64
  /// Of these, pages of memory that cannot be executed; nil where the version has none.
  let noExecutePages: UInt64?
  /// Pages of nonpaged pool at most.
  let nonPagedMaximum: UInt64
  /// Pages of each paged pool by its own counters, index 0 first.
  public let pagedPages: [UInt64]
  /// Pages of paged pool at most.
  let pagedMaximum: UInt64
  /// Pages of session pool by its own counters; nil where the version has none.
  public let sessionPages: UInt64?
  /// Physical pages left for expansion; nil where there is no limit.
  public let availablePages: UInt64?
  /// Free page-table entries of the expansion; nil where there is no expansion.
  let freeExpansionPages: UInt64?
  /// Bytes of a page.
  public let pageBytes: UInt64

  /// Pages of all paged pools.
  var pagedTotal: UInt64 { pagedPages.reduce(0, +) }

  /// The usage of a pool as it is now.
  public init(_ view: PoolView) {
    let walker = PoolWalker(view)
    let variables = view.variables
    let counters = view.descriptors.map { DescriptorCounters(view, $0) }
    func pages(_ kind: PoolKind) -> [UInt64] {
      counters.filter { $0.root.kind == kind }.map(\.pages)
    }
    var used: UInt64 = 0
    for area in walker.areas where area.family == .nonPaged {
      walker.visitPages(of: area) { used += $0.pages }
    }
    nonPagedPages = used
    noExecutePages =
      view.profile.hasNoExecutePool ? pages(.nonPagedNoExecute).reduce(0, +) : nil
    nonPagedMaximum = variables.maximumPages
    pagedPages = pages(.paged)
    pagedMaximum = variables.pagedBitmap.pages
    sessionPages = view.profile.hasSessionPool ? pages(.session).reduce(0, +) : nil
    availablePages = view.configuration.availablePages.map { _ in variables.availablePages }
    let hasExpansion = variables.expansionPages != 0
    freeExpansionPages =
      hasExpansion ? variables.expansionPages &- variables.expansionUsed : nil
    pageBytes = view.profile.pageBytes
  }
}

/// What pages hold beyond what tags account for: the figure that tells of fragmentation.
///
/// A debugger's `!vm` says how many pages a pool holds, its `!poolused` how many bytes are
/// outstanding. The difference is free space inside of held pages, blocks parked on lookaside lists,
/// and pages kept for reuse. A large one next to a small peak is a fragmented pool.
public struct UsageGap: Sendable, Equatable {
  /// What the line calls the pool.
  public let name: String
  /// Pages held.
  public let pages: UInt64
  /// Bytes in these pages.
  public let heldBytes: UInt64
  /// Bytes outstanding by the tag table.
  public let taggedBytes: UInt64

  /// A gap from its two figures.
  public init(name: String, pages: UInt64, pageBytes: UInt64, taggedBytes: UInt64) {
    self.name = name
    self.pages = pages
    heldBytes = pages &* pageBytes
    self.taggedBytes = taggedBytes
  }

  /// The gaps of nonpaged pool and of paged pool, the session's included because the tag table does
  /// not tell them apart.
  public static func all(in view: PoolView) -> [UsageGap] {
    all(PoolUsage(view), TagRow.all(in: view))
  }

  static func all(_ usage: PoolUsage, _ rows: [TagRow]) -> [UsageGap] {
    let nonPaged = rows.reduce(0) { $0 &+ $1.nonPaged.bytes }
    let paged = rows.reduce(0) { $0 &+ $1.paged.bytes }
    return [
      UsageGap(
        name: "NonPaged pool", pages: usage.nonPagedPages, pageBytes: usage.pageBytes,
        taggedBytes: nonPaged),
      UsageGap(
        name: "Paged pool", pages: usage.pagedTotal + (usage.sessionPages ?? 0),
        pageBytes: usage.pageBytes, taggedBytes: paged),
    ]
  }

  /// The line for people.
  public var text: String {
    let held =
      "\(name): \(heldBytes) bytes in \(DecimalText.counted(pages, "page")),"
      + " \(DecimalText.counted(taggedBytes, "byte")) tagged"
    guard heldBytes >= taggedBytes else {
      return "\(held); the tags count \(taggedBytes - heldBytes) bytes that no page holds"
    }
    let gap = heldBytes - taggedBytes
    let share = Columns.percent(gap, of: heldBytes)
    return "\(held); \(gap) bytes (\(share) %) are held but not allocated"
  }
}
