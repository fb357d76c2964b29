/// All that differs between the versions of the pool, as data.
///
/// The algorithms never ask which version they run; they ask the profile for the fact. Sizes are
/// in bytes unless the name says units or pages. `ProfileTable` holds the known versions.
public struct Profile: Sendable, Equatable {
  /// The name that a trace's configuration uses.
  public var name: String

  // MARK: Geometry

  /// Bytes of a page: a power of two from 64 to 4096.
  public var pageBytes: UInt64 = 4096
  /// Bytes of a unit, the granularity of blocks: a power of two (ReactOS `POOL_BLOCK_SIZE`).
  public var unitBytes: UInt64
  /// Bytes of a pointer, 4 or 8.
  public var wordBytes: UInt64
  /// The header's bit fields.
  public var header: HeaderLayout
  /// The smallest block a request gets, in units.
  public var smallestBlockUnits: UInt64 = 2
  /// The smallest free block with room for list links, in units; smaller ones are orphans.
  public var smallestListedUnits: UInt64 = 2
  /// The largest request served from small blocks. `nil` means one page less a header and a unit,
  /// which for Windows 2000 is **unverified**.
  public var smallRequestLimit: UInt64?

  // MARK: Small blocks

  /// Where the search starts.
  public var firstList: FirstList = .exactFit
  /// Where the remainder of a split goes.
  public var remainderEnd: ListEnd = .tail
  /// Where a freed block goes.
  public var freedEnd: ListEnd = .head
  /// How a live block's type is stored.
  public var storedPoolType: StoredPoolType
  /// How links are stored.
  public var linkEncoding: LinkEncoding = .plain
  /// What is checked on the way.
  public var checks: PoolChecks = .none
  /// When tags must match.
  public var tagCheck: TagCheck = .protectedOnly
  /// What a failing must-succeed request does.
  public var mustSucceed: MustSucceed = .bugCheckOnFailure
  /// Whether odd requests are refused.
  public var entryChecks: EntryChecks = .none
  /// What pool indexes hold.
  public var poolIndexRule: PoolIndexRule = .descriptor
  /// How double frees are found.
  public var doubleFreeCheck: DoubleFreeCheck = .freeHeader
  /// How cache-aligned requests are served.
  public var cacheAlignment: CacheAlignment = .typeOnly
  /// Where quota remembers its process.
  public var quotaPointer: QuotaPointer = .lastSlot
  /// Whether frees are deferred into batches of `deferredFreeLimit`.
  public var deferredFrees = false
  /// Deferred frees that wait before the batch is processed (Mandt 2011).
  public var deferredFreeLimit: UInt32 = 32
  /// What waiting blocks look like.
  public var deferredFreeType: DeferredFreeType = .inUse

  // MARK: Lookasides

  /// Lookaside classes of each kind: blocks of up to this many units.
  public var lookasideClasses: UInt64 = 32
  /// Session lookaside classes, in units; 0 means none (Mandt 2011).
  public var sessionLookasideClasses: UInt64 = 0
  /// The depth that lists start with.
  public var lookasideDepth: UInt16 = 4
  /// The depth they never exceed.
  public var lookasideMaximumDepth: UInt16 = 256
  /// How depths change.
  public var lookasideDepthRule: LookasideDepthRule = .fixed
  /// The unit in which that rule measures misses.
  public var missRatioUnit: MissRatioUnit = .fraction
  /// What blocks on the lists carry besides the link.
  public var lookasideLinks: LookasideLinks = .plain
  /// What the shared list is.
  public var sharedLookaside: SharedLookaside

  // MARK: Large allocations

