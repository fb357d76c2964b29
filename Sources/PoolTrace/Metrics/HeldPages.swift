import KernelPool
import PoolWalk

/// The pages that each pool holds, by its descriptors' own counters, and their peaks.
///
/// The counters are bytes in simulated memory; a stray write can make them absurd, and then so are
/// the metrics. That they are right is for the invariants to check. Where the counters lie is
/// looked up once, because every operation reads them.
struct HeldPages: Sendable {
  /// The most pages that all pools held together.
  private(set) var peak: UInt64 = 0
  /// The pages that all pools held together after the last operation that was booked.
  private(set) var current: UInt64 = 0
  private var pools: [Pool]

  /// One pool's counters.
  private struct Pool: Sendable {
    var smallCounters: [Address] = []
    var bigCounters: [Address] = []
    var atStart: UInt64 = 0
    var bigAtStart: UInt64 = 0
    var current: UInt64 = 0
    var peak: UInt64 = 0

    func big(_ view: PoolView) -> UInt64 { Self.sum(view, bigCounters) }

    func all(_ view: PoolView) -> UInt64 { Self.sum(view, smallCounters) &+ big(view) }

    private static func sum(_ view: PoolView, _ counters: [Address]) -> UInt64 {
      var sum: UInt64 = 0
      for address in counters { sum &+= UInt64(view.word32(address) ?? 0) }
      return sum
    }
  }

  /// What the pools of `view` hold now is the kernel's own and does not count.
  init(_ view: PoolView) {
    let layout = view.profile.descriptor
    pools = PoolFamily.allCases.map { family in
      var pool = Pool()
      for root in view.descriptors where PoolFamily(root.kind) == family {
        pool.smallCounters.append(root.address &+ layout.totalPages)
        pool.bigCounters.append(root.address &+ layout.totalBigPages)
      }
      pool.atStart = pool.all(view)
      pool.bigAtStart = pool.big(view)
      return pool
    }
  }

  /// Reads the counters of one pool after an operation on it.
  mutating func update(_ view: PoolView, _ family: PoolFamily) {
    let now = now(view, family)
    pools[family.position].current = now
    pools[family.position].peak = max(pools[family.position].peak, now)
    var all: UInt64 = 0
    for index in pools.indices { all &+= pools[index].current }
    current = all
    peak = max(peak, all)
  }

  /// Pages that a pool holds.
  func now(_ view: PoolView, _ family: PoolFamily) -> UInt64 {
    let count = pools[family.position].all(view)
    return count - min(count, pools[family.position].atStart)
  }

  /// Pages of large allocations that a pool holds.
  func nowBig(_ view: PoolView, _ family: PoolFamily) -> UInt64 {
    let count = pools[family.position].big(view)
    return count - min(count, pools[family.position].bigAtStart)
  }

  /// The pages that a pool held after the last operation that was booked.
  func current(of family: PoolFamily) -> UInt64 { pools[family.position].current }

  /// The most pages that a pool held.
  func peak(of family: PoolFamily) -> UInt64 { pools[family.position].peak }
}

extension PoolFamily {
  /// The place of a pool in arrays of one entry for each.
  var position: Int {
    switch self {
    case .nonPaged: 0
    case .paged: 1
    case .session: 2
    }
  }
}
