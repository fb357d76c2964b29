import KernelPool
import PoolWalk

/// The pages that each pool holds, by its descriptors' own counters, and their peaks.
///
/// The counters are bytes in simulated memory; a stray write can make them absurd, and then so are
/// the metrics. That they are right is for the invariants to check. They are read where they lie,
/// which is always mapped, because every operation reads them; what is kept for each pool stands in
/// the value itself for the same reason.
struct HeldPages {
  /// The most pages that all pools held together.
  private(set) var peak: UInt64 = 0
  /// The pages that all pools held together after the last operation that was booked.
  private(set) var current: UInt64 = 0
  private var pools: [3 of Pool] = .init(repeating: Pool())
  /// Where the counters lie, pool after pool: those of small blocks, then those of large pages.
  private let counters: [UnsafeRawPointer]

  /// One pool's counters, as places in `counters`, and what they came to.
  private struct Pool: Sendable {
    var first = 0
    var firstBig = 0
    var end = 0
    var atStart: UInt64 = 0
    var bigAtStart: UInt64 = 0
    var current: UInt64 = 0
    var peak: UInt64 = 0
  }

  /// What the pools of `view` hold now is the kernel's own and does not count.
  init(_ view: PoolView) {
    let layout = view.profile.descriptor
    let roots = view.descriptors
    var counters: [UnsafeRawPointer] = []
    counters.reserveCapacity(2 * roots.count)
    func add(_ family: PoolFamily, _ offset: UInt64) {
      for root in roots where PoolFamily(root.kind) == family {
        if let place = view.bytes(at: root.address &+ offset, count: 4) { counters.append(place) }
      }
    }
    for family in PoolFamily.allCases {
      var pool = Pool()
      pool.first = counters.count
      add(family, layout.totalPages)
      pool.firstBig = counters.count
      add(family, layout.totalBigPages)
      pool.end = counters.count
      pools[family.position] = pool
    }
    self.counters = counters
    for index in pools.indices {
      self.pools[index].atStart = sum(from: pools[index].first, to: pools[index].end)
      self.pools[index].bigAtStart = sum(from: pools[index].firstBig, to: pools[index].end)
    }
  }

  /// Takes over what another pool of the same machine holds and held.
  mutating func become(_ other: HeldPages) {
    peak = other.peak
    current = other.current
    pools = other.pools
  }

  @inline(__always) private func sum(from first: Int, to end: Int) -> UInt64 {
    Self.sum(counters, from: first, to: end)
  }

  @inline(__always)
  private static func sum(_ counters: [UnsafeRawPointer], from first: Int, to end: Int) -> UInt64 {
    var sum: UInt64 = 0
    for place in first..<end {
      sum &+= UInt64(UInt32(littleEndian: counters[place].loadUnaligned(as: UInt32.self)))
    }
    return sum
  }

  /// Reads the counters of one pool after an operation on it.
  @inline(__always) mutating func update(_ family: PoolFamily) {
    let place = family.position
    // Not by `now`: that copies what is kept for all pools.
    let count = Self.sum(counters, from: pools[place].first, to: pools[place].end)
    let now = count - min(count, pools[place].atStart)
    current = current &- pools[place].current &+ now
    pools[place].current = now
    pools[place].peak = max(pools[place].peak, now)
    peak = max(peak, current)
  }

  /// Pages that a pool holds.
  @inline(__always) func now(_ family: PoolFamily) -> UInt64 {
    let place = family.position
    let count = sum(from: pools[place].first, to: pools[place].end)
    return count - min(count, pools[place].atStart)
  }

  /// Pages of large allocations that a pool holds.
  func nowBig(_ family: PoolFamily) -> UInt64 {
    let pool = pools[family.position]
    let count = sum(from: pool.firstBig, to: pool.end)
    return count - min(count, pool.bigAtStart)
  }

  /// The pages that a pool held after the last operation that was booked.
  @inline(__always) func current(of family: PoolFamily) -> UInt64 { pools[family.position].current }

  /// The most pages that a pool held.
  func peak(of family: PoolFamily) -> UInt64 { pools[family.position].peak }
}

extension PoolFamily {
  /// The place of a pool in arrays of one entry for each.
  @inline(__always) var position: Int {
    switch self {
    case .nonPaged: 0
    case .paged: 1
    case .session: 2
    }
  }
}

/// How held memory compares with live memory over a replay: what the four ratios of Johnstone and
/// Wilson ("The Memory Fragmentation Problem: Solved?", ISMM 1998) need, noted operation by
/// operation.
///
/// Each ratio is of bytes held over bytes of live blocks, headers included; 1 is no loss, and 0
/// stands for a pool in which nothing ever was live.
struct HeldOverLive: Sendable, Equatable {
  private var sumOfRatios = 0.0
  private var samples: UInt64 = 0
  private var peakLive: UInt64 = 0
  private var heldAtPeakLive: UInt64 = 0
  private var peakHeld: UInt64 = 0
  private var liveAtPeakHeld: UInt64 = 0

  /// Notes the state after an operation, both in bytes. A state with nothing live has no ratio and
  /// is left out of the average.
  @inline(__always) mutating func note(held: UInt64, live: UInt64) {
    if live > 0 {
      // Neither reaches 2^63, and a conversion of signed numbers is one instruction.
      sumOfRatios += Double(Int64(bitPattern: held)) / Double(Int64(bitPattern: live))
      samples &+= 1
    }
    if live > peakLive {
      peakLive = live
      heldAtPeakLive = held
    }
    if held > peakHeld {
      peakHeld = held
      liveAtPeakHeld = live
    }
  }

  /// Ratio 1: the average over all operations.
  var average: Double { samples == 0 ? 0 : sumOfRatios / Double(samples) }

  /// Ratio 2: when live first was at its highest.
  var atPeakLive: Double { Self.ratio(heldAtPeakLive, peakLive) }

  /// Ratio 3: when held first was at its highest.
  var atPeakHeld: Double { Self.ratio(peakHeld, liveAtPeakHeld) }

  /// Ratio 4: the most held over the most live, whenever each was.
  var ofPeaks: Double { Self.ratio(peakHeld, peakLive) }

  private static func ratio(_ held: UInt64, _ live: UInt64) -> Double {
    live == 0 ? 0 : Double(held) / Double(live)
  }
}
