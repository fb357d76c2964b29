import KernelPool
import PoolWalk

/// How many pages each pool holds, and how many it may: what `!vm` says of the pools.
public struct PoolUsage: Sendable, Equatable {
  /// Pages of nonpaged pool in use: small blocks, large allocations, the kernel's tables, and
  /// freed runs kept on single-page lists, which the page level counts as used.
  public let nonPagedPages: UInt64
  /// Of these, pages of memory that cannot be executed; nil where the version has none.
  public let noExecutePages: UInt64?
  /// Pages of nonpaged pool at most.
  public let nonPagedMaximum: UInt64
  /// Pages of each paged pool by its own counters, index 0 first.
  public let pagedPages: [UInt64]
  /// Pages of paged pool at most.
  public let pagedMaximum: UInt64
  /// Pages of session pool by its own counters; nil where the version has none.
  public let sessionPages: UInt64?
  /// Physical pages left for expansion; nil where there is no limit.
  public let availablePages: UInt64?
  /// Free page-table entries of the expansion; nil where there is no expansion.
  public let freeExpansionPages: UInt64?
  /// Bytes of a page.
  public let pageBytes: UInt64

  /// Pages of all paged pools.
  public var pagedTotal: UInt64 { pagedPages.reduce(0, +) }

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
