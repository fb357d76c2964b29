/// Brings the configuration toward its defaults: all settings at once, then each.
public struct SimplifyConfiguration<
  Configuration: TraceConfiguration, Operation: SlotOperation
>: ShrinkPass {
  /// In statistics.
  public let name = "simplify configuration"

  /// The pass.
  public init() {}

  /// Proposes simpler settings.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var simplest: Configuration? = reduction.trace.configuration
    for (index, parameter) in reduction.trace.configuration.parameters.enumerated() {
      simplest = simplest?.replacingParameter(at: index, with: parameter.origin)
    }
    if let simplest, Self.attempt(simplest, &reduction) { return }
    for (index, parameter) in reduction.trace.configuration.parameters.enumerated() {
      ValueSearch(parameter).lower(parameter.value) { simpler in
        let configuration = reduction.trace.configuration.replacingParameter(
          at: index, with: simpler)
        return configuration.map { Self.attempt($0, &reduction) } ?? false
      }
    }
  }

  private static func attempt(
    _ configuration: Configuration, _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    guard configuration != reduction.trace.configuration else { return false }
    return reduction.attempt(
      Trace(configuration: configuration, operations: reduction.trace.operations))
  }
}
