import KernelPool

/// Every key of `config` lines, in the order in which they are applied and printed.
///
/// `format` and `profile` stand outside: the first decides whether the rest is understood, the
/// second what everything else changes.
extension ConfigurationKey {
  /// All keys but `format` and `profile`.
  public static let all: [ConfigurationKey] =
    sizes + bases + lookasides + tables + replay + geometry + smallBlocks + largeAllocations
    + pages + accounting

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
