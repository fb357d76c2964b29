import KernelPool

/// Every key of `config` lines, in the order in which they are applied and printed.
///
/// `format` and `profile` stand outside: the first decides whether the rest is understood, the
/// second what everything else changes.
extension ConfigurationKey {
  /// All keys but `format` and `profile`.
  public static let all: [ConfigurationKey] = [
    sizes, specialPoolKeys, bases, lookasides, tables, replay, geometry, smallBlocks,
    largeAllocations, pages, accounting,
  ].flatMap { $0 }

  /// Those of `all` that set neither a region's size or place nor what only a replay does.
  public static let facts: [ConfigurationKey] =
    lookasides + tables + geometry + smallBlocks + largeAllocations + pages + accounting

  private static let mostPages: UInt64 = 0xFFFF_FFFF

  private static let sizes: [ConfigurationKey] = [
    .count("nonpaged_pages", \.pool.nonPagedPages, 1...mostPages, "pages of nonpaged pool"),
    .count(
      "max_nonpaged_pages", \.pool.maximumNonPagedPages, 1...mostPages, or: "nonpaged_pages",
      "pages of nonpaged pool with its expansion"),
    .count("paged_pages", \.pool.pagedPages, 1...mostPages, "pages of paged pool"),
    .count("session_pages", \.pool.sessionPages, 1...mostPages, "pages of session pool"),
    .count(
      "contiguous_pages", \.pool.contiguousPages, 1...mostPages,
      "pages for contiguous memory outside the pool"),
    .choice("expansion", \.pool.expansion, "where the nonpaged expansion takes its addresses"),
    .count(
      "avail", \.pool.availablePages, 0...UInt64.max, or: "unlimited",
      "physical pages left for expansion"),
    .count("slist", \.pool.singlePageDepth, 0...UInt16.max, "nonpaged single-page list depth"),
    .count(
      "slist_paged", \.pool.pagedSinglePageDepth, 0...UInt16.max, or: "slist",
      "paged single-page list depth"),
  ]

  private static let specialPoolKeys: [ConfigurationKey] = [
    .specialPool,
    .choice(
      "special_pool_end", \.pool.specialPoolEdge, "the end of its page at which such a block lies"),
    .count(
      "special_pool_pages", \.pool.specialPoolPages, 1...1 << 20,
      "blocks that special pool has room for"),
  ]

  private static let bases: [ConfigurationKey] = [
    .address("nonpaged_base", \.pool.profile.nonPagedBase, "start of the nonpaged pool"),
    .address(
      "expansion_base", \.pool.profile.expansionBase, or: "adjacent",
      "start of the nonpaged expansion"),
    .address("paged_base", \.pool.profile.pagedBase, "start of the paged pool"),
    .address("session_base", \.pool.profile.sessionBase, "start of the session pool"),
    .address("contiguous_base", \.pool.profile.contiguousBase, "start of contiguous memory"),
    .address("descriptor_base", \.pool.profile.descriptorBase, "where the descriptors lie"),
    .address("bitmap_base", \.pool.profile.bitmapBase, "where the bitmaps lie"),
    .address("system_base", \.pool.profile.systemBase, "the system's lowest address"),
  ]

  private static let lookasides: [ConfigurationKey] = [
    .lookaside,
    .named(
      "shared", \.pool.profile.sharedLookaside,
      [("0", .separate), ("1", .sameList), ("none", SharedLookaside.none)],
      "whether the shared lookaside list is the processor's own"),
    .count(
      "lookaside_start", \.pool.profile.lookasideDepth, 0...UInt16.max,
      "the depth that the profile's lookaside lists start with"),
    .count(
      "lookaside_maximum", \.pool.profile.lookasideMaximumDepth, 0...UInt16.max,
      "the depth that lookaside lists never exceed"),
    .count(
      "lookaside_classes", \.pool.profile.lookasideClasses, 1...64,
      "lookaside lists of each kind, for blocks of up to so many units"),
    .count(
      "session_lookaside_classes", \.pool.profile.sessionLookasideClasses, 0...64,
      "lookaside lists of session pool"),
  ]

  private static let tables: [ConfigurationKey] = [
    .count(
      "tracker", \.pool.trackerEntries, 0...1 << 24, "entries of the tag table; 0 is 2048"),
    .count(
      "bigtable", \.pool.bigTableEntries, 0...1 << 24,
      "entries of the big-page table at start; 0 is 4096"),
    .count("paged_pools", \.pool.profile.pagedDescriptors, 1...17, "paged descriptors"),
    .count("processors", \.pool.processors, 1...64, "processors"),
    .choice("init", \.pool.initialisation, "whether the kernel's own tables lie in the pool"),
  ]

  private static let replay: [ConfigurationKey] = [
    .choice("fill", \.fill, "whether new blocks are filled with a pattern"),
    .choice("asserts", \.assertions, "whether failed assertions end the replay"),
  ]
}

