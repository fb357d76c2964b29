// Further choices for which no published source settles what Windows does. The defaults say what
// is known of ReactOS, or nothing special; `Divergences` in the manual lists them all.

/// What a block on a lookaside list carries against a smashed link; **unverified**.
public enum LookasideLinks: String, Sendable, CaseIterable {
  /// The link only.
  case plain
  /// Behind the link, the block's address hidden with a cookie, checked when it is taken again:
  /// reported for Windows 8. The bug check, 0x19/3 here, is a guess.
  case cookie
}

/// What `MmAllocateContiguousMemory` asks the pool for; **unverified** on XP and 2003.
public enum ContiguousRequest: String, Sendable, CaseIterable {
  /// The bytes as given, so that small requests get a block with a header (ReactOS).
  case asGiven = "as-given"
  /// Whole pages, as Microsoft's promise of a page-aligned address suggests.
  case wholePages = "whole-pages"
}

/// Whether large allocations are charged to a process; **unverified** on Windows.
public enum LargeQuota: String, Sendable, CaseIterable {
  /// They are not (ReactOS; no reference is taken on Windows 2003 and 7 either).
  case uncharged
  /// Their pages are, and the big-page entry's quota object is the process. Only entries that have
  /// that field, those of Windows 2003, can hold it.
  case charged
}

/// Whether the page level counts the pages it has handed out; **unverified** on Windows, whose
/// symbols have the counters (`AllocatedPagedPool`, `MmAllocatedNonPagedPool`).
public enum PageCounters: String, Sendable, CaseIterable {
  /// It does not (ReactOS, as far as its paths are known).
  case notKept = "not-kept"
  /// It does; pages that wait on single-page lists count as handed out.
  case kept
}

/// The unit of the miss ratio in the rule for lookaside depths; **unverified**.
public enum MissRatioUnit: String, Sendable, CaseIterable {
  /// A fraction of one: a list that always misses grows by half of what it may.
  case fraction
  /// Thousandths: a list that often misses grows to its maximum at once.
  case perMille = "per-mille"
}
