import typealias KernelPool.Address

/// What the walk of one page of blocks found: all that the rules about more than one page need.
///
/// Summaries add up: an audit that keeps the summary of every page needs to walk only the pages
/// that an operation touched.
struct PageSummary: Equatable {
  /// The page.
  var page: Address
  /// Position of its descriptor among the view's, or nil where no header names one.
  var descriptor: Int?
  /// Blocks in use, `Frag` headers excluded.
  var blocksInUse: UInt64 = 0
  /// Units of these blocks.
  var unitsInUse: UInt64 = 0
  /// Free blocks with room for links.
  var listedBlocks: UInt64 = 0
  /// Free blocks without.
  var orphans: UInt64 = 0
  /// Blocks that a caller holds.
  var liveBlocks: UInt64 = 0
  /// Whether the walk came by the address that it looked for.
  var hasSought = false
}
