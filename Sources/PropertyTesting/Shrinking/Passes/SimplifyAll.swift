/// Takes all numbers of the operations to their simplest at once, or all of one role: most numbers
/// do not matter, and this says so in a few executions whatever the length of the trace.
public struct SimplifyAll<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify all parameters"

  /// So few are simplified one by one at the same cost.
  private static var fewNumbers: Int { 2 }

  /// The pass.
  public init() {}

  /// Proposes the trace with all numbers simple, then with those of each role.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let sites = ParameterSite.all(in: reduction.trace).filter { $0.parameter.complexity > 0 }
    guard sites.count > Self.fewNumbers, !attempt(sites, &reduction) else { return }
    var roles: [Int] = []
    for site in sites where !roles.contains(site.parameter.role) {
      roles.append(site.parameter.role)
    }
    guard roles.count > 1 else { return }
    for role in roles where !reduction.isOver {
      let same = ParameterSite.all(in: reduction.trace).filter {
        $0.parameter.role == role && $0.parameter.complexity > 0
      }
      if same.count > 1 { attempt(same, &reduction) }
    }
  }

  @discardableResult
  private func attempt(
    _ sites: [ParameterSite], _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    let origins = sites.map(\.parameter.origin)
    return reduction.attempt(
      ParameterSite.replacing(sites, with: origins, in: reduction.trace))
  }
}
