import PoolBounds

/// How fragmented a pool was over a trace and is at its end. Ratios are of bytes held (pages) over
/// bytes in live blocks, headers included; 1 is no loss, and 0 stands for "nothing was live".
public struct FragmentationMetrics: Sendable, Hashable {
  /// Pages and live units at the end and at their peaks.
  public let footprint: Footprint
  /// Operations noted.
  public let operations: Int
  /// Johnstone and Wilson 1: the average over all operations of held over live.
  public let averageHeldOverLive: Double
  /// Johnstone and Wilson 2: held over live when live was first at its highest.
  public let heldOverLiveAtPeakLive: Double
  /// Johnstone and Wilson 3: held over live when held was first at its highest.
  public let heldOverLiveAtPeakPages: Double
  /// Johnstone and Wilson 4, the headline: the most held over the most live.
  public let heldOverPeak: Double
  /// Held over live at the end: trivially large, for comparison only.
  public let heldOverFinal: Double
  /// Bytes held but not live at the end: what `!vm` shows and `!poolused` does not.
  public let gapBytes: Int
  /// Pages with a single live block at the end.
  public let pinnedPages: Int
  /// Live blocks in each held page at the end.
  public let liveBlocksPerPage: Double
  /// Listed free blocks of each size at the end, indexed by units.
  public let freeBlockCounts: [Int]

  /// Free units at the end in blocks on lists.
  public var freeUnits: Int {
    freeBlockCounts.enumerated().reduce(0) { $0 + $1.offset * $1.element }
  }

  /// Units of the largest free block at the end, 0 if there is none.
  public var largestFreeUnits: Int { freeBlockCounts.lastIndex { $0 > 0 } ?? 0 }

  /// The share of free units in blocks too small for a request of `units` (Gorman's unusable free
  /// space index): 0 if all are usable, 1 if none is. 0 if nothing is free.
  public func unusableFreeSpaceIndex(units: Int) -> Double {
    let free = freeUnits
    guard free > 0 else { return 0 }
    let unusable = freeBlockCounts.prefix(max(0, units)).enumerated()
      .reduce(0) { $0 + $1.offset * $1.element }
    return Double(unusable) / Double(free)
  }

  /// Linux's fragmentation index for a request of `units`: -1 if a free block serves it, otherwise
  /// towards 0 where memory is short and towards 1 where it is shattered.
  public func fragmentationIndex(units: Int) -> Double {
    if freeBlockCounts.dropFirst(max(0, units)).contains(where: { $0 > 0 }) { return -1 }
    let blocks = freeBlockCounts.reduce(0, +)
    guard blocks > 0, units > 0 else { return 0 }
    return 1 - (1 + Double(freeUnits) / Double(units)) / Double(blocks)
  }

  /// The curve of ``unusableFreeSpaceIndex(units:)`` over all request sizes, from 0 units on.
  public var unusableFreeSpaceCurve: [Double] {
    (0...freeBlockCounts.count).map { unusableFreeSpaceIndex(units: $0) }
  }
}

extension FragmentationMetrics {
  /// The metrics of a trace on an empty pool.
  public static func measuring(
    _ trace: [AbstractOperation], geometry: PoolGeometry, rules: PlacementRules
  ) -> FragmentationMetrics {
    var pool = AbstractPool(geometry: geometry, rules: rules)
    var handles: [Int: BlockHandle] = [:]
    var collector = MetricsCollector()
    for operation in trace {
      operation.apply(to: &pool, &handles)
      collector.note(pool.footprint, pageUnits: geometry.pageUnits)
    }
    return collector.metrics(of: pool)
  }
}

/// Collects ``FragmentationMetrics`` operation by operation.
struct MetricsCollector: Sendable, Hashable {
  private var operations = 0
  private var sumOfRatios = 0.0
  private var samples = 0

  /// Nothing noted yet.
  public init() {}

  /// Notes the state after an operation.
  public mutating func note(_ footprint: Footprint, pageUnits: Int) {
    operations += 1
    guard footprint.liveUnits > 0 else { return }
    samples += 1
    sumOfRatios += Double(footprint.pagesHeld * pageUnits) / Double(footprint.liveUnits)
  }

  /// The metrics for a pool in its final state.
  public func metrics(of pool: borrowing AbstractPool) -> FragmentationMetrics {
    let footprint = pool.footprint
    let geometry = pool.geometry
    func ratio(_ pages: Int, _ units: Int) -> Double {
      units == 0 ? 0 : Double(pages * geometry.pageUnits) / Double(units)
    }
    let maps = pool.pages()
    return FragmentationMetrics(
      footprint: footprint, operations: operations,
      averageHeldOverLive: samples == 0 ? 0 : sumOfRatios / Double(samples),
      heldOverLiveAtPeakLive: ratio(footprint.pagesHeldAtPeakLive, footprint.peakLiveUnits),
      heldOverLiveAtPeakPages: ratio(footprint.peakPagesHeld, footprint.liveUnitsAtPeakPages),
      heldOverPeak: ratio(footprint.peakPagesHeld, footprint.peakLiveUnits),
      heldOverFinal: ratio(footprint.pagesHeld, footprint.liveUnits),
      gapBytes: (footprint.pagesHeld * geometry.pageUnits - footprint.liveUnits)
        * geometry.unitBytes,
      pinnedPages: maps.count { $0.liveBlocks == 1 },
      liveBlocksPerPage: maps.isEmpty ? 0 : Double(footprint.liveBlocks) / Double(maps.count),
      freeBlockCounts: pool.freeBlockCounts())
  }
}
