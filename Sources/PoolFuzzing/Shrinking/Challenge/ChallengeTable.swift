extension ChallengeTask {
  /// The tasks: planted bugs of every mechanism that a caller of the pool can reach.
  public static let all: [ChallengeTask] = [
    ChallengeTask(
      .splitFrontKeepsNextPreviousSize, "header.previous-size after alloc", optimum: 4, "general",
      machine: "lookaside=0"),
    ChallengeTask(
      .splitBackKeepsNextPreviousSize, "header.previous-size after alloc", optimum: 3,
      "small-lists"),
    ChallengeTask(.splitAlwaysFront, "placement.block after alloc", optimum: 2, "general"),
    ChallengeTask(
      .freedToTail, "placement.freed after free", optimum: 4, "small-lists",
      machine: "lookaside=0"),
    ChallengeTask(.firstListTooHigh, "placement.block after alloc", optimum: 5, "types"),
    ChallengeTask(.noBackwardMerge, "placement.freed after free", optimum: 3, "small-lists"),
    ChallengeTask(.mergeKeepsListEntry, "list.membership after free", optimum: 2, "pages"),
    ChallengeTask(
      .headInsertForgetsBack, "list.links after free", optimum: 3, "small-lists"),
    ChallengeTask(.lookasideFirstInFirstOut, "placement.block after alloc", optimum: 5, "general"),
    ChallengeTask(
      .lookasideTooDeep, "lookaside.depth after free", optimum: 4, "lookasides",
      machine: "lookaside=1"),
    ChallengeTask(
      .lookasideHitsCounted, "counters.outstanding after alloc", optimum: 3, "general"),
    ChallengeTask(.singlePageFirstInFirstOut, "placement.page after alloc", optimum: 5, "pages"),
    ChallengeTask(
      .singlePageTooDeep, "single-page.count after free", optimum: 4, "pages", machine: "slist=1"),
    ChallengeTask(.runNoForwardMerge, "runs.adjacent after free", optimum: 4, "pages"),
    ChallengeTask(.bitmapKeepsEnd, "bitmap.end after free", optimum: 2, "paged"),
    ChallengeTask(
      .deferredNotCounted, "deferred.count after free", optimum: 2, "deferred",
      machine: "profile=windows-7-x86 lookaside=0"),
  ]
}
