import PoolBounds

/// A program that makes a pool hold many pages, written for one geometry, policy and cap.
///
/// It streams: operations go to the target one by one and nothing is kept but the handles of live
/// blocks. Whoever wants a trace runs it on a ``RecordingTarget``.
public protocol Adversary: Sendable {
  /// A short name for tables.
  var name: String { get }
  /// The pool it is written for.
  var geometry: PoolGeometry { get }
  /// The policy it is written for.
  var rules: PlacementRules { get }
  /// The most units it ever has live.
  var peakLiveUnits: Int { get }
  /// The most pages that the pool will hold, worked out without running; nil if the program's
  /// arithmetic does not fit the geometry or the rules.
  var predictedPages: Int? { get }
  /// Runs the program on an empty target.
  func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target)
}

extension Adversary {
  /// Runs the program on an empty abstract pool.
  public func outcome() -> AdversaryOutcome {
    var target = CountingTarget(geometry: geometry, rules: rules)
    run(on: &target)
    return AdversaryOutcome(
      footprint: target.footprint, operations: target.operations,
      predictedPages: predictedPages)
  }
}

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

/// What an adversary did to an abstract pool.
public struct AdversaryOutcome: Sendable, Hashable {
  /// Pages and live units at the end and at their peaks.
  public let footprint: Footprint
  /// Requests and releases.
  public let operations: Int
  /// What was predicted.
  public let predictedPages: Int?
}
