/// Every rule that a healthy pool keeps, by its stable name.
///
/// The names are part of the trace language (`expect violation NAME`): they may be added to, and
/// never change their meaning. `statement` and `source` are the manual's table of invariants.
public enum Invariant: String, Sendable, CaseIterable, Hashable {
  // MARK: Headers of a page

  /// The first header of a page has previous size 0. Source: ReactOS ExpCheckPoolBlocks.
  case headerFirst = "header.first"
  /// A header's previous size is the size of the block before it. Source: ReactOS
  /// ExpCheckPoolHeader; Microsoft, bug check 0x19/5.
  case headerPreviousSize = "header.previous-size"
  /// A block has at least one unit, and a live one as many as the smallest block. Source: ReactOS
  /// ExpCheckPoolHeader; Microsoft, bug check 0x19/8.
  case headerSizeRange = "header.size-range"
  /// The blocks of a page end exactly where the page ends. Source: ReactOS ExpCheckPoolBlocks;
  /// Microsoft, bug check 0x19/9.
  case headerTiling = "header.tiling"
  /// Where headers name their descriptor, all of a page name the same existing one. Source: Mandt
  /// 2011.
  case headerPoolIndex = "header.pool-index"
  /// No two free blocks are neighbours once an operation has ended. Source: ReactOS
  /// ExFreePoolWithTag; Mandt 2011.
  case freeAdjacent = "free.adjacent"
  /// A page without a block in use is given back. Source: ReactOS ExFreePoolWithTag; Mandt 2011.
  case pageWhollyFree = "page.wholly-free"
  /// A block in use is held by a caller, a lookaside list or the deferred frees. Source: Mandt
  /// 2011.
  case blockOwner = "block.owner"
  /// Behind a large allocation lies a one-unit block tagged Frag with previous size 0, then blocks
  /// to the page's end. Source: Mandt 2011, Windows 7.
  case fragmentHeader = "fragment.header"

  // MARK: Lists of free blocks

  /// Every free block with room for links is on exactly one list, and every entry of a list is a
  /// free block. Source: ReactOS ExFreePoolWithTag; Mandt 2011.
  case listMembership = "list.membership"
  /// List k holds free blocks of exactly k + 1 units. Source: ReactOS ExFreePoolWithTag; Mandt
  /// 2011.
  case listSize = "list.size"
  /// The neighbours of a list head or entry point back at it, and links are stored as the version
  /// stores them. Source: ReactOS ExpCheckPoolLinks; Microsoft SRD 2009.
  case listLinks = "list.links"
  /// A free block is on a list of the descriptor that its page belongs to. Source: ReactOS
  /// ExFreePoolWithTag; Mandt 2011.
  case listPool = "list.pool"
  /// A free block without room for links is on no list. Source: ReactOS ExAllocatePoolWithTag.
  case orphanUnlisted = "orphan.unlisted"

  // MARK: Lookaside lists and deferred frees

  /// A block on a lookaside list still looks allocated. Source: Mandt 2011; ReactOS
  /// ExFreePoolWithTag.
  case lookasideInUse = "lookaside.in-use"
  /// A lookaside list holds blocks of exactly its class, from its own pool. Source: Mandt 2011;
  /// Chappell.
  case lookasideSize = "lookaside.size"
  /// A lookaside list ends, and holds no block twice. Source: Mandt 2011.
  case lookasideLinks = "lookaside.links"
  /// A lookaside list's own count is the number of its blocks. Source: Public symbols,
  /// GENERAL_LOOKASIDE.
  case lookasideCount = "lookaside.count"
  /// A lookaside list holds no more blocks than it may. Source: ReactOS ExFreePoolWithTag; Mandt
  /// 2011.
  case lookasideDepth = "lookaside.depth"
  /// Frees that found room less allocations that found a block are the blocks on the list; no
  /// counter of hits exceeds that of attempts. Source: Chappell; ReactOS ExFreePoolWithTag.
  case lookasideHits = "lookaside.hits"
  /// A block on a lookaside list is a block of a page, and nobody else's. Source: Mandt 2011.
  case lookasideOwner = "lookaside.owner"
  /// A deferred free looks as the version says: still allocated, or free. Source: Mandt 2011.
  case deferredInUse = "deferred.in-use"
  /// The deferred frees end, and none is there twice. Source: Mandt 2011.
  case deferredLinks = "deferred.links"
  /// The depth of the deferred frees is their number and within the limit. Source: Mandt 2011.
  case deferredCount = "deferred.count"
  /// A deferred free is a block of a page of its descriptor, and nobody else's. Source: Mandt 2011.
  case deferredOwner = "deferred.owner"

