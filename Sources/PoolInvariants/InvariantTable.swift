/// One row of the table of invariants.
public struct InvariantRow: Sendable {
  /// The rule.
  public let invariant: Invariant
  /// What holds in a healthy pool.
  public let statement: String
  /// Who published the fact.
  public let source: String
  /// Why another rule always objects with it to the planted bugs; nil where it has objected alone.
  public let company: String?

  fileprivate init(
    _ invariant: Invariant, _ statement: String, _ source: String, company: String? = nil
  ) {
    self.invariant = invariant
    self.statement = statement
    self.source = source
    self.company = company
  }
}

extension Invariant {
  /// What holds in a healthy pool, in a sentence.
  public var statement: String { row.statement }

  /// Who published the fact.
  public var source: String { row.source }

  /// The part of the name before the point: the kind of object that the rule is about.
  public var family: Substring { rawValue.prefix { $0 != "." } }

  /// The invariant called `name`, or nil.
  public static func named(_ name: String) -> Invariant? { Invariant(rawValue: name) }

  /// The rule's row; a test holds every case against the table.
  public var row: InvariantRow {
    for row in Self.table where row.invariant == self { return row }
    preconditionFailure("every invariant has a row")
  }

  /// Every invariant with its statement and source, family by family.
  public static let table: [InvariantRow] = [
    // Headers of a page
    InvariantRow(
      .headerFirst,
      "The first header of a page has previous size 0.",
      "ReactOS ExpCheckPoolBlocks"),
    InvariantRow(
      .headerPreviousSize,
      "A header's previous size is the size of the block before it.",
      "ReactOS ExpCheckPoolHeader; Microsoft, bug check 0x19/5"),
    InvariantRow(
      .headerSizeRange,
      "A block has at least one unit, and a live one as many as the smallest block.",
      "ReactOS ExpCheckPoolHeader; Microsoft, bug check 0x19/8"),
    InvariantRow(
      .headerTiling,
      "The blocks of a page end exactly where the page ends.",
      "ReactOS ExpCheckPoolBlocks; Microsoft, bug check 0x19/9"),
    InvariantRow(
      .headerPoolIndex,
      "Where headers name their descriptor, all of a page name the same existing one.",
      "Mandt 2011"),
    InvariantRow(
      .freeAdjacent,
      "No two free blocks are neighbours once an operation has ended.",
      "ReactOS ExFreePoolWithTag; Mandt 2011"),
    InvariantRow(
      .pageWhollyFree,
      "A page without a block in use is given back.",
      "ReactOS ExFreePoolWithTag; Mandt 2011"),
    InvariantRow(
      .blockOwner,
      "A block in use is held by a caller, a lookaside list or the deferred frees.",
      "Mandt 2011"),
    InvariantRow(
      .fragmentHeader,
      "Behind a large allocation lies a one-unit block tagged Frag with previous size 0, then "
        + "blocks to the page's end.",
      "Mandt 2011, Windows 7"),
    // Lists of free blocks
    InvariantRow(
      .listMembership,
      "Every free block with room for links is on exactly one list, and every entry of a list "
        + "is a free block.",
      "ReactOS ExFreePoolWithTag; Mandt 2011"),
    InvariantRow(
      .listSize,
      "List k holds free blocks of exactly k + 1 units.",
      "ReactOS ExFreePoolWithTag; Mandt 2011"),
    InvariantRow(
      .listLinks,
      "The neighbours of a list head or entry point back at it, and links are stored as the "
        + "version stores them.",
      "ReactOS ExpCheckPoolLinks; Microsoft SRD 2009"),
    InvariantRow(
      .listPool,
      "A free block is on a list of the descriptor that its page belongs to.",
      "ReactOS ExFreePoolWithTag; Mandt 2011"),
    InvariantRow(
      .orphanUnlisted,
      "A free block without room for links is on no list.",
      "ReactOS ExAllocatePoolWithTag"),
    // Lookaside lists and deferred frees
    InvariantRow(
      .lookasideInUse,
      "A block on a lookaside list still looks allocated.",
      "Mandt 2011; ReactOS ExFreePoolWithTag"),
    InvariantRow(
      .lookasideSize,
      "A lookaside list holds blocks of exactly its class, from its own pool.",
      "Mandt 2011; Chappell"),
    InvariantRow(
      .lookasideLinks,
      "A lookaside list ends, and holds no block twice.",
      "Mandt 2011"),
    InvariantRow(
      .lookasideCount,
      "A lookaside list's own count is the number of its blocks.",
      "Public symbols, GENERAL_LOOKASIDE"),
    InvariantRow(
      .lookasideDepth,
      "A lookaside list holds no more blocks than it may.",
      "ReactOS ExFreePoolWithTag; Mandt 2011"),
    InvariantRow(
      .lookasideHits,
      "Frees that found room less allocations that found a block are the blocks on the list; no "
        + "counter of hits exceeds that of attempts.",
      "Chappell; ReactOS ExFreePoolWithTag"),
    InvariantRow(
      .lookasideOwner,
      "A block on a lookaside list is a block of a page, and nobody else's.",
      "Mandt 2011"),
    InvariantRow(
      .deferredInUse,
      "A deferred free looks as the version says: still allocated, or free.",
      "Mandt 2011"),
    InvariantRow(
      .deferredLinks,
      "The deferred frees end, and none is there twice.",
      "Mandt 2011"),
    InvariantRow(
      .deferredCount,
      "The depth of the deferred frees is their number and within the limit.",
      "Mandt 2011"),
    InvariantRow(
      .deferredOwner,
      "A deferred free is a block of a page of its descriptor, and nobody else's.",
      "Mandt 2011"),
    // Live allocations
    InvariantRow(
      .liveBlock,
      "A live allocation is the body of a block in use, or whole pages.",
      "ReactOS ExAllocatePoolWithTag"),
    InvariantRow(
      .liveAlignment,
      "A small allocation starts behind a header on a unit, a large one on a page, a cache- "
        + "aligned one on a line where that is honoured.",
      "Microsoft, ExAllocatePoolWithTag; SSTIC 2020"),
    InvariantRow(
      .livePool,
      "A live allocation lies in the pool that was asked for.",
      "ReactOS MmDeterminePoolType"),
    InvariantRow(
      .liveSize,
      "A live block has the units that its request comes to.",
      "ReactOS ExAllocatePoolWithTag; Mandt 2011"),
    InvariantRow(
      .liveRoom,
      "The requested bytes lie within the block or the pages.",
      "Microsoft, ExAllocatePoolWithTag"),
    InvariantRow(
      .liveType,
      "The header of a live block stores the type that was asked for.",
      "ReactOS ExAllocatePoolWithTag; Volatility type tables"),
    InvariantRow(
      .liveTag,
      "The header of a live block stores the tag that was given.",
      "Microsoft, ExAllocatePoolWithTag"),
    InvariantRow(
      .liveOverlap,
      "No two live allocations share a byte.",
      "Microsoft, ExAllocatePoolWithTag"),
    InvariantRow(
      .livePattern,
      "A live allocation holds what its owner put there.",
      "Microsoft, ExAllocatePoolWithTag"),
    InvariantRow(
      .quotaProcess,
      "A charged block names the process that pays, where the version keeps it.",
      "ReactOS ExAllocatePoolWithQuotaTag; Mandt 2011; SSTIC 2020"),
    // Pages
    InvariantRow(
      .pageOwner,
      "Every page has exactly one owner.",
      "ReactOS MiAllocatePoolPages"),
    InvariantRow(
      .runsLinks,
      "The neighbours of a free run or of a run list's head point back at it.",
      "ReactOS MiFreePoolPages; Microsoft, bug check 0x139"),
    InvariantRow(
      .runsList,
      "Runs of 1, 2, 3 and of 4 and more pages are on the four lists in this order.",
      "ReactOS MiFreePoolPages"),
    InvariantRow(
      .runsSize,
      "A free run has a page at least and ends within its region.",
      "ReactOS MiInitializeNonPagedPool"),
    InvariantRow(
      .runsStamp,
      "Every page of a free run has the signature and the address of the run's first page.",
      "ReactOS MiInitializeNonPagedPool, MiFreePoolPages"),
    InvariantRow(
      .runsAdjacent,
      "No two free runs are neighbours.",
      "ReactOS MiFreePoolPages"),
    InvariantRow(
      .marksStart,
      "The first page of an allocation, and no other, is marked as its start.",
      "ReactOS MiAllocatePoolPages"),
    InvariantRow(
      .marksEnd,
      "The last page of an allocation, and no other, is marked as its end.",
      "ReactOS MiAllocatePoolPages"),
    InvariantRow(
      .marksMapped,
      "A page that belongs to somebody is mapped; a free paged page is not.",
      "ReactOS MiAllocatePoolPages, MiFreePoolPages"),
    InvariantRow(
      .bitmapAllocated,
      "The allocation map has a one for every page in use or not open, and a zero for every "
        + "free one.",
      "ReactOS MiAllocatePoolPages; Mandt 2011"),
    InvariantRow(
      .bitmapEnd,
      "The end map has a one for the last page of each allocation, and no other.",
      "ReactOS MiAllocatePoolPages"),
    InvariantRow(
      .bitmapHint,
      "The search hint and the count of open pages lie within the map.",
      "ReactOS MiAllocatePoolPages, RtlFindClearBits"),
    InvariantRow(
      .singlePageLinks,
      "A list of freed pages ends, and its entries are pages of its pool.",
      "ReactOS MiFreePoolPages"),
    InvariantRow(
      .singlePageCount,
      "A list of freed pages has as many as it counts, and no more than it may.",
      "ReactOS MiFreePoolPages"),
    InvariantRow(
      .expansionUsed,
      "The count of expansion pages in use is the number of mapped ones.",
      "ReactOS MiAllocatePoolPages"),
    // The big-page table
    InvariantRow(
      .bigTableAddress,
      "An entry in use names the first page of a page allocation of a pool.",
      "ReactOS ExpAddTagForBigPages"),
    InvariantRow(
      .bigTableDuplicate,
      "No address is in the table twice.",
      "ReactOS ExpAddTagForBigPages"),
    InvariantRow(
      .bigTableLive,
      "An entry in use is a live large allocation.",
      "ReactOS ExpFindAndRemoveTagBigPages"),
    InvariantRow(
      .bigTableMissing,
      "A live large allocation has an entry, unless the table was full when it was made.",
      "ReactOS ExpAddTagForBigPages"),
    InvariantRow(
      .bigTableSize,
      "An entry's size is that of its allocation.",
      "ReactOS ExpAddTagForBigPages; public symbols"),
    InvariantRow(
      .bigTableTag,
      "An entry's tag is that of its allocation.",
      "ReactOS ExpAddTagForBigPages"),
    InvariantRow(
      .bigTableInUse,
      "The count of entries in use is their number.",
      "ReactOS ExpAddTagForBigPages"),
    // Counters of descriptors
    InvariantRow(
      .countersPages,
      "TotalPages is the number of pages of small blocks.",
      "ReactOS ExAllocatePoolWithTag"),
    InvariantRow(
      .countersBigPages,
      "TotalBigPages is the number of pages of large allocations.",
      "ReactOS ExAllocatePoolWithTag, ExFreePoolWithTag"),
    InvariantRow(
      .countersBytes,
      "TotalBytes is the bytes of blocks in use and of large allocations, with the drift of the "
        + "version's way of counting these.",
      "ReactOS ExAllocatePoolWithTag, ExFreePoolWithTag"),
    InvariantRow(
      .countersOutstanding,
      "RunningAllocs less RunningDeAllocs is the number of blocks in use and large allocations.",
      "ReactOS ExAllocatePoolWithTag, ExFreePoolWithTag"),
    InvariantRow(
      .countersAllocations,
      "RunningAllocs and lookaside hits add up to the allocations made.",
      "ReactOS ExQueryPoolUsage"),
    InvariantRow(
      .countersQuota,
      "The bytes charged to the process are those of the charged blocks.",
      "ReactOS ExAllocatePoolWithQuotaTag"),
    // The tag table
    InvariantRow(
      .trackerRow,
      "Every tag with live allocations has one row, found by probing from its hash, unless the "
        + "table is full.",
      "ReactOS ExpInsertPoolTracker"),
    InvariantRow(
      .trackerOutstanding,
      "A tag's allocations less its frees are its live allocations.",
      "ReactOS ExpInsertPoolTracker, ExpRemovePoolTracker"),
    InvariantRow(
      .trackerBytes,
      "A tag's bytes are those of its live blocks and, rounded to pages, of its large "
        + "allocations.",
      "ReactOS ExpInsertPoolTracker, ExpRemovePoolTracker"),
  ]
}
