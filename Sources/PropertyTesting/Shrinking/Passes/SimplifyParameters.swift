/// Simplifies each number by itself, first to last.
public struct SimplifyParameters<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify parameters"

  private let longestTrace: Int

  /// The pass, for traces of up to so many operations: in longer ones it is dear, and most of its
  /// work is lost when other passes shorten them.
  public init(longestTrace: Int = .max) {
    self.longestTrace = longestTrace
  }

  /// Proposes simpler values for each number.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= longestTrace else { return }
    var index = 0
    while !reduction.isOver {
      let sites = ParameterSite.all(in: reduction.trace)
      guard index < sites.count else { return }
      let site = sites[index]
      let length = reduction.trace.operations.count
      ValueSearch(site.parameter, reduction.trace.configuration).lower(site.parameter.value) {
        simpler in
        // A lower number may have shortened the trace; the place is then another one.
        guard reduction.trace.operations.count == length else { return false }
        return reduction.attempt(
          ParameterSite.replacing([site], with: [simpler], in: reduction.trace))
      }
      index += 1
    }
  }
}
