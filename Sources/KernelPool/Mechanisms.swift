/// What an operation set in motion: the branches of the algorithm, as a set.
///
/// Searches for new traces use it as a signature of behaviour, and a page map names it beside each
/// step. Nothing in the model depends on it.
public struct Mechanisms: OptionSet, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt32
  /// A set from its bits.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A block came from a lookaside list.
  public static let lookasideHit = Mechanisms(rawValue: 1 << 0)
  /// A block went to a lookaside list.
  public static let lookasidePush = Mechanisms(rawValue: 1 << 1)
  /// A free block fitted exactly.
  public static let exactFit = Mechanisms(rawValue: 1 << 2)
  /// A free block that starts its page gave its front.
  public static let splitFront = Mechanisms(rawValue: 1 << 3)
  /// A free block in mid-page gave its back.
  public static let splitBack = Mechanisms(rawValue: 1 << 4)
  /// A remainder was too small for a list.
  public static let orphan = Mechanisms(rawValue: 1 << 5)
  /// A page was opened for small blocks.
  public static let freshPage = Mechanisms(rawValue: 1 << 6)
  /// A freed block took in its successor.
  public static let mergedForward = Mechanisms(rawValue: 1 << 7)
  /// A freed block was taken in by its predecessor.
  public static let mergedBackward = Mechanisms(rawValue: 1 << 8)
  /// A whole page of small blocks was given back.
  public static let pageReleased = Mechanisms(rawValue: 1 << 9)
  /// A free was deferred.
  public static let deferred = Mechanisms(rawValue: 1 << 10)
  /// The deferred frees were processed.
  public static let deferredBatch = Mechanisms(rawValue: 1 << 11)
  /// A large allocation was made.
  public static let largeAllocation = Mechanisms(rawValue: 1 << 12)
  /// A large allocation was freed.
  public static let largeFree = Mechanisms(rawValue: 1 << 13)
  /// The tail of a large allocation became a free block.
  public static let fragment = Mechanisms(rawValue: 1 << 14)
  /// The big-page table grew.
  public static let tableGrown = Mechanisms(rawValue: 1 << 15)
  /// The big-page table shrank.
  public static let tableShrunk = Mechanisms(rawValue: 1 << 16)
  /// Pages came from a single-page list.
  public static let singlePagePop = Mechanisms(rawValue: 1 << 17)
  /// Pages went to a single-page list.
  public static let singlePagePush = Mechanisms(rawValue: 1 << 18)
  /// A free run of pages was shortened.
  public static let runShortened = Mechanisms(rawValue: 1 << 19)
  /// A free run of pages was used up.
  public static let runConsumed = Mechanisms(rawValue: 1 << 20)
  /// A freed run took in its successor.
  public static let runMergedForward = Mechanisms(rawValue: 1 << 21)
  /// A freed run was taken in by its predecessor.
  public static let runMergedBackward = Mechanisms(rawValue: 1 << 22)
  /// Nonpaged pool expanded.
  public static let expanded = Mechanisms(rawValue: 1 << 23)
  /// A paged pool opened page tables.
  public static let openedPageTables = Mechanisms(rawValue: 1 << 24)
  /// A request failed.
  public static let failed = Mechanisms(rawValue: 1 << 25)
  /// The big-page table was full.
  public static let tableOverflow = Mechanisms(rawValue: 1 << 26)
}
