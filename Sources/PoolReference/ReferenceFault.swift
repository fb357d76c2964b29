/// A planted fault of the reference allocator: one small change that the healthy model must
/// contradict. A reference that agrees with everything is none.
public enum ReferenceFault: String, Sendable, CaseIterable {
  /// None.
  case none
  /// The search for a block starts one list too high.
  case firstListTooHigh = "first-list-too-high"
  /// The rest of a split goes to the head of its list.
  case remainderToHead = "remainder-to-head"
  /// The rest of a fresh page goes to the head of its list.
  case freshRemainderToHead = "fresh-remainder-to-head"
  /// A freed block goes to the tail of its list.
  case freedToTail = "freed-to-tail"
  /// Every split takes the front.
  case splitAlwaysFront = "split-always-front"
  /// Every split takes the back.
  case splitAlwaysBack = "split-always-back"
  /// A freed block is not merged with its successor.
  case noForwardMerge = "no-forward-merge"
  /// A freed block is not merged with its predecessor.
  case noBackwardMerge = "no-backward-merge"
  /// A wholly free page is kept.
  case keepsFreePage = "keeps-free-page"
  /// The largest small request is one byte smaller.
  case thresholdOneLess = "threshold-one-less"
  /// Lookaside lists are queues.
  case lookasideFirstInFirstOut = "lookaside-fifo"
  /// Lookaside lists take one block more.
  case lookasideTooDeep = "lookaside-too-deep"
  /// Lookaside lists serve one class more.
  case lookasideClassTooMany = "lookaside-class-too-many"
  /// Frees never use the shared lookaside lists.
  case sharedLookasideSkipped = "shared-lookaside-skipped"
  /// A list needs one allocation more a second to keep its depth.
  case depthThresholdOneMore = "depth-threshold-one-more"
  /// All processors use the lookaside lists of the first.
  case processorIgnored = "processor-ignored"
  /// One free more is deferred.
  case deferredLimitOneMore = "deferred-limit-one-more"
  /// Deferred frees are processed oldest first.
  case deferredOldestFirst = "deferred-oldest-first"
  /// Single-page lists are queues.
  case singlePageFirstInFirstOut = "single-page-fifo"
  /// Single-page lists take one page more.
  case singlePageTooDeep = "single-page-too-deep"
  /// Pages are taken from the front of a run.
  case runTakenFromFront = "run-taken-from-front"
  /// A shortened run goes to the head of its list.
  case runToHead = "run-to-head"
  /// Runs of exactly four pages are moved when they grow.
  case runGrowthMoves = "run-growth-moves"
  /// The hint of a page map moves with every allocation.
  case hintAlwaysMoves = "hint-always-moves"
  /// The hint of the paged pool is not lowered by frees.
  case pagedHintNotLowered = "paged-hint-not-lowered"
  /// The hint of the session pool is not lowered by frees.
  case sessionHintNotLowered = "session-hint-not-lowered"
  /// The nonpaged expansion is used up from its start, whatever its order is.
  case expansionFromStart = "expansion-from-start"
  /// The expansion takes no physical pages.
  case availableNotLowered = "available-not-lowered"
  /// The big-page table shrinks too late.
  case tableShrinksLate = "table-shrinks-late"
  /// The big-page table never grows.
  case tableNeverGrows = "table-never-grows"
  /// The tail of a large allocation is wasted on every version.
  case fragmentForgotten = "fragment-forgotten"
  /// Paged descriptors do not take turns.
  case roundRobinStuck = "round-robin-stuck"
  /// A cache-aligned request that reaches the limit exactly is not grown.
  case cacheLineAtLimit = "cache-line-at-limit"
  /// Charged requests get no room for the process.
  case quotaWordForgotten = "quota-word-forgotten"
  /// The highest page frame of a contiguous request is excluded.
  case highestFrameExcluded = "highest-frame-excluded"
  /// The third parameter of bug check 0x41 is another counter.
  case mustSucceedParameter = "must-succeed-parameter"
  /// A wrong tag is let pass.
  case wrongTagPasses = "wrong-tag-passes"
  /// The stop on a second free names a header without the size of the block before it.
  case doubleFreeParameter = "double-free-parameter"
}
