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
      "ReactOS ExpCheckPoolBlocks",
      company: "No planted bug writes a page's first previous size; a stray store does, and the "
        + "size rules see a bug that moves the front."),
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
      "Mandt 2011, Windows 7",
      company: "The planted bug marks the fragment free, which makes it a free neighbour of what "
        + "follows as well."),
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
      "ReactOS ExFreePoolWithTag; Mandt 2011",
      company: "No planted bug mixes descriptors up for free blocks alone: a wrong index stands "
        + "in the header first."),
    InvariantRow(
      .orphanUnlisted,
      "A free block without room for links is on no list.",
      "ReactOS ExAllocatePoolWithTag",
      company: "An orphan on a list has its links written over the header behind it, so the "
        + "headers object too."),
    // Lookaside lists and deferred frees
    InvariantRow(
      .lookasideInUse,
      "A block on a lookaside list still looks allocated.",
      "Mandt 2011; ReactOS ExFreePoolWithTag",
      company: "No planted bug marks a parked block free; one that did would let its neighbours "
        + "merge with it."),
    InvariantRow(
      .lookasideSize,
      "A lookaside list holds blocks of exactly its class, from its own pool.",
      "Mandt 2011; Chappell"),
    InvariantRow(
      .lookasideLinks,
      "A lookaside list ends, and holds no block twice.",
      "Mandt 2011",
      company: "No planted bug ties a list into a ring: links are written in one place, from the "
        + "list's own top."),
    InvariantRow(
      .lookasideCount,
      "A lookaside list's own count is the number of its blocks.",
      "Public symbols, GENERAL_LOOKASIDE",
      company: "A count that is not lowered differs from the hits as well, which are counted "
        + "beside it."),
    InvariantRow(
      .lookasideDepth,
      "A lookaside list holds no more blocks than it may.",
      "ReactOS ExFreePoolWithTag; Mandt 2011"),
    InvariantRow(
      .lookasideHits,
      "Frees that found room less allocations that found a block are the blocks on the list; no "
        + "counter of hits exceeds that of attempts.",
      "Chappell; ReactOS ExFreePoolWithTag",
      company: "A miss counted as a hit is missing in the descriptor's count, and a count not "
        + "lowered is a wrong count."),
    InvariantRow(
      .lookasideOwner,
      "A block on a lookaside list is a block of a page, and nobody else's.",
      "Mandt 2011",
      company: "A parked block without an owner comes from broken headers, and those object "
        + "first."),
    InvariantRow(
      .deferredInUse,
      "A deferred free looks as the version says: still allocated, or free.",
      "Mandt 2011",
      company: "No planted bug changes the type of a waiting block; a stray store does."),
    InvariantRow(
      .deferredLinks,
      "The deferred frees end, and none is there twice.",
      "Mandt 2011",
      company: "No planted bug ties the waiting frees into a ring; a double free does, where no "
        + "check stops it."),
    InvariantRow(
      .deferredCount,
      "The depth of the deferred frees is their number and within the limit.",
      "Mandt 2011"),
    InvariantRow(
      .deferredOwner,
      "A deferred free is a block of a page of its descriptor, and nobody else's.",
      "Mandt 2011",
      company: "A waiting block without an owner comes from broken headers, and those object "
        + "first."),
    // Live allocations
    InvariantRow(
      .liveBlock,
      "A live allocation is the body of a block in use, or whole pages.",
      "ReactOS ExAllocatePoolWithTag",
      company: "A body that is no block's comes from broken headers or leaves its own block "
        + "without a holder."),
    InvariantRow(
      .liveAlignment,
      "A small allocation starts behind a header on a unit, a large one on a page, a cache- "
        + "aligned one on a line where that is honoured.",
      "Microsoft, ExAllocatePoolWithTag; SSTIC 2020",
      company: "Units come from the list heads, so only a stray pointer could be aligned "
        + "wrongly: no planted bug makes one."),
    InvariantRow(
      .livePool,
      "A live allocation lies in the pool that was asked for.",
      "ReactOS MmDeterminePoolType",
      company: "No planted bug serves a request from another pool without moving the counters of "
        + "both."),
    InvariantRow(
      .liveSize,
      "A live block has the units that its request comes to.",
      "ReactOS ExAllocatePoolWithTag; Mandt 2011"),
    InvariantRow(
      .liveRoom,
      "The requested bytes lie within the block or the pages.",
      "Microsoft, ExAllocatePoolWithTag",
      company: "A block too short for its request has a wrong size, or one page too few in three "
        + "tables."),
    InvariantRow(
      .liveType,
      "The header of a live block stores the type that was asked for.",
      "ReactOS ExAllocatePoolWithTag; Volatility type tables",
      company: "Types are stored with the header; the planted bug that loses them writes links "
        + "over the header."),
    InvariantRow(
      .liveTag,
      "The header of a live block stores the tag that was given.",
      "Microsoft, ExAllocatePoolWithTag"),
    InvariantRow(
      .liveOverlap,
      "No two live allocations share a byte.",
      "Microsoft, ExAllocatePoolWithTag",
      company: "Two bodies share bytes only where two blocks do or one block has two holders, "
        + "which is reported there."),
    InvariantRow(
      .livePattern,
      "A live allocation holds what its owner put there.",
      "Microsoft, ExAllocatePoolWithTag",
      company: "No planted bug writes to a body alone; misuse does, and the profiles for it "
        + "expect this rule."),
    InvariantRow(
      .quotaProcess,
      "A charged block names the process that pays, where the version keeps it.",
      "ReactOS ExAllocatePoolWithQuotaTag; Mandt 2011; SSTIC 2020"),
    // Pages
    InvariantRow(
      .pageOwner,
      "Every page has exactly one owner.",
      "ReactOS MiAllocatePoolPages",
      company: "A page with two owners or none is marked wrongly as well: the marks and maps are "
        + "what gave it away."),
    InvariantRow(
      .runsLinks,
      "The neighbours of a free run or of a run list's head point back at it.",
      "ReactOS MiFreePoolPages; Microsoft, bug check 0x139",
      company: "A run on a wrong list points at a head that does not point back."),
    InvariantRow(
      .runsList,
      "Runs of 1, 2, 3 and of 4 and more pages are on the four lists in this order.",
      "ReactOS MiFreePoolPages"),
    InvariantRow(
      .runsSize,
      "A free run has a page at least and ends within its region.",
      "ReactOS MiInitializeNonPagedPool",
      company: "No planted bug writes a length that leaves the region; a stray store does."),
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
      "ReactOS MiAllocatePoolPages",
      company: "A lost end mark leaves pages that belong to nobody, which their owner rule "
        + "reports too."),
    InvariantRow(
      .marksMapped,
      "A page that belongs to somebody is mapped; a free paged page is not.",
      "ReactOS MiAllocatePoolPages, MiFreePoolPages",
      company: "Pages stay mapped when an allocation is not freed, and then the map and the "
        + "owner say so too."),
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
      "ReactOS MiAllocatePoolPages, RtlFindClearBits",
      company: "The planted hints are wrong but within the map, so only where pages are found "
        + "changes: placement objects."),
    InvariantRow(
      .singlePageLinks,
      "A list of freed pages ends, and its entries are pages of its pool.",
      "ReactOS MiFreePoolPages",
      company: "No planted bug ties a list of freed pages into a ring; a stray store does."),
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
      "ReactOS ExpAddTagForBigPages",
      company: "Entries are written with the address that the page allocator gave, so no planted "
        + "bug makes a wrong one."),
    InvariantRow(
      .bigTableDuplicate,
      "No address is in the table twice.",
      "ReactOS ExpAddTagForBigPages",
      company: "An entry that is not taken out is first of all one of an allocation that is "
        + "gone."),
    InvariantRow(
      .bigTableLive,
      "An entry in use is a live large allocation.",
      "ReactOS ExpFindAndRemoveTagBigPages",
      company: "An entry that outlives its allocation is counted in the table, and its pages are "
        + "still somebody's."),
    InvariantRow(
      .bigTableMissing,
      "A live large allocation has an entry, unless the table was full when it was made.",
      "ReactOS ExpAddTagForBigPages",
      company: "Without its entry a free gives back a wrong number of pages, which maps and "
        + "counters show."),
    InvariantRow(
      .bigTableSize,
      "An entry's size is that of its allocation: pages, or from Vista on bytes rounded up to units.",
      "ReactOS ExpAddTagForBigPages; public symbols",
      company: "A size that is one page short is what the free believes, so a page stays without "
        + "an owner."),
    InvariantRow(
      .bigTableTag,
      "An entry's tag is that of its allocation.",
      "ReactOS ExpAddTagForBigPages",
      company: "The tag of the entry is what the tag table is told at the free, so its rows are "
        + "wrong by the next one."),
    InvariantRow(
      .bigTableType,
      "An entry's pool type is the one asked for, from Vista on, where entries keep it.",
      "Public symbols",
      company: "Entries are written with the type of the request, so no planted bug makes a "
        + "wrong one."),
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
      "ReactOS ExQueryPoolUsage",
      company: "A hit that is counted twice or not at all is a wrong hit or a wrong count of the "
        + "descriptor too."),
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
