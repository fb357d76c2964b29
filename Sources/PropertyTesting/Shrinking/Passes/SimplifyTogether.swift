/// Simplifies all equal numbers of one role at once: sizes that must stay equal.
public struct SimplifyTogether<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify equal parameters"

  private let longestTrace: Int

  /// The pass, for traces of up to so many operations: in longer ones it is dear, and most of its
  /// work is lost when other passes shorten them.
  public init(longestTrace: Int = .max) {
    self.longestTrace = longestTrace
  }

  /// Proposes simpler values for each value that occurs more than once.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= longestTrace else { return }
    var seen: [(role: Int, value: UInt64)] = []
    for site in ParameterSite.all(in: reduction.trace) {
      let parameter = site.parameter
      guard !seen.contains(where: { $0 == (parameter.role, parameter.value) }) else { continue }
      seen.append((parameter.role, parameter.value))
      var value = parameter.value
      ValueSearch(parameter, reduction.trace.configuration).lower(value) { simpler in
        let sites = ParameterSite.all(in: reduction.trace).filter {
          $0.parameter.role == parameter.role && $0.parameter.value == value
        }
        guard sites.count > 1 else { return false }
        let values = sites.map { _ in simpler }
        let isAccepted = reduction.attempt(
          ParameterSite.replacing(sites, with: values, in: reduction.trace))
        if isAccepted { value = simpler }
        return isAccepted
      }
    }
  }
}