  /// What becomes of the tail.
  public var largeTail: LargeTail = .wasted
  /// What becomes of a used tail at the free.
  public var fragmentRelease: FragmentRelease = .keepUsedPage
  /// What freeing an unknown page address does.
  public var untrackedLargeFree: UntrackedLargeFree = .notAllocated
  /// Whether quota requests for whole pages are charged.
  public var largeQuota: LargeQuota = .uncharged
  /// What contiguous requests ask of the pool.
  public var contiguousRequest: ContiguousRequest = .asGiven
  /// When the big-page table is resized.
  public var bigTableResizing: BigTableResizing = .dynamic
  /// Bytes of an entry of the big-page table.
  public var bigEntryBytes: UInt64
  /// Entries of the big-page table that fit into a page: 256 on x86, 170 on x64. Its resizing
  /// rounds by this number as if it were a power of two (ReactOS `ExpReallocateBigPageTable`).
  public var bigEntriesPerPage: UInt64 { pageBytes / bigEntryBytes }

  // MARK: Pages

  /// How nonpaged pages are handed out.
  public var nonPagedPages: NonPagedPages = .runLists
  /// The longest run, in pages, that the nonpaged single-linked lists take.
  public var singleListPages: UInt64 = 1
  /// How bitmaps are searched.
  public var bitmapSearch: BitmapSearch = .throughLimit
  /// Whether pages handed out are counted.
  public var pageCounters: PageCounters = .kept
  /// Width of a request's page count.
  public var pageCountWidth: PageCountWidth = .bits64
  /// Width of byte offsets of pages.
  public var pageOffsetWidth: PageOffsetWidth = .bits64
  /// Page-table entries in a page table: the step in which paged pool grows.
  public var pageTableEntries: UInt64
  /// Offset of the flags in a page-frame entry: what a kernel faults on for an unmapped page.
  public var pageFrameFlagsOffset: UInt64

  // MARK: Accounting

  /// The descriptor's fields.
  public var descriptor: DescriptorLayout
  /// Paged descriptors, index 0 included.
  public var pagedDescriptors: UInt64
  /// How the round robin advances.
  public var roundRobin: RoundRobin = .advanceThenUse
  /// Whether there is a session pool.
  public var hasSessionPool = true
  /// Whether nonpaged memory that cannot be executed has a descriptor of its own.
  public var hasNoExecutePool = false
  /// How large allocations count in bytes.
  public var largeByteCount: LargeByteCount = .wholePages
  /// Bytes of a row of the tag table.
  public var trackerRowBytes: UInt64
  /// What a full tag table does.
  public var trackerOverflow: TrackerOverflow = .lastSlot

  // MARK: Addresses

  /// Start of the nonpaged pool.
  public var nonPagedBase: Address
  /// Start of the nonpaged expansion; `nil` means right behind the initial pool.
  public var expansionBase: Address?
  /// Start of the paged pool.
  public var pagedBase: Address
  /// Start of the session pool.
  public var sessionBase: Address
  /// Where contiguous memory outside the pool is mapped.
  public var contiguousBase: Address
  /// Where the static descriptors lie.
  public var descriptorBase: Address
  /// Where bitmaps lie: allocation map, end map, then those of other pools, 16 MiB apart.
  public var bitmapBase: Address
  /// The lowest address that is the system's.
  public var systemBase: Address

  /// Units in a page; also the number of list heads (ReactOS `POOL_LISTS_PER_PAGE`).
  public var unitsPerPage: UInt64 { pageBytes / unitBytes }

  /// The largest request, in bytes, that is served from small blocks (ReactOS `POOL_MAX_ALLOC`).
  public var largestSmallRequest: UInt64 {
    smallRequestLimit ?? pageBytes - UInt64(header.bytes) - unitBytes
  }

  /// Units of the block that a small request of `bytes` gets; zero bytes count as one.
  public func units(forRequest bytes: UInt64) -> UInt64 {
    let request = bytes == 0 ? 1 : bytes
    let units = (request + UInt64(header.bytes) + unitBytes - 1) / unitBytes
    return max(units, smallestBlockUnits)
  }

  /// What a header stores for a live block of `type`.
  public func stored(_ type: PoolType) -> UInt32 { storedPoolType.stored(type) }

  /// The type whose stored form is `stored`; for zero, a free block, what the arithmetic yields.
  public func type(stored: UInt32) -> PoolType { storedPoolType.type(stored: stored) }
}
