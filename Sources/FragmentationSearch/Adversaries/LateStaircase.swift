import PoolBounds

/// The staircase for pools that put remainders at the head of their list and take exact fits, with
/// two refinements that only such a pool allows.
///
/// *Late pins.* While a temporary block holds its stretch, the pin behind it is not needed: what lies
/// beside the block is shorter than the level anyway. So the pin is set when the level is full. The
/// rest of the stretch must then be filled beside a gap of one pin, by a request that finds no other
/// free run that serves it; the runs that would are filled for the moment. Some pages get their
/// pins early, and their temporary blocks go first to make room for that.
///
/// *Bridging.* A page is all live while it is cut, though it costs half of that afterwards. Near the
/// end of a level there is no room for that moment, unless the temporary blocks of the other pages
/// are released meanwhile. The page is then made with blocks larger than theirs, and these are
/// replaced when the others are back in their places.
public struct LateStaircase: Adversary {
  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int
  /// What is done level by level.
  public let plan: LateStaircasePlan
  /// A short name for tables.
  public let name: String

  /// The staircase of a list of cuts, as many pages at each level as fit.
  init(
    geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int,
    cuts: [LateStaircasePlan.Cut], name: String = "late staircase"
  ) {
    precondition(Self.covers(rules), "late pins need remainders at the head and exact fits")
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
    self.name = name
    plan = LateStaircasePlan(
      geometry: geometry, peakLiveUnits: self.peakLiveUnits, cuts: cuts,
      lastRequestUnits: Self.lastRequestUnits(geometry))
  }

  /// Whether blocks land where the program puts them.
  static func covers(_ rules: PlacementRules) -> Bool {
    rules.remainderOrder != .tail && rules.exactFit == .taken && rules.freedOrder == .head
      && rules.fit == .smallestList
  }

  /// The request that no page with a pin can serve.
  static func lastRequestUnits(_ geometry: PoolGeometry) -> Int? {
    let smallest = geometry.smallestBlockUnits
    let units = max(smallest, geometry.pageUnits - smallest + 1)
    return units <= geometry.largestBlockUnits ? units : nil
  }

  /// The most pages the pool will hold, worked out without running.
  public var predictedPages: Int? { plan.pages }

  /// Runs the program on an empty target.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    var work = LateStaircaseWork(
      geometry: geometry, peakLiveUnits: peakLiveUnits, walks: plan.steps.contains(where: \.walks))
    for step in plan.steps { work.perform(step, on: &target) }
    guard let units = Self.lastRequestUnits(geometry) else { return }
    while target.footprint.liveUnits + units <= peakLiveUnits { _ = target.allocate(units: units) }
  }
}
