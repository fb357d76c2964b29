import typealias KernelPool.Address

/// Where a walk through the blocks of a page starts and what it does with what it finds.
struct PageWalk {
  /// How much is known while the page is walked.
  enum Depth {
    /// Waiting blocks have been collected, free blocks are; every byte of live blocks is read.
    case full
    /// Only this page is known; the links of its free blocks and the ends of its live blocks are
    /// looked at where they stand.
    case cheap
  }

  /// The page's address.
  let page: Address
  /// Units before the first block: 0, or where the `Frag` header behind a large allocation lies.
  let firstUnit: UInt64
  /// How much is known.
  let depth: Depth
  /// The descriptor that the blocks must belong to; nil where any of the pool's will do.
  var descriptor: Int?
  /// A caller's address that the walk should come by; 0 where none is looked for.
  var sought: Address = 0

  /// True behind a large allocation.
  var isTail: Bool { firstUnit != 0 }
}
