/// Collects ``FragmentationMetrics`` operation by operation.
public struct MetricsCollector: Sendable, Hashable {
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
    let maps = pool.pageMaps()
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
