import KernelPool
import PoolWalk

/// The pages that each pool holds, by its descriptors' own counters, and their peaks.
///
/// The counters are bytes in simulated memory; a stray write can make them absurd, and then so are
/// the metrics. That they are right is for the invariants to check.
struct HeldPages: Sendable {
  /// The most pages that all pools held together.
  private(set) var peak: UInt64 = 0
  /// The most pages of each pool.
  private(set) var peaks = [UInt64](repeating: 0, count: PoolFamily.allCases.count)
  private var current = [UInt64](repeating: 0, count: PoolFamily.allCases.count)
  private var atStart = [UInt64](repeating: 0, count: PoolFamily.allCases.count)
  private var bigAtStart = [UInt64](repeating: 0, count: PoolFamily.allCases.count)

  init(_ view: PoolView) {
    for family in PoolFamily.allCases {
      atStart[family.position] = Self.count(view, family) { $0.pages }
      bigAtStart[family.position] = Self.count(view, family) { UInt64($0.bigPages) }
    }
  }

  /// Reads the counters of one pool after an operation on it.
  mutating func update(_ view: PoolView, _ family: PoolFamily) {
    let place = family.position
    current[place] = now(view, family)
    peaks[place] = max(peaks[place], current[place])
    peak = max(peak, current.reduce(0, &+))
  }

  func now(_ view: PoolView, _ family: PoolFamily) -> UInt64 {
    let count = Self.count(view, family) { $0.pages }
    return count - min(count, atStart[family.position])
  }

  func nowBig(_ view: PoolView, _ family: PoolFamily) -> UInt64 {
    let count = Self.count(view, family) { UInt64($0.bigPages) }
    return count - min(count, bigAtStart[family.position])
  }

  private static func count(
    _ view: PoolView, _ family: PoolFamily, _ pages: (DescriptorCounters) -> UInt64
  ) -> UInt64 {
    var sum: UInt64 = 0
    for root in view.descriptors where PoolFamily(root.kind) == family {
      sum &+= pages(DescriptorCounters(view, root))
    }
    return sum
  }
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
