import KernelPool
import PropertyTesting

/// Numbers of a trace replaced as reducing replaces them: by their origin, by a landmark, by what is
/// half way to the origin or one off, or by another number of their role.
///
/// A reduction ends wherever its steps lead. What they lead to must have been judged on the healthy
/// model before, or the reduction files what is no fault.
enum ReducedNumbers {
  /// A copy with some numbers replaced and some operations left out.
  static func replaced(
    in trace: PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) -> PoolFuzzTrace {
    var result = trace
    for _ in 0..<choices.draw(in: 1...8) {
      switch choices.draw(below: 4) {
      case 0: replaceSetup(&result, &choices)
      case 1 where !result.operations.isEmpty:
        result.operations.remove(at: choices.drawIndex(count: result.operations.count))
      default: replaceOperation(&result, &choices)
      }
    }
    return result
  }

  private static func replaceSetup(
    _ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) {
    let setup = trace.configuration
    let parameters = setup.parameters
    let index = choices.drawIndex(count: parameters.count)
    let value = value(parameters[index], [], trace, &choices)
    guard let changed = setup.replacingParameter(at: index, with: value),
      changed.canBoot
    else { return }
    trace.configuration = changed
  }

  private static func replaceOperation(
    _ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) {
    guard !trace.operations.isEmpty else { return }
    let place = choices.drawIndex(count: trace.operations.count)
    let operation = trace.operations[place]
    let parameters = operation.parameters
    guard !parameters.isEmpty else { return }
    let index = choices.drawIndex(count: parameters.count)
    let other = trace.operations[choices.drawIndex(count: trace.operations.count)].parameters
    let peers = other.filter { $0.role == parameters[index].role }.map(\.value)
    let value = value(parameters[index], peers, trace, &choices)
    if let changed = operation.replacingParameter(at: index, with: value) {
      trace.operations[place] = changed
    }
  }

  private static func value(
    _ parameter: Parameter, _ peers: [UInt64], _ trace: PoolFuzzTrace,
    _ choices: inout some ChoiceSource
  ) -> UInt64 {
    let (value, origin) = (parameter.value, parameter.origin)
    let (low, high) = (min(value, origin), max(value, origin))
    let towards = value > origin ? value - 1 : value + (value < origin ? 1 : 0)
    let candidates =
      [origin, low + (high - low) / 2, towards, low + choices.draw(below: max(high - low, 1))]
      + peers + trace.configuration.landmarks(of: parameter)
    return choices.draw(from: candidates)
  }
}
