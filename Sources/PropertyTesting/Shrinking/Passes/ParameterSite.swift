/// A place of a number in a trace.
struct ParameterSite {
  let operation: Int
  let index: Int
  let parameter: Parameter

  /// All numbers of a trace's operations, in order.
  static func all<C, O>(in trace: Trace<C, O>) -> [ParameterSite] {
    trace.operations.indices.flatMap { operation in
      trace.operations[operation].parameters.enumerated().map {
        ParameterSite(operation: operation, index: $0.offset, parameter: $0.element)
      }
    }
  }

  /// The trace with other numbers at some places; nil when one of them is no value there.
  static func replacing<C, O>(
    _ sites: [ParameterSite], with values: [UInt64], in trace: Trace<C, O>
  ) -> Trace<C, O>? {
    var copy = trace
    for (site, value) in zip(sites, values) {
      guard site.operation < copy.operations.count else { return nil }
      let operation = copy.operations[site.operation]
      guard let replaced = operation.replacingParameter(at: site.index, with: value) else {
        return nil
      }
      copy.operations[site.operation] = replaced
    }
    return copy
  }

  /// Landmarks above a number that are worth raising it to: the next two and the last.
  static func landmarks(
    above parameter: Parameter, _ configuration: some TraceConfiguration
  ) -> [UInt64] {
    let above = configuration.landmarks(of: parameter)
      .filter { parameter.complexity(of: $0) > parameter.complexity }
      .sorted { parameter.complexity(of: $0) < parameter.complexity(of: $1) }
    guard above.count > 2, let last = above.last else { return above }
    return Array(above.prefix(2)) + [last]
  }

  /// The traces in which all numbers of one role are raised to at least one landmark: what is
  /// small leaves, all at once, whatever treats small things in a way of its own.
  static func raisedFloors<C, O>(of trace: Trace<C, O>) -> [Trace<C, O>] {
    let sites = all(in: trace)
    var raised: [Trace<C, O>] = []
    var tried: [(role: Int, landmark: UInt64)] = []
    for site in sites {
      let role = site.parameter.role
      for landmark in landmarks(above: site.parameter, trace.configuration)
      where !tried.contains(where: { $0 == (role, landmark) }) {
        tried.append((role, landmark))
        let low = sites.filter {
          $0.parameter.role == role
            && $0.parameter.complexity < $0.parameter.complexity(of: landmark)
        }
        let values = low.map { _ in landmark }
        if let candidate = replacing(low, with: values, in: trace) { raised.append(candidate) }
      }
    }
    return raised
  }
}
