/// Brings the configuration toward its defaults: all settings at once, then each.
///
/// A setting often only spares small requests some special treatment, which larger ones escape
/// anyway. So the default is also tried with the numbers of the operations raised: settings rank
/// before them.
public struct SimplifyConfiguration<
  Configuration: TraceConfiguration, Operation: SlotOperation
>: ShrinkPass {
  /// In statistics.
  public let name = "simplify configuration"

  /// In longer traces settings are tried with their numbers raised only all together.
  private static var shortTrace: Int { 8 }

  /// The pass.
  public init() {}

  /// Proposes simpler settings.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var simplest: Configuration? = reduction.trace.configuration
    for (index, parameter) in reduction.trace.configuration.parameters.enumerated() {
      simplest = simplest?.replacingParameter(at: index, with: parameter.origin)
    }
    guard let simplest, simplest != reduction.trace.configuration else { return }
    if Self.attempt(simplest, &reduction) { return }
    for raised in ParameterSite.raisedFloors(of: reduction.trace) {
      let candidate = Trace(configuration: simplest, operations: raised.operations)
      if reduction.isOver || reduction.attempt(candidate) { return }
    }
    for (index, parameter) in reduction.trace.configuration.parameters.enumerated() {
      ValueSearch(parameter, landmarks: parameter.landmarks).lower(parameter.value) { simpler in
        let configuration = reduction.trace.configuration.replacingParameter(
          at: index, with: simpler)
        return configuration.map { Self.attempt($0, &reduction) } ?? false
      }
      Self.raise(index, parameter, &reduction)
    }
  }

  /// One setting at its default, with raised numbers.
  private static func raise(
    _ index: Int, _ parameter: Parameter, _ reduction: inout Reduction<Configuration, Operation>
  ) {
    let configuration = reduction.trace.configuration
    guard reduction.trace.operations.count <= shortTrace,
      configuration.parameters[index].complexity > 0,
      let simpler = configuration.replacingParameter(at: index, with: parameter.origin)
    else { return }
    for raised in ParameterSite.raisedFloors(of: reduction.trace) {
      let candidate = Trace(configuration: simpler, operations: raised.operations)
      if reduction.isOver || reduction.attempt(candidate) { return }
    }
  }

  private static func attempt(
    _ configuration: Configuration, _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    reduction.attempt(
      Trace(configuration: configuration, operations: reduction.trace.operations))
  }
}
