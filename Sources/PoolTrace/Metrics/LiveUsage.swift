import KernelPool
import PoolWalk

/// Counts of what is live, with their peaks.
public struct LiveCounts: Sendable, Equatable {
  /// Live allocations.
  public private(set) var blocks: UInt64 = 0
  /// Bytes that they take.
  public private(set) var blockBytes: UInt64 = 0
  /// Bytes that their callers asked for.
  public private(set) var requestedBytes: UInt64 = 0
  /// The most that `blockBytes` ever was.
  public private(set) var peakBlockBytes: UInt64 = 0
  /// The most that `requestedBytes` ever was.
  public private(set) var peakRequestedBytes: UInt64 = 0
  /// The most bytes that one allocation ever took.
  public private(set) var largestBlockBytes: UInt64 = 0

  /// Nothing live.
  public init() {}

  mutating func add(_ block: LiveBlock) {
    blocks &+= 1
    blockBytes &+= block.blockBytes
    requestedBytes &+= block.requestedBytes
    peakBlockBytes = max(peakBlockBytes, blockBytes)
    peakRequestedBytes = max(peakRequestedBytes, requestedBytes)
    largestBlockBytes = max(largestBlockBytes, block.blockBytes)
  }

  mutating func remove(_ block: LiveBlock) {
    blocks &-= 1
    blockBytes &-= block.blockBytes
    requestedBytes &-= block.requestedBytes
  }
}

/// What a trace's callers own at this moment, kept up to date with every operation.
///
/// Headers do not tell what was requested, nor which of several equal-looking blocks is live; the
/// replayer knows. It reports each allocation and each free here, which costs a few additions and a
/// look at one pool's counters, where they lie: valid as long as the pool. Memory is bounded: at most `tagLimit` tags have counts of their
/// own; what further tags own counts for its pool and for everything.
public struct LiveUsage {
  /// The most tags that have counts of their own.
  public static let tagLimit = 16_384

  /// Counts of everything.
  public private(set) var all = LiveCounts()
  /// The most pages held by all pools after any operation.
  public var peakPagesHeld: UInt64 { held.peak }

  /// The pages held by all pools after the last operation.
  public var pagesHeld: UInt64 { held.current }

  private var families: [3 of LiveCounts] = .init(repeating: LiveCounts())
  /// Where the counts of each tag stand.
  private var places: [UInt32: Int] = [:]
  private var tags: [LiveCounts] = []
  /// The tags that were looked up last, each at a place that follows from it: most operations have the
  /// tag of one shortly before.
  private var last: [16 of (tag: UInt32, place: Int)] = .init(repeating: (0, -1))
  private var held: HeldPages
  private let pageBytes: UInt64
  private var ratios = HeldOverLive()
  private var familyRatios: [3 of HeldOverLive] = .init(repeating: HeldOverLive())

  /// Nothing live, in a pool that has just been set up: the pages that it holds now are the
  /// kernel's own and do not count.
  public init(_ view: PoolView) {
    held = HeldPages(view)
    pageBytes = view.profile.pageBytes
  }

  /// Takes over what another pool of the same machine came to.
  public mutating func become(_ other: LiveUsage) {
    let own = held
    self = other
    held = own
    held.become(other.held)
  }

  /// Books an allocation that was just made.
  public mutating func allocated(_ block: LiveBlock) {
    all.add(block)
    families[block.family.position].add(block)
    if let place = place(of: block.tag.word) ?? newPlace(of: block.tag.word) {
      tags[place].add(block)
    }
    noteHeld(block.family)
  }

  /// Books the free of an allocation that was booked before.
  public mutating func freed(_ block: LiveBlock) {
    all.remove(block)
    families[block.family.position].remove(block)
    if let place = place(of: block.tag.word) { tags[place].remove(block) }
    noteHeld(block.family)
  }

  private mutating func noteHeld(_ family: PoolFamily) {
    held.update(family)
    ratios.note(held: held.current &* pageBytes, live: all.blockBytes)
    familyRatios[family.position].note(
      held: held.current(of: family) &* pageBytes, live: families[family.position].blockBytes)
  }

  /// How held compared with live over all operations, or over those on one pool.
  func ratios(_ family: PoolFamily?) -> HeldOverLive {
    family.map { familyRatios[$0.position] } ?? ratios
  }

  private mutating func place(of tag: UInt32) -> Int? {
    let home = Int(truncatingIfNeeded: (tag &* 0x9E37_79B9) &>> 28)
    if last[home].tag == tag, last[home].place >= 0 { return last[home].place }
    guard let place = places[tag] else { return nil }
    last[home] = (tag, place)
    return place
  }

  private mutating func newPlace(of tag: UInt32) -> Int? {
    guard tags.count < Self.tagLimit else { return nil }
    places[tag] = tags.count
    tags.append(LiveCounts())
    return tags.count - 1
  }

  /// Counts of one pool.
  public subscript(_ family: PoolFamily) -> LiveCounts { families[family.position] }

  /// Counts of one tag; nil where it never was live.
  public subscript(_ tag: PoolTag) -> LiveCounts? {
    places[tag.unprotected.word].map { tags[$0] }
  }

  /// Every tag that has counts, in the order of tags.
  public var knownTags: [PoolTag] { places.keys.map(PoolTag.init(word:)).sorted() }

  /// Pages that a pool holds by its descriptors' counters, the kernel's own left out, and the most
  /// that it held.
  func pagesHeld(_ family: PoolFamily) -> (now: UInt64, peak: UInt64) {
    let now = held.now(family)
    return (now, max(now, held.peak(of: family)))
  }

  /// Pages of large allocations by the descriptors' counters, the kernel's own left out.
  func bigPages(_ family: PoolFamily) -> UInt64 { held.nowBig(family) }
}
