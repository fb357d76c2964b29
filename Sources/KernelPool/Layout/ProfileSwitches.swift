// The choices in which the versions differ. Each is a type of its own so that an algorithm asks
// for the fact ("which list is searched first") and never for the version.

/// The first list head that a search looks at, for a request of n units.
public enum FirstList: String, Sendable, CaseIterable {
  /// The list of blocks that fit exactly (Windows; Mandt 2011).
  case exactFit = "exact"
  /// The next larger list: an exact fit is never taken (ReactOS `ExAllocatePoolWithTag`).
  case aboveExactFit = "above"
}

/// An end of a list.
public enum ListEnd: String, Sendable, CaseIterable {
  /// The head: the next block to be allocated.
  case head
  /// The tail: the last block to be allocated.
  case tail
}

/// How the pool type of a live block is written into its header.
public enum StoredPoolType: String, Sendable, CaseIterable {
  /// Type plus one (ReactOS; Windows to 2003, Volatility).
  case plusOne = "plus-one"
  /// Type plus one, with bit 2 set besides: reported for XP and 2003 but **unverified**.
  case plusOneInUse = "plus-one-in-use"
  /// Type with bit 1 set (Windows Vista and later; Mandt 2011).
  case orTwo = "or-two"

  /// What a header stores for a live block of `type`.
  @inlinable public func stored(_ type: PoolType) -> UInt32 {
    switch self {
    case .plusOne: type.rawValue &+ 1
    case .plusOneInUse: (type.rawValue &+ 1) | 4
    case .orTwo: (type.rawValue & 0x6D) | 2
    }
  }

  /// The type whose stored form is `stored`; for zero, a free block, what the arithmetic yields.
  @inlinable public func type(stored: UInt32) -> PoolType {
    switch self {
    case .plusOne: PoolType(rawValue: stored &- 1)
    case .plusOneInUse: PoolType(rawValue: (stored & ~4) &- 1)
    case .orTwo: PoolType(rawValue: stored & ~2)
    }
  }
}

/// How list links are stored.
public enum LinkEncoding: String, Sendable, CaseIterable {
  /// As they are (Windows).
  case plain
  /// With bit 0 set (ReactOS `ExpEncodePoolLink`).
  case lowBitSet = "low-bit"
}

/// What the pool checks of headers and links while it works.
public enum PoolChecks: String, Sendable, CaseIterable {
  /// Nothing: retail Windows before 7.
  case none
  /// The next header's previous size at a free, and the links of unlinked blocks (Windows 7;
  /// Mandt 2011, Microsoft SRD 2009).
  case neighbour
  /// Every header of the page and every link touched (ReactOS `ExpCheckPoolBlocks`).
  case wholePage = "whole-page"
}

/// When a tag given at a free must match the block's.
public enum TagCheck: String, Sendable, CaseIterable {
  /// Whenever one is given (ReactOS as recorded).
  case always
  /// Only on blocks whose tag is protected; for retail Windows **unverified**.
  case protectedOnly = "protected"
  /// Never.
  case never
}

/// What happens when a must-succeed request fails.
public enum MustSucceed: String, Sendable, CaseIterable {
  /// Bug check 0x41 without the available pages (ReactOS).
  case bugCheckOnFailure = "bugcheck-on-failure"
  /// Bug check 0x41 with the available pages as last parameter (Windows 2000 and XP; Microsoft).
  case bugCheckWithAvailablePages = "bugcheck-available-pages"
  /// The type itself is refused with bug check 0xC2/0x9A (later versions; Microsoft).
  case refused
}

/// Whether odd requests are refused at the door.
public enum EntryChecks: String, Sendable, CaseIterable {
  /// No: retail systems, as far as known (**unverified**).
  case none
  /// Tag zero, tag "BIG", a tag without letter or digit and zero bytes bug check with
  /// 0xC2/0x9B, 0x9C, 0x9D and 0x00 (Microsoft).
  case all
}

/// Which lists the shared lookaside of a class is.
public enum SharedLookaside: String, Sendable, CaseIterable {
  /// A second list beside each processor's (Windows 2000 to 2003; Chappell).
  case separate
  /// The same list as the processor's (ReactOS `InitializePool`).
  case sameList = "same"
  /// There is none (Windows Vista and later; Chappell).
  case none
}