/// The keys that override a fact of the profile, each named after the fact.
extension ConfigurationKey {
  static let geometry: [ConfigurationKey] = [
    .powerOfTwo("page_bytes", \.pool.profile.pageBytes, 64...4096, "bytes of a page"),
    .powerOfTwo("unit_bytes", \.pool.profile.unitBytes, 8...64, "bytes of a unit"),
    .powerOfTwo("pointer_bytes", \.pool.profile.wordBytes, 4...8, "bytes of a pointer"),
    .named(
      "header", \.pool.profile.header,
      [("x86", .x86), ("x64", .x64), ("windows-2000", .windows2000)], "shape of a block's header"),
    .count(
      "smallest_block_units", \.pool.profile.smallestBlockUnits, 1...512,
      "units of the smallest block"),
    .count(
      "smallest_listed_units", \.pool.profile.smallestListedUnits, 1...512,
      "units of the smallest free block that is on a list"),
    .count(
      "small_request_limit", \.pool.profile.smallRequestLimit, 1...4096, or: "page",
      "bytes of the largest request that gets a small block"),
  ]

  static let smallBlocks: [ConfigurationKey] = [
    .choice("first_list", \.pool.profile.firstList, "the first list that is searched"),
    .choice("remainder_end", \.pool.profile.remainderEnd, "where a split's remainder goes"),
    .choice("freed_end", \.pool.profile.freedEnd, "where a freed block goes"),
    .choice("stored_pool_type", \.pool.profile.storedPoolType, "how a block's type is stored"),
    .choice("link_encoding", \.pool.profile.linkEncoding, "how links are stored"),
    .choice("checks", \.pool.profile.checks, "what is checked on the way"),
    .choice("tag_check", \.pool.profile.tagCheck, "when a free's tag must match"),
    .choice("must_succeed", \.pool.profile.mustSucceed, "must-succeed requests that fail"),
    .choice("entry_checks", \.pool.profile.entryChecks, "whether odd requests are refused"),
    .choice("pool_index", \.pool.profile.poolIndexRule, "what a header's pool index holds"),
    .choice("double_free_check", \.pool.profile.doubleFreeCheck, "how double frees are found"),
    .choice("cache_alignment", \.pool.profile.cacheAlignment, "cache-aligned requests"),
    .choice("quota_pointer", \.pool.profile.quotaPointer, "where quota keeps its process"),
    .choice("large_quota", \.pool.profile.largeQuota, "quota requests for whole pages"),
    .choice(
      "contiguous_request", \.pool.profile.contiguousRequest,
      "what contiguous requests ask of the pool"),
    .choice("lookaside_links", \.pool.profile.lookasideLinks, "links of lookaside lists"),
    .choice("miss_ratio_unit", \.pool.profile.missRatioUnit, "the unit of the miss ratio"),
    .flag("deferred", \.pool.profile.deferredFrees, "whether frees wait for a batch"),
    .count("deferred_limit", \.pool.profile.deferredFreeLimit, 1...4096, "frees of a batch"),
    .choice("deferred_type", \.pool.profile.deferredFreeType, "what waiting blocks look like"),
  ]

  static let largeAllocations: [ConfigurationKey] = [
    .choice("large_tail", \.pool.profile.largeTail, "bytes behind a large allocation"),
    .choice("fragment_release", \.pool.profile.fragmentRelease, "a used tail at the free"),
    .choice(
      "untracked_large_free", \.pool.profile.untrackedLargeFree, "freeing an unknown page"),
    .choice("big_table_resizing", \.pool.profile.bigTableResizing, "big-page table resizing"),
    .count("big_entry_bytes", \.pool.profile.bigEntryBytes, 8...64, "big-page table entry bytes"),
  ]

  static let pages: [ConfigurationKey] = [
    .choice("nonpaged_allocator", \.pool.profile.nonPagedPages, "how nonpaged pages are found"),
    .count(
      "single_list_pages", \.pool.profile.singleListPages, 1...3,
      "pages of the longest run on the nonpaged single-linked lists"),
    .choice("bitmap_search", \.pool.profile.bitmapSearch, "how a search for clear bits ends"),
    .choice("page_count_bits", \.pool.profile.pageCountWidth, "width of a page count"),
    .choice("page_offset_bits", \.pool.profile.pageOffsetWidth, "width of a page's offset"),
    .powerOfTwo(
      "page_table_entries", \.pool.profile.pageTableEntries, 8...4096, "entries of a page table"),
    .count(
      "page_frame_flags_offset", \.pool.profile.pageFrameFlagsOffset, 0...64,
      "offset of the flags in a page-frame entry"),
  ]

  static let accounting: [ConfigurationKey] = [
    .named("descriptor", \.pool.profile.descriptor, descriptors, "shape of the descriptors"),
    .choice("page_counters", \.pool.profile.pageCounters, "whether pages are counted"),
    .choice("round_robin", \.pool.profile.roundRobin, "how paged descriptors take turns"),
    .flag("session_pool", \.pool.profile.hasSessionPool, "whether there is a session pool"),
    .flag(
      "no_execute_pool", \.pool.profile.hasNoExecutePool,
      "whether memory without execution has a descriptor of its own"),
    .choice("large_byte_count", \.pool.profile.largeByteCount, "how large requests are counted"),
    .count("tracker_row_bytes", \.pool.profile.trackerRowBytes, 16...128, "tag table row bytes"),
    .choice("tracker_overflow", \.pool.profile.trackerOverflow, "a full tag table"),
  ]

  private static let descriptors: [(String, DescriptorLayout)] = [
    ("windows-xp-x86", .windowsXP), ("windows-2003-x86", .windows2003x86),
    ("windows-2003-x64", .windows2003x64), ("windows-vista-x86", .windowsVistax86),
    ("windows-vista-x64", .windowsVistax64), ("windows-7-x86", .windows7x86),
    ("windows-7-x64", .windows7x64),
  ]
}
