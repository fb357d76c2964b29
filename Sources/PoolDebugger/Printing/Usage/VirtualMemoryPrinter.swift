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
