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
}
