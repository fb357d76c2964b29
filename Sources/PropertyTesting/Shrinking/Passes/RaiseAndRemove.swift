/// Raises numbers to a landmark and removes one operation: bigger requests need less company.
///
/// Like the pump it goes up to come down, but it merges nothing. Equal numbers are raised
/// together first: where small requests are treated in a way of their own, all of them must leave
/// it at once.
public struct RaiseAndRemove<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "raise and remove"
  /// What it leaves is shorter, and may now lose more.
  public let startsOver = true

  /// Longer traces have too many combinations.
  private static var longTrace: Int { 24 }
  /// Single numbers are raised in traces up to this length.
  private static var shortTrace: Int { 6 }

  /// The pass.
  public init() {}

  /// Proposes combinations until one is accepted.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    guard trace.operations.count <= Self.longTrace else { return }
    let sites = ParameterSite.all(in: trace)
    var seen: [Parameter] = []
    for site in sites {
      let isKnown = seen.contains {
        $0.role == site.parameter.role && $0.value == site.parameter.value
      }
      guard !isKnown else { continue }
      seen.append(site.parameter)
      let equal = sites.filter {
        $0.parameter.role == site.parameter.role && $0.parameter.value == site.parameter.value
      }
      if Self.raise(equal, in: trace, &reduction) { return }
    }
    guard trace.operations.count <= Self.shortTrace else { return }
    for site in sites where Self.raise([site], in: trace, &reduction) { return }
  }

  /// Whether raising these and removing some operation was accepted, or the budget is used up.
  private static func raise(
    _ sites: [ParameterSite], in trace: Trace<Configuration, Operation>,
    _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    let landmarks = ParameterSite.landmarks(above: sites[0].parameter, trace.configuration)
    for landmark in landmarks {
      let values = sites.map { _ in landmark }
      guard let raised = ParameterSite.replacing(sites, with: values, in: trace) else { continue }
      for index in raised.operations.indices.reversed() {
        // In a longer trace only what takes a whole lifetime along is worth the execution.
        let isCandidate =
          trace.operations.count <= shortTrace || !raised.operations[index].isDestruction
        guard isCandidate, sites.count > 1 || index != sites[0].operation else { continue }
        if reduction.isOver || reduction.attempt(raised.removing(at: index)) { return true }
      }
    }
    return false
  }
}
