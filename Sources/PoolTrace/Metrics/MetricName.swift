/// The names of the metrics, which scripts rely on, in the order of print.
///
/// A name alone is of all pools together; `nonpaged.`, `paged.` and `session.` before it are of one
/// pool, `tag.XXXX.` of one tag. Blocks count with header and rounding unless requested bytes are
/// meant.
///
/// Held are small-block pages and the pages of large allocations. Free runs of pages, pages kept on
/// single-page lists, the kernel's tables and what the kernel allocated for itself at start are
/// not, nor is contiguous memory beside the pool.
public enum MetricName: String, Sendable, CaseIterable {
  /// Pages held now, by the descriptors' own counters. Of a tag: pages with a live block of it.
  case pagesHeld = "pages_held"
  /// Bytes of the pages held.
  case bytesHeld = "bytes_held"
  /// Allocations that their callers have not freed.
  case liveBlocks = "live_blocks"
  /// Bytes that these take: whole pages for large ones, up to the `Frag` block where there is one.
  case liveBlockBytes = "live_block_bytes"
  /// Bytes that their callers asked for.
  case liveRequestedBytes = "live_requested_bytes"
  /// The most pages held after any operation.
  case peakPagesHeld = "peak_pages_held"
  /// The most live block bytes after any operation.
  case peakLiveBlockBytes = "peak_live_block_bytes"
  /// The most live requested bytes after any operation.
  case peakLiveRequestedBytes = "peak_live_requested_bytes"
  /// Bytes held over live block bytes; 0 where nothing is live.
  case heldOverLive = "held_over_live"
  /// Bytes held now over the peak of live block bytes; 0 where nothing ever was live.
  case heldOverPeak = "held_over_peak"
  /// Bytes of free blocks inside of pages, those too small for a list included.
  case freeBytes = "free_bytes"
  /// Bytes of the largest free block.
  case largestFreeBlockBytes = "largest_free_block_bytes"
  /// One less the largest free block's share of the free bytes; 0 where nothing is free.
  case externalFragmentation = "external_fragmentation"
  /// Live block bytes less live requested bytes.
  case internalWasteBytes = "internal_waste_bytes"
  /// Small-block pages of which live blocks take less than a tenth. Of a tag: those of them that
  /// hold a live block of it.
  case pinnedPages = "pinned_pages"
  /// The least pages that could hold what is live: `PackingBound` of the blocks on small-block
  /// pages, one pool at a time, and the pages of large allocations.
  case packedPages = "packed_pages"
  /// Pages of large allocations, part of the pages held.
  case bigPages = "big_pages"
  /// Bytes of freed blocks parked on lookaside lists: neither live nor free.
  case lookasideBytes = "lookaside_bytes"
  /// Bytes of freed blocks that wait for the next batch of deferred frees: neither live nor free.
  case deferredBytes = "deferred_bytes"
  /// Johnstone and Wilson's first ratio: the average of held over live bytes over all operations;
  /// of one pool, over the operations on it. States with nothing live do not count.
  case averageHeldOverLive = "average_held_over_live"
  /// Their second: held over live bytes when live first was at its highest.
  case heldOverLiveAtPeakLive = "held_over_live_at_peak_live"
  /// Their third: held over live bytes when held first was at its highest.
  case heldOverLiveAtPeakHeld = "held_over_live_at_peak_held"
  /// Their fourth, which searches make large: the most bytes held over the most live.
  case peakHeldOverPeakLive = "peak_held_over_peak_live"
  /// Bytes held less live block bytes: what `!vm` shows and `!poolused` does not.
  case gapBytes = "gap_bytes"
  /// Linux's fragmentation index for one request, of half a page where no size is named: -1 where
  /// a free block serves it, otherwise towards 0 for too little and towards 1 for shattered memory.
  case fragmentationIndex = "fragmentation_index"
  /// The share of free bytes in blocks that do not serve that request; 0 where nothing is free.
  case unusableFreeSpace = "unusable_free_space"
  /// Live blocks on small-block pages over those pages: how many frees give one back on average.
  case pinsPerPage = "pins_per_page"

  /// True where the metric makes sense for one tag: free space has no tag, and held pages have no
  /// peak by tag.
  public var isOfTags: Bool {
    switch self {
    case .peakPagesHeld, .freeBytes, .largestFreeBlockBytes, .externalFragmentation, .heldOverPeak,
      .averageHeldOverLive, .heldOverLiveAtPeakLive, .heldOverLiveAtPeakHeld, .peakHeldOverPeakLive,
      .gapBytes, .fragmentationIndex, .unusableFreeSpace, .pinsPerPage:
      false
    default: true
    }
  }

  /// The value of the metric where there is nothing to measure.
  var zero: MetricValue {
    switch self {
    case .heldOverLive, .heldOverPeak, .externalFragmentation, .averageHeldOverLive,
      .heldOverLiveAtPeakLive, .heldOverLiveAtPeakHeld, .peakHeldOverPeakLive,
      .fragmentationIndex, .unusableFreeSpace, .pinsPerPage:
      .ratio(0)
    default: .count(0)
    }
  }
}
