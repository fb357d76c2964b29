/// Replaces a value by a simpler one that its role already has: fewer distinct numbers to explain.
public struct UnifyParameters<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "unify parameters"

  /// The pass.
  public init() {}

  /// Proposes each simpler value for all places of a more complex one.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var distinct: [Parameter] = []
    for site in ParameterSite.all(in: reduction.trace) {
      let isKnown = distinct.contains {
        $0.role == site.parameter.role && $0.value == site.parameter.value
      }
      if !isKnown { distinct.append(site.parameter) }
    }
    for parameter in distinct {
      for simpler in distinct where simpler.role == parameter.role {
        guard !reduction.isOver else { return }
        guard parameter.complexity(of: simpler.value) < parameter.complexity else { continue }
        let sites = ParameterSite.all(in: reduction.trace).filter {
          $0.parameter.role == parameter.role && $0.parameter.value == parameter.value
        }
        let values = sites.map { _ in simpler.value }
        reduction.attempt(ParameterSite.replacing(sites, with: values, in: reduction.trace))
      }
    }
  }
}
