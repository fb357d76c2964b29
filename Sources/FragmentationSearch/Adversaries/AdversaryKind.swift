/// The adversaries by the names of the command line.
public enum AdversaryKind: String, Sendable, Hashable, CaseIterable {
  /// Smallest blocks, all but one of each page released.
  case comb
  /// The same, and the freed budget spent on blocks that no hole serves.
  case combAndRefill = "comb-refill"
  /// Robson's program against every allocator.
  case robson
  /// The staircase of one pin a page.
  case sixSteps = "six-steps"
  /// The dyadic staircase.
  case staircase
  /// The cycle that closes and opens pages, for pools that never take exact fits.
  case reset
  /// The story's churn of large blocks over small tenants.
  case churn

  /// What can be chosen of the programs; nil leaves it to the program.
  public struct Parameters: Sendable, Hashable {
    /// Units of the staircase's first level.
    public var firstLevelUnits: Int?
    /// Units of the churn's first large blocks.
    public var firstRequestUnits: Int?
    /// Units of the churn's small blocks.
    public var tenantUnits: Int?

    /// Parameters.
    public init(
      firstLevelUnits: Int? = nil, firstRequestUnits: Int? = nil, tenantUnits: Int? = nil
    ) {
      self.firstLevelUnits = firstLevelUnits
      self.firstRequestUnits = firstRequestUnits
      self.tenantUnits = tenantUnits
    }
  }

  /// The program for the pool, the rules and the cap of a query.
  public func program(
    for query: FragmentationQuery, _ parameters: Parameters = Parameters()
  ) -> any Adversary {
    let (geometry, rules, cap) = (query.geometry, query.rules, query.peakLiveUnits)
    switch self {
    case .comb:
      return Comb(geometry: geometry, rules: rules, peakLiveUnits: cap, finish: .bare)
    case .combAndRefill:
      return Comb(geometry: geometry, rules: rules, peakLiveUnits: cap, finish: .refill)
    case .robson: return RobsonProgram(geometry: geometry, rules: rules, peakLiveUnits: cap)
    case .sixSteps:
      return Staircase.sixStepLoop(geometry: geometry, rules: rules, peakLiveUnits: cap)
    case .staircase:
      return Staircase.dyadic(
        geometry: geometry, rules: rules, peakLiveUnits: cap,
        firstLevel: parameters.firstLevelUnits ?? geometry.pageUnits / 8)
    case .reset: return ResetCycle(geometry: geometry, rules: rules, peakLiveUnits: cap)
    case .churn:
      return ContiguousChurn(
        geometry: geometry, rules: rules, peakLiveUnits: cap,
        firstRequestUnits: parameters.firstRequestUnits, tenantUnits: parameters.tenantUnits)
    }
  }
}