/// What becomes of the bytes behind a large allocation in its last page.
public enum LargeTail: String, Sendable, CaseIterable {
  /// They are wasted (ReactOS; before Windows 7 **unverified**).
  case wasted
  /// A one-unit `Frag` block, then a free block (Windows 7; Mandt 2011).
  case fragment
}

/// What happens to a used tail when its large allocation is freed; **unverified** on Windows.
public enum FragmentRelease: String, Sendable, CaseIterable {
  /// A last page whose tail is wholly free goes with the allocation; otherwise the page stays as
  /// a small-block page whose front becomes a free block.
  case keepUsedPage = "keep-used-page"
}

/// Where a block charged to a process remembers the process.
public enum QuotaPointer: String, Sendable, CaseIterable {
  /// In the last pointer of the block (ReactOS; Windows x86 to 7).
  case lastSlot = "last-slot"
  /// There, hidden as on x64. The kernel test finds no process there on 8.1 and 10 for x86, whose
  /// headers have no room for one; that this is the reason is **unverified**.
  case lastSlotEncoded = "last-slot-encoded"
  /// In the header (Windows x64 to 7; Mandt 2011).
  case processBilled = "header"
  /// In the header, hidden with a cookie and the block's address (Windows 8; SSTIC 2020).
  case processBilledEncoded = "header-encoded"

  /// Whether the process takes a pointer of the block's own bytes.
  @inlinable public var isInBlock: Bool { self == .lastSlot || self == .lastSlotEncoded }
  /// Whether the process is hidden with a cookie and the block's address.
  @inlinable public var isHidden: Bool {
    self == .lastSlotEncoded || self == .processBilledEncoded
  }
}

/// What the pool index of a header holds.
public enum PoolIndexRule: String, Sendable, CaseIterable {
  /// Zero on fresh pages, otherwise whatever the memory held (ReactOS).
  case stale
  /// The index of the owning descriptor, used at the free without a check (Windows 7; Mandt 2011).
  case descriptor
  /// As `descriptor`, but checked at the free: reported for Windows 8, **unverified**.
  case descriptorChecked = "descriptor-checked"
}

/// How pages are handed out below the small blocks.
public enum NonPagedPages: String, Sendable, CaseIterable {
  /// Four lists of page runs (ReactOS; the same names in Windows to 2003).
  case runLists = "run-lists"
  /// A bitmap, lowest fitting index first (Windows Vista and later; Mandt 2011).
  case bitmap
}

/// How the search for clear bits ends; Windows' rule is **unverified**.
public enum BitmapSearch: String, Sendable, CaseIterable {
  /// A run that would end exactly at the limit is not looked for (ReactOS as recorded).
  case beforeLimit = "before-limit"
  /// It is.
  case throughLimit = "through-limit"
}

/// What the freeing of a page-aligned address does that the big-page table does not know.
public enum UntrackedLargeFree: String, Sendable, CaseIterable {
  /// It goes on (ReactOS).
  case silent
  /// Bug check 0xC2 with 0x44 for nonpaged, 0x50 for paged memory (Microsoft).
  case notAllocated = "not-allocated"
  /// Bug check 0x19/0x22 (newer Windows; Microsoft).
  case noTrackingEntry = "no-tracking-entry"
}

/// How a small free finds that its block is already free.
public enum DoubleFreeCheck: String, Sendable, CaseIterable {
  /// It does not (ReactOS).
  case none
  /// A header of type zero is bug check 0xC2/7 (Windows; Microsoft).
  case freeHeader = "free-header"
}

/// How the byte counter of a descriptor counts large allocations.
public enum LargeByteCount: String, Sendable, CaseIterable {
  /// Plus the requested bytes, minus whole pages: it drifts down (ReactOS).
  case requestedBytes = "requested"
  /// Whole pages both ways; Windows' rule is **unverified**.
  case wholePages = "whole-pages"
}

/// When the big-page table changes its size.
public enum BigTableResizing: String, Sendable, CaseIterable {
  /// Doubled when probing is long and it is three quarters full, or full; halved by every large
  /// free while less than an eighth is in use (ReactOS; dynamic since Windows 2000, KB Q234578).
  case dynamic
  /// Never (NT 4.0).
  case fixed
}

/// What a full tag table does with a new tag.
public enum TrackerOverflow: String, Sendable, CaseIterable {
  /// The allocation is not tracked (ReactOS).
  case untracked
  /// The extra last slot takes it; **unverified** on Windows.
  case lastSlot = "last-slot"
}

