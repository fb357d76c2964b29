/// The names of the metrics, which scripts rely on.
///
/// | metric | unit | what counts |
/// |---|---|---|
/// | `pages_held` | pages | small-block pages and pages of large allocations, by the descriptors' counters |
/// | `bytes_held` | bytes | `pages_held` times the page size |
/// | `live_blocks` | blocks | allocations that their callers have not freed |
/// | `live_block_bytes` | bytes | what these take: headers and rounding included, whole pages for large ones, up to the `Frag` block where the version has one |
/// | `live_requested_bytes` | bytes | what their callers asked for |
/// | `peak_pages_held` | pages | the most pages held after any operation |
/// | `peak_live_block_bytes` | bytes | the most live block bytes after any operation |
/// | `peak_live_requested_bytes` | bytes | the most live requested bytes after any operation |
/// | `held_over_live` | ratio | `bytes_held` over `live_block_bytes`; 0 where nothing is live |
/// | `held_over_peak` | ratio | `bytes_held` over `peak_live_block_bytes`; 0 where nothing ever was |
/// | `free_bytes` | bytes | free blocks inside of pages, those too small for a list included |
/// | `largest_free_block_bytes` | bytes | the largest of these |
/// | `external_fragmentation` | ratio | 1 less `largest_free_block_bytes` over `free_bytes`; 0 where nothing is free |
/// | `internal_waste_bytes` | bytes | `live_block_bytes` less `live_requested_bytes` |
/// | `pinned_pages` | pages | small-block pages of which live blocks take less than a tenth |
/// | `packed_pages` | pages | the least pages that could hold what is live: see `PackingBound` |
/// | `big_pages` | pages | pages of large allocations, part of `pages_held` |
/// | `lookaside_bytes` | bytes | freed blocks parked on lookaside lists: neither live nor free |
/// | `deferred_bytes` | bytes | freed blocks that wait for the next batch: neither live nor free |
///
/// Free runs of pages, pages kept on single-page lists, the kernel's tables and what the kernel
/// allocated for itself at start are not held. A name alone is of all pools together; `nonpaged.`,
/// `paged.` and `session.` before it are of one pool, `tag.XXXX.` of one tag.
public enum MetricName: String, Sendable, CaseIterable {
  // The raw values are the contract; their order here is the order of print.
  case pagesHeld = "pages_held"
  case bytesHeld = "bytes_held"
  case liveBlocks = "live_blocks"
  case liveBlockBytes = "live_block_bytes"
  case liveRequestedBytes = "live_requested_bytes"
  case peakPagesHeld = "peak_pages_held"
  case peakLiveBlockBytes = "peak_live_block_bytes"
  case peakLiveRequestedBytes = "peak_live_requested_bytes"
  case heldOverLive = "held_over_live"
  case heldOverPeak = "held_over_peak"
  case freeBytes = "free_bytes"
  case largestFreeBlockBytes = "largest_free_block_bytes"
  case externalFragmentation = "external_fragmentation"
  case internalWasteBytes = "internal_waste_bytes"
  case pinnedPages = "pinned_pages"
  case packedPages = "packed_pages"
  case bigPages = "big_pages"
  case lookasideBytes = "lookaside_bytes"
  case deferredBytes = "deferred_bytes"

  /// True where the metric makes sense for one tag.
  ///
  /// Of a tag, `pages_held` and `pinned_pages` count the pages that hold a live block of it, shared
  /// or not; free space has no tag, and pages have no peak by tag.
  public var isOfTags: Bool {
    switch self {
    case .peakPagesHeld, .freeBytes, .largestFreeBlockBytes, .externalFragmentation, .heldOverPeak:
      false
    default: true
    }
  }
}
