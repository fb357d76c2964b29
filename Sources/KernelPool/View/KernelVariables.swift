// What a kernel keeps beside its pools: the roots from which everything is found, the lists and maps
// that they hold, and what is known of each page.

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
  /// Blocks that special pool holds.
  public var specialPagesInUse: UInt64 = 0
  /// The block of special pool that is looked at first for the next request.
  public var specialTurn: UInt64 = 0

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

/// Where a pool descriptor lies: its fields are bytes in simulated memory at `address`.
public struct DescriptorRoot: Sendable, Equatable {
  /// The pool it describes.
  public var kind: PoolKind
  /// The index that headers of its blocks store.
  public var index: UInt32
  /// Address of the descriptor.
  public var address: Address
  /// Address of its first list head: two pointers each, one head for each block size from one
  /// unit up.
  public var listHeads: Address

  /// A root from its parts.
  public init(kind: PoolKind, index: UInt32, address: Address, listHeads: Address) {
    self.kind = kind
    self.index = index
    self.address = address
    self.listHeads = listHeads
  }
}

/// A last-in first-out list of blocks of one size that skips the list heads.
///
/// The links lie in the blocks' first pointers; the list itself is a kernel variable
/// (`GENERAL_LOOKASIDE`). Fields that a debugger shows keep its names.
public struct LookasideList: Sendable, Equatable {
  /// Body address of the first block, 0 when empty.
  public var top: Address = 0
  /// Blocks on the list as its own counter says, modulo 2^16.
  public var count: UInt16 = 0
  /// Blocks it may hold.
  public var depth: UInt16 = 0
  /// Attempts to allocate from it.
  public var totalAllocates: UInt32 = 0
  /// Attempts that found a block.
  public var allocateHits: UInt32 = 0
  /// Attempts to free to it.
  public var totalFrees: UInt32 = 0
  /// Attempts that found room.
  public var freeHits: UInt32 = 0
  /// `totalAllocates` when the depth was last adjusted.
  public var lastTotalAllocates: UInt32 = 0
  /// `allocateHits` when the depth was last adjusted.
  public var lastAllocateHits: UInt32 = 0

  /// An empty list that takes `depth` blocks.
  public init(depth: UInt16) { self.depth = depth }
}

/// A last-in first-out list of freed page runs of one length, kept for the next request.
///
/// The link lies in each run's first pointer (ReactOS `MiNonPagedPoolSListHead`).
public struct SinglePageList: Sendable, Equatable {
  /// Address of the first run, 0 when empty.
  public var top: Address = 0
  /// Runs on the list as its own counter says, modulo 2^16.
  public var count: UInt16 = 0
  /// Runs it may hold.
  public var maximumCount: UInt16 = 0
}

/// Roots of a pool whose pages are handed out from a bitmap: addresses and the kernel's variables.
///
/// Both maps lie in simulated memory, one bit a page, little-endian 32-bit words.
public struct PageBitmap: Sendable, Equatable {
  /// Address of the pool's first page.
  public var base: Address = 0
  /// Pages of the region; bits of the maps.
  public var pages: UInt64 = 0
  /// Pages that have page tables; the rest is marked as used.
  public var openPages: UInt64 = 0
  /// Bit at which the next search starts.
  public var hint: UInt64 = 0
  /// Address of the allocation map: 1 is used or not yet open.
  public var allocationMap: Address = 0
  /// Address of the map of last pages of allocations.
  public var endMap: Address = 0
  /// Index of the region among the simulated memory's regions.
  var region = 0
  /// Pages that one step of growth opens; 0 where the pool does not grow.
  var growthPages: UInt64 = 0
}

/// What the page-frame database says of one page.
public struct PageMarks: OptionSet, Sendable {
  /// The bits.
  public var rawValue: UInt8
  /// Marks from their bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Whether all of `marks` are among these: every look at a page asks, and a set's own answer takes
  /// a hundred times as long in a debug build.
  @inlinable public func contains(_ marks: PageMarks) -> Bool {
    rawValue & marks.rawValue == marks.rawValue
  }

  /// The first page of an allocation (`StartOfAllocation`).
  @inlinable public static var start: PageMarks { PageMarks(rawValue: 1) }
  /// The last page of an allocation (`EndOfAllocation`).
  @inlinable public static var end: PageMarks { PageMarks(rawValue: 2) }
  /// The page is backed by memory: an access does not fault.
  @inlinable public static var mapped: PageMarks { PageMarks(rawValue: 4) }
  /// The page is carved into small blocks.
  @inlinable public static var smallBlocks: PageMarks { PageMarks(rawValue: 8) }
  /// The page's bytes have been looked at: a page that has never been touched is zero, or waits
  /// for the stamp of its free run.
  @inlinable public static var touched: PageMarks { PageMarks(rawValue: 16) }
}
