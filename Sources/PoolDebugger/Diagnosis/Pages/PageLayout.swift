/// The allocator that a listed page belongs to; each keeps invariants of its own.
public enum PageLayout: String, Sendable, Hashable {
  /// Blocks chained by size and previous size, filling the page (all systems before 1809).
  case classic
  /// The last page of a large allocation: a filler tagged `Frag`, then ordinary blocks (7 to 1803).
  case largeTail = "large-tail"
  /// A page-granular allocation without block headers.
  case large
  /// Segment heap, variable size: a 16-byte chunk header before each allocated block (1809 on).
  case variableSize = "vs"
  /// Segment heap, low fragmentation: blocks of one size (1809 on).
  case lowFragmentation = "lfh"
  /// Special pool: one allocation to a page.
  case special
  /// The debugger found no pool at the address.
  case notPool = "not-pool"
}