  // MARK: Live allocations

  /// A live allocation is the body of a block in use, or whole pages. Source: ReactOS
  /// ExAllocatePoolWithTag.
  case liveBlock = "live.block"
  /// A small allocation starts behind a header on a unit, a large one on a page, a cache-aligned
  /// one on a line where that is honoured. Source: Microsoft, ExAllocatePoolWithTag; SSTIC 2020.
  case liveAlignment = "live.alignment"
  /// A live allocation lies in the pool that was asked for. Source: ReactOS MmDeterminePoolType.
  case livePool = "live.pool"
  /// A live block has the units that its request comes to. Source: ReactOS ExAllocatePoolWithTag;
  /// Mandt 2011.
  case liveSize = "live.size"
  /// The requested bytes lie within the block or the pages. Source: Microsoft,
  /// ExAllocatePoolWithTag.
  case liveRoom = "live.room"
  /// The header of a live block stores the type that was asked for. Source: ReactOS
  /// ExAllocatePoolWithTag; Volatility type tables.
  case liveType = "live.type"
  /// The header of a live block stores the tag that was given. Source: Microsoft,
  /// ExAllocatePoolWithTag.
  case liveTag = "live.tag"
  /// No two live allocations share a byte. Source: Microsoft, ExAllocatePoolWithTag.
  case liveOverlap = "live.overlap"
  /// A live allocation holds what its owner put there. Source: Microsoft, ExAllocatePoolWithTag.
  case livePattern = "live.pattern"
  /// A charged block names the process that pays, where the version keeps it. Source: ReactOS
  /// ExAllocatePoolWithQuotaTag; Mandt 2011; SSTIC 2020.
  case quotaProcess = "quota.process"

  // MARK: Pages

  /// Every page has exactly one owner. Source: ReactOS MiAllocatePoolPages.
  case pageOwner = "page.owner"
  /// The neighbours of a free run or of a run list's head point back at it. Source: ReactOS
  /// MiFreePoolPages; Microsoft, bug check 0x139.
  case runsLinks = "runs.links"
  /// Runs of 1, 2, 3 and of 4 and more pages are on the four lists in this order. Source: ReactOS
  /// MiFreePoolPages.
  case runsList = "runs.list"
  /// A free run has a page at least and ends within its region. Source: ReactOS
  /// MiInitializeNonPagedPool.
  case runsSize = "runs.size"
  /// Every page of a free run has the signature and the address of the run's first page. Source:
  /// ReactOS MiInitializeNonPagedPool, MiFreePoolPages.
  case runsStamp = "runs.stamp"
  /// No two free runs are neighbours. Source: ReactOS MiFreePoolPages.
  case runsAdjacent = "runs.adjacent"
  /// The first page of an allocation, and no other, is marked as its start. Source: ReactOS
  /// MiAllocatePoolPages.
  case marksStart = "marks.start"
  /// The last page of an allocation, and no other, is marked as its end. Source: ReactOS
  /// MiAllocatePoolPages.
  case marksEnd = "marks.end"
  /// A page that belongs to somebody is mapped; a free paged page is not. Source: ReactOS
  /// MiAllocatePoolPages, MiFreePoolPages.
  case marksMapped = "marks.mapped"
  /// The allocation map has a one for every page in use or not open, and a zero for every free one.
  /// Source: ReactOS MiAllocatePoolPages; Mandt 2011.
  case bitmapAllocated = "bitmap.allocated"
  /// The end map has a one for the last page of each allocation, and no other. Source: ReactOS
  /// MiAllocatePoolPages.
  case bitmapEnd = "bitmap.end"
  /// The search hint and the count of open pages lie within the map. Source: ReactOS
  /// MiAllocatePoolPages, RtlFindClearBits.
  case bitmapHint = "bitmap.hint"
  /// A list of freed pages ends, and its entries are pages of its pool. Source: ReactOS
  /// MiFreePoolPages.
  case singlePageLinks = "single-page.links"
  /// A list of freed pages has as many as it counts, and no more than it may. Source: ReactOS
  /// MiFreePoolPages.
  case singlePageCount = "single-page.count"
  /// The count of expansion pages in use is the number of mapped ones. Source: ReactOS
  /// MiAllocatePoolPages.
  case expansionUsed = "expansion.used"