/// How cache-aligned requests are served.
public enum CacheAlignment: String, Sendable, CaseIterable {
  /// Only the stored type differs (ReactOS; before Windows 8 **unverified**).
  case typeOnly = "type-only"
  /// The request grows by a cache line and gets a second header before the aligned address
  /// (Windows 8 to 10 1809; SSTIC 2020; the first version that did is **unverified**).
  case secondHeader = "second-header"
}

/// When the round robin over paged descriptors advances; **unverified**.
public enum RoundRobin: String, Sendable, CaseIterable {
  /// The index moves, then its descriptor is used.
  case advanceThenUse = "advance-then-use"
  /// The descriptor is used, then the index moves.
  case useThenAdvance = "use-then-advance"
}

/// How the depths of lookaside lists change as seconds pass; **unverified** for legacy lists.
public enum LookasideDepthRule: String, Sendable, CaseIterable {
  /// They do not.
  case fixed
  /// By the published rule of the dynamic lookasides of Windows 10 (SSTIC 2020).
  case missRatio = "miss-ratio"
}

/// What the pool type of a deferred free says while it waits; **unverified**.
public enum DeferredFreeType: String, Sendable, CaseIterable {
  /// Still in use (implied by Mandt 2011).
  case inUse = "in-use"
  /// Already free.
  case free
}

/// How wide the page count of one request is.
public enum PageCountWidth: String, Sendable, CaseIterable {
  /// 32 bits, the rest cut off (ReactOS on x64).
  case bits32 = "32"
  /// 64 bits.
  case bits64 = "64"
}

/// How wide the byte offset of a page within its pool is computed.
public enum PageOffsetWidth: String, Sendable, CaseIterable {
  /// 32 bits: on pools above 2^20 pages tables are misplaced (ReactOS on x64).
  case bits32 = "32"
  /// 64 bits.
  case bits64 = "64"
}

/// Where nonpaged expansion takes its addresses.
public enum Expansion: String, Sendable, CaseIterable {
  /// There is none.
  case none
  /// The lowest free page-table entries.
  case lowestFirst = "first"
  /// The tail of the smallest sufficient cluster (ReactOS `MiReserveSystemPtes`).
  case smallestCluster = "orig"
}

/// Whether the tables that the kernel allocates at start lie in the pool.
public enum Initialisation: String, Sendable, CaseIterable {
  /// As in a kernel: tag table, big-page table and paged descriptors come off the nonpaged pool.
  case kernel
  /// They lie beside the pool, which starts empty.
  case none
}

// Further choices for which no published source settles what Windows does. The defaults say what
// is known of ReactOS, or nothing special; `Divergences` in the manual lists them all.

/// What a block on a lookaside list carries against a smashed link; **unverified**.
public enum LookasideLinks: String, Sendable, CaseIterable {
  /// The link only.
  case plain
  /// Behind the link, the block's address hidden with a cookie, checked when it is taken again:
  /// reported for Windows 8. The bug check, 0x19/3 here, is a guess.
  case cookie
}

/// What `MmAllocateContiguousMemory` asks the pool for; **unverified** on XP and 2003.
public enum ContiguousRequest: String, Sendable, CaseIterable {
  /// The bytes as given, so that small requests get a block with a header (ReactOS).
  case asGiven = "as-given"
  /// Whole pages, as Microsoft's promise of a page-aligned address suggests.
  case wholePages = "whole-pages"
}

/// Whether large allocations are charged to a process; **unverified** on Windows.
public enum LargeQuota: String, Sendable, CaseIterable {
  /// They are not (ReactOS; no reference is taken on Windows 2003 and 7 either).
  case uncharged
  /// Their pages are, and the big-page entry's quota object is the process. Only entries that have
  /// that field, those of Windows 2003, can hold it.
  case charged
}

/// Whether the page level counts the pages it has handed out; **unverified** on Windows, whose
/// symbols have the counters (`AllocatedPagedPool`, `MmAllocatedNonPagedPool`).
public enum PageCounters: String, Sendable, CaseIterable {
  /// It does not (ReactOS, as far as its paths are known).
  case notKept = "not-kept"
  /// It does; pages that wait on single-page lists count as handed out.
  case kept
}

/// The unit of the miss ratio in the rule for lookaside depths; **unverified**.
public enum MissRatioUnit: String, Sendable, CaseIterable {
  /// A fraction of one: a list that always misses grows by half of what it may.
  case fraction
  /// Thousandths: a list that often misses grows to its maximum at once.
  case perMille = "per-mille"
}
