/// A planted bug: one small change to the model that a check must find.
///
/// Tests of the checks and of the golden traces select one by name. `.none` is the healthy model.
/// Bugs that are only another value of a profile's switch are planted through the profile.
public enum Mutant: String, Sendable, CaseIterable {
  /// The healthy model.
  case none
  /// The header behind a split block keeps its old previous size (front case).
  case splitFrontKeepsNextPreviousSize = "split-front-next-previous-size"
  /// The header behind a split block keeps its old previous size (back case).
  case splitBackKeepsNextPreviousSize = "split-back-next-previous-size"
  /// Every split takes the front.
  case splitAlwaysFront = "split-always-front"
  /// A remainder goes to the head of its list.
  case remainderToHead = "remainder-to-head"
  /// A freed block goes to the tail of its list.
  case freedToTail = "freed-to-tail"
  /// A fresh page's remainder goes to the head of its list.
  case freshRemainderToHead = "fresh-remainder-to-head"
  /// The search starts one list too low.
  case firstListTooLow = "first-list-too-low"
  /// The search starts one list too high.
  case firstListTooHigh = "first-list-too-high"
  /// A freed block is not merged with its successor.
  case noForwardMerge = "no-forward-merge"
  /// A freed block is not merged with its predecessor.
  case noBackwardMerge = "no-backward-merge"
  /// The header behind a merged block keeps its old previous size.
  case mergeKeepsNextPreviousSize = "merge-next-previous-size"
  /// A wholly free page is kept.
  case keepsFreePage = "keeps-free-page"
  /// A merged successor stays on its list.
  case mergeKeepsListEntry = "merge-keeps-list-entry"
  /// Lookaside lists serve one class more.
  case lookasideClassTooMany = "lookaside-class-too-many"
  /// Lookaside lists are queues.
  case lookasideFirstInFirstOut = "lookaside-fifo"
  /// A lookaside list takes one block more.
  case lookasideTooDeep = "lookaside-too-deep"
  /// Single-page lists are queues.
  case singlePageFirstInFirstOut = "single-page-fifo"
  /// A page allocation takes the front of a run.
  case runTakenFromFront = "run-taken-from-front"
  /// A shortened run goes to the head of its list.
  case runToHead = "run-to-head"
  /// Runs of exactly four pages are moved when they grow.
  case runGrowthMoves = "run-growth-moves"
  /// Freed runs are not merged with their successor.
  case runNoForwardMerge = "run-no-forward-merge"
  /// The owner stamp of absorbed pages is not renewed.
  case runKeepsOldOwner = "run-keeps-old-owner"
  /// The hash of the tag table uses another constant.
  case trackerHashConstant = "tracker-hash-constant"
  /// The hash of the big-page table ignores the second byte of the page number.
  case bigTableHash = "big-table-hash"
  /// The big-page table shrinks too late.
  case bigTableShrinksLate = "big-table-shrinks-late"
  /// The paged hint also moves on longer allocations.
  case pagedHintAlwaysMoves = "paged-hint-always-moves"
  /// The paged hint is not lowered by frees.
  case pagedHintNotLowered = "paged-hint-not-lowered"
  /// A free does not lower the byte counter.
  case bytesNotSubtracted = "bytes-not-subtracted"
  /// The allocation counter also counts lookaside hits.
  case lookasideHitsCounted = "lookaside-hits-counted"
  /// The largest small request is one byte smaller.
  case thresholdOneLess = "threshold-one-less"
  /// A fresh page is counted twice.
  case freshPageCountedTwice = "pages-counted-twice"
  /// A request is rounded up by one unit too many.
  case oneUnitTooMany = "one-unit-too-many"
  /// A recycled block keeps its old links in the body.
  case bodyNotZeroed = "body-not-zeroed"
  /// A live block's tag is not written.
  case tagNotWritten = "tag-not-written"
  /// A split leaves one unit of the remainder out of its header.
  case splitLosesUnit = "split-loses-unit"
  /// A remainder keeps the type of the block that was asked for.
  case remainderKeepsType = "remainder-keeps-type"
  /// A remainder does not get the index of its descriptor.
  case remainderPoolIndex = "remainder-pool-index"
  /// A remainder without room for links is put on a list.
  case orphanListed = "orphan-listed"
  /// A remainder goes to the list of the next smaller size.
  case remainderWrongList = "remainder-wrong-list"
  /// The remainder of a fresh page has a previous size of zero.
  case freshRemainderPreviousSize = "fresh-remainder-previous-size"
  /// The first block of a fresh page does not count in bytes.
  case freshBytesNotCounted = "fresh-bytes-not-counted"
  /// A merged predecessor stays on its list.
  case backwardMergeKeepsListEntry = "backward-merge-keeps-list-entry"
  /// A merge with the successor forgets one of its units.
  case forwardMergeLosesUnit = "forward-merge-loses-unit"
  /// A freed block keeps its type.
  case freedKeepsType = "freed-keeps-type"
  /// A freed block goes to the list of the next larger size.
  case freedWrongList = "freed-wrong-list"
  /// A page given back still counts as one of small blocks.
  case releasedPageStillCounted = "released-page-still-counted"
  /// An insertion at a head does not tell the former first block.
  case headInsertForgetsBack = "head-insert-forgets-back"
  /// An insertion at a tail does not tell the head.
  case tailInsertForgetsHead = "tail-insert-forgets-head"
  /// A block that leaves a list is still its successor's predecessor.
  case unlinkForgetsBack = "unlink-forgets-back"
  /// The new first block of a list still points back at the old one.
  case removeFirstForgetsBack = "remove-first-forgets-back"
  /// A lookaside list's count is not lowered by a hit.
  case lookasideCountNotLowered = "lookaside-count-not-lowered"
  /// Paged blocks go to the nonpaged lookaside lists.
  case lookasideWrongPool = "lookaside-wrong-pool"
  /// Frees never use the shared lookaside lists.
  case lookasideSharedSkipped = "lookaside-shared-skipped"
  /// A lookaside miss counts as a hit.
  case lookasideMissCountedAsHit = "lookaside-miss-counted-as-hit"
  /// One more free is deferred than the limit says.
  case deferredLimitOneMore = "deferred-limit-one-more"
  /// The oldest of several deferred frees is forgotten.
  case deferredLosesOldest = "deferred-loses-oldest"
  /// A deferred free is not counted.
  case deferredNotCounted = "deferred-not-counted"
  /// A single-page list takes one page more.
  case singlePageTooDeep = "single-page-too-deep"
  /// A single-page list's count is not lowered.
  case singlePageCountNotLowered = "single-page-count-not-lowered"
  /// Runs of four pages and more are listed with those of three.
  case runWrongList = "run-wrong-list"
  /// Freed runs are not merged with their predecessor.
  case runNoBackwardMerge = "run-no-backward-merge"
  /// A freed run keeps the mark of its start.
  case runKeepsStartMark = "run-keeps-start-mark"
  /// Freed pages are not given the signature of a free run.
  case runSignatureMissing = "run-signature-missing"
  /// Pages of the expansion are not counted.
  case expansionNotCounted = "expansion-not-counted"
  /// The last page of a longer paged allocation stays clear.
  case bitmapOneBitTooFew = "bitmap-one-bit-too-few"
  /// The end mark of a freed paged allocation stays.
  case bitmapKeepsEnd = "bitmap-keeps-end"
  /// A search never looks at the run that ends where the pool ends.
  case bitmapNoLastRun = "bitmap-no-last-run"
  /// An entry of the big-page table holds one unit of its size less.
  case bigEntryOnePageLess = "big-entry-one-page-less"
  /// An entry of the big-page table keeps the tag that it had before.
  case bigEntryTagLost = "big-entry-tag-lost"
  /// The count of entries in use is not lowered.
  case bigInUseNotLowered = "big-in-use-not-lowered"
  /// An entry stays in use when its allocation is freed.
  case bigEntryNotFreed = "big-entry-not-freed"
  /// A new big-page table does not get the first entry of the old one.
  case bigRehashForgetsFirst = "big-rehash-forgets-first"
  /// A large allocation counts as one page.
  case bigPagesCountedOnce = "big-pages-counted-once"
  /// A free is not counted under its tag.
  case trackerFreeNotCounted = "tracker-free-not-counted"
  /// Allocations of paged pool count as nonpaged.
  case trackerPagedAsNonPaged = "tracker-paged-as-nonpaged"
  /// A tag whose first row is taken gets the next row, whoever owns that.
  case trackerProbesShort = "tracker-probes-short"
  /// The free tail of a freed large allocation stays on its list.
  case fragmentKeepsListEntry = "fragment-keeps-list-entry"
  /// The header of a fragment looks free.
  case fragmentMarkedFree = "fragment-marked-free"
  /// The block behind a fragment does not know its size.
  case fragmentPreviousSize = "fragment-previous-size"
  /// A freed block's charge is not given back.
  case quotaNotReturned = "quota-not-returned"
  /// A charged block does not name its process.
  case quotaProcessNotWritten = "quota-process-not-written"
  /// A pool block that does not suit a contiguous request is kept.
  case contiguousKeepsRefused = "contiguous-keeps-refused"
  /// Contiguous memory outside of the pool ends one page early.
  case contiguousOverlaps = "contiguous-overlaps"
  /// A refused request is not counted.
  case failureNotCounted = "failure-not-counted"
  /// Session requests are served from paged pool.
  case sessionAsPaged = "session-as-paged"
  /// Paged descriptors do not take turns.
  case roundRobinStuck = "round-robin-stuck"
  /// The largest small request is one byte larger.
  case thresholdOneMore = "threshold-one-more"
  /// A cache-aligned address lies one unit behind the line.
  case cacheLineOffByOne = "cache-line-off-by-one"
  /// A free is not counted by the descriptor.
  case freeNotCounted = "free-not-counted"
  /// The hint of the session pool is not lowered by frees.
  case sessionHintNotLowered = "session-hint-not-lowered"
  /// A lookaside list needs one allocation more a second to keep its depth.
  case lookasideDepthThreshold = "lookaside-depth-threshold"
  /// The third processor frees to the second one's lookaside lists.
  case lookasideThirdProcessor = "lookaside-third-processor"
  /// The highest page frame that a contiguous request accepts is excluded.
  case contiguousHighestExcluded = "contiguous-highest-excluded"
  /// A cache-aligned request that reaches the limit exactly is not grown.
  case cacheLineAtLimit = "cache-line-at-limit"
  /// The third parameter of the stop on a must-succeed request comes from another counter.
  case mustSucceedParameter = "must-succeed-parameter"
  /// Of more than 64 KiB a tag counts the low 16 bits.
  case trackerBytesCut = "tracker-bytes-cut"
  /// After 1,000 allocations remainders go to the head of their list.
  case remainderToHeadLate = "remainder-to-head-late"
  /// Runs of exactly three pages stay on their list when they grow (ReactOS until pull request 3745
  /// of 2021).
  case runOfThreeStays = "run-of-three-stays"
  /// A block of special pool lies at the other end of its page.
  case specialPoolWrongEnd = "special-pool-wrong-end"
  /// The guard page behind a block of special pool is memory.
  case specialPoolGuardMapped = "special-pool-guard-mapped"
  /// A free to special pool does not look at the bytes beside the block.
  case specialPoolPatternUnchecked = "special-pool-pattern-unchecked"
  /// Special pool serves requests at any interrupt level.
  case specialPoolLevelUnchecked = "special-pool-level-unchecked"
  /// Special pool hands out the lowest free page instead of the next one.
  case specialPoolLowestFirst = "special-pool-lowest-first"
  /// The pages of special pool in use are not lowered by a free.
  case specialPoolCountNotLowered = "special-pool-count-not-lowered"
}