  // MARK: The big-page table

  /// An entry in use names the first page of a page allocation of a pool. Source: ReactOS
  /// ExpAddTagForBigPages.
  case bigTableAddress = "bigtable.address"
  /// No address is in the table twice. Source: ReactOS ExpAddTagForBigPages.
  case bigTableDuplicate = "bigtable.duplicate"
  /// An entry in use is a live large allocation. Source: ReactOS ExpFindAndRemoveTagBigPages.
  case bigTableLive = "bigtable.live"
  /// A live large allocation has an entry, unless the table was full when it was made. Source:
  /// ReactOS ExpAddTagForBigPages.
  case bigTableMissing = "bigtable.missing"
  /// An entry's size is that of its allocation: pages, or from Vista on bytes rounded up to units.
  /// Source: ReactOS ExpAddTagForBigPages; public symbols.
  case bigTableSize = "bigtable.size"
  /// An entry's tag is that of its allocation. Source: ReactOS ExpAddTagForBigPages.
  case bigTableTag = "bigtable.tag"
  /// An entry's pool type is the one asked for, from Vista on, where entries keep it. Source: public
  /// symbols.
  case bigTableType = "bigtable.type"
  /// The count of entries in use is their number. Source: ReactOS ExpAddTagForBigPages.
  case bigTableInUse = "bigtable.in-use"

  // MARK: Counters of descriptors

  /// TotalPages is the number of pages of small blocks. Source: ReactOS ExAllocatePoolWithTag.
  case countersPages = "counters.pages"
  /// TotalBigPages is the number of pages of large allocations. Source: ReactOS
  /// ExAllocatePoolWithTag, ExFreePoolWithTag.
  case countersBigPages = "counters.big-pages"
  /// TotalBytes is the bytes of blocks in use and of large allocations, with the drift of the
  /// version's way of counting these. Source: ReactOS ExAllocatePoolWithTag, ExFreePoolWithTag.
  case countersBytes = "counters.bytes"
  /// RunningAllocs less RunningDeAllocs is the number of blocks in use and large allocations.
  /// Source: ReactOS ExAllocatePoolWithTag, ExFreePoolWithTag.
  case countersOutstanding = "counters.outstanding"
  /// RunningAllocs and lookaside hits add up to the allocations made. Source: ReactOS
  /// ExQueryPoolUsage.
  case countersAllocations = "counters.allocations"
  /// The bytes charged to the process are those of the charged blocks. Source: ReactOS
  /// ExAllocatePoolWithQuotaTag.
  case countersQuota = "counters.quota"

  // MARK: The tag table

  /// Every tag with live allocations has one row, found by probing from its hash, unless the table
  /// is full. Source: ReactOS ExpInsertPoolTracker.
  case trackerRow = "tracker.row"
  /// A tag's allocations less its frees are its live allocations. Source: ReactOS
  /// ExpInsertPoolTracker, ExpRemovePoolTracker.
  case trackerOutstanding = "tracker.outstanding"
  /// A tag's bytes are those of its live blocks and, rounded to pages, of its large allocations.
  /// Source: ReactOS ExpInsertPoolTracker, ExpRemovePoolTracker.
  case trackerBytes = "tracker.bytes"
}
