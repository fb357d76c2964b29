/// The variables that a kernel keeps outside of its pools: roots from which everything else is
/// found. They live at one stable place for as long as the pool lives.
public struct KernelVariables: Sendable {
  /// Address of the tag table.
  public var trackerTable: Address = 0
  /// Rows of the tag table, the extra last one included.
  public var trackerRows: UInt64 = 0
  /// Mask of the tag hash.
  public var trackerMask: UInt64 = 0
  /// Address of the big-page table.
  public var bigTable: Address = 0
  /// Entries of the big-page table.
  public var bigTableEntries: UInt64 = 0
  /// Entries in use, by the kernel's own count.
  public var bigTableInUse: UInt64 = 0
  /// Times the big-page table could not grow.
  public var bigTableExpansionFailures: UInt64 = 0
  /// Address of the heads of the four lists of free nonpaged runs (1, 2, 3, 4 and more pages).
  public var freeRunHeads: Address = 0
  /// Pages of nonpaged pool at start.
  public var initialPages: UInt64 = 0
  /// Pages of nonpaged pool at most.
  public var maximumPages: UInt64 = 0
  /// First page index of the expansion that may be used; behind the guard page.
  public var expansionFirstPage: UInt64 = 0
  /// Expansion pages that may be used.
  public var expansionPages: UInt64 = 0
  /// Expansion pages in use.
  public var expansionUsed: UInt64 = 0
  /// Pages handed out by the page level, those on single-page lists included, where the profile
  /// counts them; the session's are not among them.
  public var allocatedPages: (nonPaged: UInt64, paged: UInt64) = (0, 0)
  /// Physical pages left.
  public var availablePages: UInt64 = 0
  /// Single-page lists: nonpaged of one, two, three pages, then paged, then session.
  public var singlePageLists = SinglePageLists()
  /// Bitmap of the nonpaged pool where the profile has one.
  public var nonPagedBitmap = PageBitmap()
  /// Bitmap of the paged pool.
  public var pagedBitmap = PageBitmap()
  /// Bitmap of the session pool.
  public var sessionBitmap = PageBitmap()
  /// Index of the last paged descriptor used by the round robin.
  public var pagedRoundRobin: UInt32 = 0
  /// Failed requests (`ExPoolFailures`).
  public var failures: UInt64 = 0
  /// The processor on which operations run.
  public var processor = 0
  /// The interrupt request level: 0 passive, 1 APC, 2 dispatch.
  public var interruptLevel: UInt32 = 0
  /// The process that pays for quota allocations.
  public var process: Address = 0
  /// Bytes charged to the process: nonpaged, then paged.
  public var chargedBytes: (nonPaged: UInt64, paged: UInt64) = (0, 0)
  /// The cookie that hides process pointers (Windows 8).
  public var quotaCookie: UInt64 = 0

  /// The single-page lists by place.
  public struct SinglePageLists: Sendable {
    /// Nonpaged runs of one, two and three pages.
    public var nonPaged = (SinglePageList(), SinglePageList(), SinglePageList())
    /// Single paged pages.
    public var paged = SinglePageList()
    /// Single session pages.
    public var session = SinglePageList()
  }
}
