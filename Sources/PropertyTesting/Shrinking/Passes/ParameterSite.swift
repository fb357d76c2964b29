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
}
