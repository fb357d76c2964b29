import KernelPool
import PoolWalk

/// What a trace's callers own at this moment, kept up to date with every operation.
///
/// Headers do not tell what was requested, nor which of several equal-looking blocks is live; the
/// replayer knows. It reports each allocation and each free here, which costs a few additions and a
/// look at one pool's counters. Memory is bounded: at most `tagLimit` tags have counts of their
/// own; what further tags own counts for its pool and for everything.
public struct LiveUsage: Sendable {
  /// The most tags that have counts of their own.
  public static let tagLimit = 16_384

  /// Counts of everything.
  public private(set) var all = LiveCounts()
  /// The most pages held by all pools after any operation.
  public var peakPagesHeld: UInt64 { held.peak }

  /// The pages held by all pools after the last operation.
  public var pagesHeld: UInt64 { held.current }

  private var families = [LiveCounts](repeating: LiveCounts(), count: PoolFamily.allCases.count)
  private var tags: [UInt32: LiveCounts] = [:]
  private var held: HeldPages
  private let pageBytes: UInt64
  private var ratios = HeldOverLive()
  private var familyRatios = [HeldOverLive](
    repeating: HeldOverLive(), count: PoolFamily.allCases.count)

  /// Nothing live, in a pool that has just been set up: the pages that it holds now are the
  /// kernel's own and do not count.
  public init(_ view: PoolView) {
    held = HeldPages(view)
    pageBytes = view.profile.pageBytes
  }

  /// Books an allocation that was just made.
  public mutating func allocated(_ block: LiveBlock, in view: PoolView) {
    all.add(block)
    families[block.family.position].add(block)
    if tags[block.tag.word] != nil || tags.count < Self.tagLimit {
      tags[block.tag.word, default: LiveCounts()].add(block)
    }
    noteHeld(block.family, view)
  }

  /// Books the free of an allocation that was booked before.
  public mutating func freed(_ block: LiveBlock, in view: PoolView) {
    all.remove(block)
    families[block.family.position].remove(block)
    tags[block.tag.word]?.remove(block)
    noteHeld(block.family, view)
  }

  private mutating func noteHeld(_ family: PoolFamily, _ view: PoolView) {
    held.update(view, family)
    ratios.note(held: held.current &* pageBytes, live: all.blockBytes)
    familyRatios[family.position].note(
      held: held.current(of: family) &* pageBytes, live: families[family.position].blockBytes)
  }

  /// How held compared with live over all operations, or over those on one pool.
  func ratios(_ family: PoolFamily?) -> HeldOverLive {
    family.map { familyRatios[$0.position] } ?? ratios
  }

  /// Counts of one pool.
  public subscript(_ family: PoolFamily) -> LiveCounts { families[family.position] }

  /// Counts of one tag; nil where it never was live.
  public subscript(_ tag: PoolTag) -> LiveCounts? { tags[tag.unprotected.word] }

  /// Every tag that has counts, in the order of tags.
  public var knownTags: [PoolTag] { tags.keys.map(PoolTag.init(word:)).sorted() }

  /// Pages that a pool holds by its descriptors' counters, the kernel's own left out, and the most
  /// that it held.
  func pagesHeld(_ family: PoolFamily, _ view: PoolView) -> (now: UInt64, peak: UInt64) {
    let now = held.now(view, family)
    return (now, max(now, held.peak(of: family)))
  }

  /// Pages of large allocations by the descriptors' counters, the kernel's own left out.
  func bigPages(_ family: PoolFamily, _ view: PoolView) -> UInt64 { held.nowBig(view, family) }
}
