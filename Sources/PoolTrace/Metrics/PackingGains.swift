import KernelPool
import PoolWalk

/// What moving the small blocks of a pool could give back, at every moment of a replay: the pages that
/// hold them less those that perfect packing needs.
///
/// Packing is the bound of `PackingBound`: no arrangement needs fewer pages, so no way of moving blocks
/// gains more. What callers have freed takes no part, so what lookaside lists and batches of frees hold
/// counts as given back too. Large allocations stay where they are, and so do the blocks in their
/// tails as far as those need no page.
public struct PackingGains {
  /// A pool at one moment.
  public struct Moment: Sendable, Equatable {
    /// The number of the operation behind which it was, from 1 on; 0 before the first.
    public fileprivate(set) var operation: UInt64 = 0
    /// Pages that hold small blocks.
    public fileprivate(set) var held: UInt64 = 0
    /// Pages that they need at least.
    public fileprivate(set) var packed: UInt64 = 0

    /// Pages that moving blocks gains at most.
    public var gain: UInt64 { held - min(held, packed) }
  }

  /// A pool's gains.
  public struct OverTime: Sendable {
    /// After the last operation.
    public fileprivate(set) var last = Moment()
    /// When the gain was largest, the first of several.
    public fileprivate(set) var largest = Moment()
    /// When most pages were held, the first of several.
    public fileprivate(set) var peak = Moment()
    /// Sums of the pages held and of the gains after every operation.
    fileprivate var sums: (held: UInt64, gain: UInt64) = (0, 0)

    /// The average share of the pages held that moving gains, 0 to 1.
    public var averageShare: Double {
      sums.held == 0 ? 0 : Double(sums.gain) / Double(sums.held)
    }

    fileprivate mutating func note(_ moment: Moment) {
      last = moment
      if moment.gain > largest.gain { largest = moment }
      if moment.held > peak.held { peak = moment }
      sums.held &+= moment.held
      sums.gain &+= moment.gain
    }
  }

  private let held: HeldPages
  private let unitBytes: UInt64
  private let pageBytes: UInt64
  private var packing: [PackingBound]
  /// The bound of each pool for the blocks as they are.
  private var packed: [UInt64]
  private var gains: [OverTime]

  /// Nothing live, in a pool that has just been set up and lives as long as this value.
  public init(_ view: PoolView) {
    held = HeldPages(view)
    unitBytes = view.profile.unitBytes
    pageBytes = view.profile.pageBytes
    let count = PoolFamily.allCases.count
    packing = Array(
      repeating: PackingBound(unitsPerPage: view.profile.unitsPerPage), count: count)
    packed = Array(repeating: 0, count: count)
    gains = Array(repeating: OverTime(), count: count)
  }

  /// The gains of a pool.
  public subscript(_ family: PoolFamily) -> OverTime { gains[family.position] }

  /// Books an allocation that was just made at an address.
  public mutating func allocated(_ block: LiveBlock, at address: Address) {
    guard address & (pageBytes &- 1) != 0 else { return }
    let place = block.family.position
    packing[place].add(units: block.blockBytes / unitBytes)
    packed[place] = packing[place].pages
  }

  /// Books the free of an allocation that was booked before.
  public mutating func freed(_ block: LiveBlock, at address: Address) {
    guard address & (pageBytes &- 1) != 0 else { return }
    let place = block.family.position
    packing[place].remove(units: block.blockBytes / unitBytes)
    packed[place] = packing[place].pages
  }

  /// Notes the pools as they are after an operation.
  public mutating func note(operation: UInt64) {
    for family in PoolFamily.allCases {
      let pages = held.now(family)
      let small = pages - min(pages, held.nowBig(family))
      gains[family.position].note(
        Moment(operation: operation, held: small, packed: packed[family.position]))
    }
  }
}
