// What each metric is, as the article Metrics has it.

const metricMeanings = {
  "pages_held": "pages held at the end, by the descriptors' counters; of a tag, pages with a live block of it",
  "bytes_held": "their bytes",
  "live_blocks": "allocations that were not freed",
  "live_block_bytes": "bytes that these take",
  "live_requested_bytes": "bytes that their callers asked for",
  "peak_pages_held": "the most pages held after any operation",
  "peak_live_block_bytes": "the most live block bytes",
  "peak_live_requested_bytes": "the most live requested bytes",
  "held_over_live": "bytes held over live block bytes, at the end",
  "held_over_peak": "bytes held at the end over the peak of live block bytes",
  "free_bytes": "bytes of free blocks inside of pages",
  "largest_free_block_bytes": "bytes of the largest of them",
  "external_fragmentation": "one less its share of the free bytes",
  "internal_waste_bytes": "live block bytes less live requested bytes",
  "pinned_pages": "small-block pages of which live blocks take less than a tenth",
  "packed_pages": "the least pages that could hold what is live",
  "big_pages": "pages of large allocations",
  "lookaside_bytes": "bytes of freed blocks on lookaside lists",
  "deferred_bytes": "bytes of freed blocks that wait for a batch",
  "average_held_over_live": "Johnstone and Wilson's first ratio: held over live, averaged over all operations",
  "held_over_live_at_peak_live": "their second: held over live when live first was highest",
  "held_over_live_at_peak_held": "their third: held over live when held first was highest",
  "peak_held_over_peak_live": "their fourth: the most held over the most live",
  "gap_bytes": "bytes held less live block bytes: what `!vm` shows and `!poolused` does not",
  "fragmentation_index": "Linux's index for one request: -1 if a free block serves it, else 1 - (1 + free / size) / blocks",
  "unusable_free_space": "the share of free bytes in blocks that do not serve that request",
  "pins_per_page": "live blocks on small-block pages over those pages",
  "parked_pages": "small-block pages without a live block, held only by freed blocks that wait on lookaside lists or for a batch",
  "held_over_live_and_parked": "bytes held over the bytes of live blocks and of those that wait"
};

const meaningOf = (name) => (metricMeanings[name] ?? "").replaceAll("`", "");
