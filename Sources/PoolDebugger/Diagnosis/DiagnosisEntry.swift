/// One thing that the listings together show, with its evidence and what to do about it.
public struct DiagnosisEntry: Sendable, Hashable {
  /// The kind of conclusion; the raw value is its name in JSON.
  public enum Verdict: String, Sendable, Hashable {
    /// Pool pages hold far more than the tagged blocks: the rest are holes.
    case fragmentation
    /// Paged pool pages hold far more than the tagged blocks; why is open without their listings.
    case untaggedPaged = "untagged-paged"
    /// A tag's small blocks keep nearly empty pages.
    case pinnedPages = "pinned-pages"
    /// Request sizes that no hole of the listed pages serves.
    case unservedSizes = "unserved-sizes"
    /// Blocks of nearly a page, which force fresh pages and leave remainders behind.
    case nearPageRequests = "near-page-requests"
    /// Blocks of nearly a page that leave remainders; no page shows yet what settles there.
    case pageRemainders = "page-remainders"
    /// Blocks just over half a page: one to a page.
    case poorFit = "poor-fit"
    /// How far the pool is from its maximum.
    case limitDistance = "limit-distance"
    /// The pool is close to its maximum, or over it.
    case limitNear = "limit-near"
    /// Nonpaged pool takes a large part of the machine's memory.
    case memoryShare = "memory-share"
    /// One tag holds a large part of the pool.
    case largestConsumer = "largest-consumer"
    /// A tag grew between two snapshots.
    case leakCandidate = "leak-candidate"
    /// Several tags grew by the same number of allocations: one bug.
    case pairedLeak = "paired-leak"
    /// A tag holds a large part of a pool, and much of it.
    case dominantTag = "dominant-tag"
    /// A tag is allocated in great numbers and hardly ever freed.
    case hardlyFreed = "hardly-freed"
    /// Tags with the same great number of blocks in use: parts of one object.
    case equalLive = "equal-live"
    /// The same with numbers too small to call it more than a remark.
    case equalCounts = "equal-counts"
    /// An unknown tag with blocks of many pages.
    case unknownLargeBlocks = "unknown-large-blocks"
    /// Tags that are freed as often as allocated, or grew and shrank again.
    case noGrowth = "no-growth"
    /// One paged pool stands apart from the others.
    case unevenPools = "uneven-pools"
    /// A tag is allocated and freed at a high rate without growing.
    case churn
    /// A tag grew within one refresh of PoolMon.
    case growth
    /// A page or a bug check shows corruption.
    case corruption
    /// A call was wrong.
    case wrongCall = "wrong-call"
    /// Allocations were left behind.
    case leak
    /// A pool, or what feeds it, was used up.
    case exhausted
    /// The debugger could not read the pool; no conclusion about the pool itself.
    case debuggerLimit = "debugger-limit"

    /// Whether the conclusion is of something wrong, rather than a figure to know.
    public var isFinding: Bool {
      switch self {
      case .fragmentation, .nearPageRequests, .limitNear,
        .leakCandidate, .pairedLeak, .dominantTag, .hardlyFreed, .equalLive, .corruption,
        .wrongCall, .leak, .exhausted:
        true
      case .untaggedPaged, .pinnedPages, .unservedSizes, .poorFit, .limitDistance, .memoryShare,
        .largestConsumer, .churn,
        .growth, .pageRemainders, .equalCounts, .unknownLargeBlocks, .noGrowth, .unevenPools,
        .debuggerLimit:
        false
      }
    }
  }

  /// The conclusion.
  public var verdict: Verdict
  /// The pool it concerns, `nonpaged` or `paged`, if it is of one.
  public var pool: String?
  /// The tags it concerns; the first is the main one.
  public var tags: [ListedTag] = []
  /// The bytes at stake: lost, pinned, grown or left, as the text says.
  public var bytes: UInt64?
  /// The conclusion in a sentence or two, with its numbers.
  public var text: String
  /// The lines it rests on.
  public var evidence: [String]
  /// The fact from public guidance that says what to do.
  public var guidance: Guidance
  /// A listing's own finding, which stands beside the listing already.
  var isOfListing = false
}
