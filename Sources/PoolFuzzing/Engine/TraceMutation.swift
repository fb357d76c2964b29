import PoolOracles
import PropertyTesting

/// Changes to a kept trace that may lead a little further than it went.
enum TraceMutation {
  /// A mutated copy of at most `limit` operations.
  static func mutate(
    _ trace: PoolFuzzTrace, other: PoolFuzzTrace, limit: Int,
    _ choices: inout some ChoiceSource
  ) -> PoolFuzzTrace {
    var result = trace
    for _ in 0..<choices.draw(in: 1...4) {
      switch choices.draw(below: 6) {
      case 0: delete(&result, &choices)
      case 1: duplicate(&result, &choices)
      case 2: splice(&result, other, &choices)
      case 3, 4: alter(&result, &choices)
      default: swap(&result, &choices)
      }
    }
    if result.operations.count > limit {
      result.operations.removeLast(result.operations.count - limit)
    }
    return result
  }

  private static func range(
    _ count: Int, _ choices: inout some ChoiceSource
  ) -> Range<Int>? {
    guard count > 0 else { return nil }
    let start = choices.drawIndex(count: count)
    let length = min(1 + choices.drawIndex(count: 16), count - start)
    return start..<(start + length)
  }

  private static func delete(_ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource) {
    guard let range = range(trace.operations.count, &choices) else { return }
    trace.operations.removeSubrange(range)
  }

  private static func duplicate(
    _ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) {
    guard let range = range(trace.operations.count, &choices) else { return }
    let place = choices.drawIndex(count: trace.operations.count + 1)
    trace.operations.insert(contentsOf: Array(trace.operations[range]), at: place)
  }

  /// The other trace's operations name slots too, so they mean something here.
  private static func splice(
    _ trace: inout PoolFuzzTrace, _ other: PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) {
    guard let range = range(other.operations.count, &choices) else { return }
    let place = choices.drawIndex(count: trace.operations.count + 1)
    trace.operations.insert(contentsOf: Array(other.operations[range]), at: place)
  }

  private static func alter(_ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource) {
    guard !trace.operations.isEmpty else { return }
    let index = choices.drawIndex(count: trace.operations.count)
    let operation = trace.operations[index]
    guard operation.operationKind == .alloc, let size = operation.parameters.first else { return }
    let unit = trace.configuration.configuration.pool.profile.unitBytes
    let steps: [UInt64] = [1, unit, 2 * unit]
    let step = choices.draw(from: steps)
    let value = choices.chance(1, in: 2) ? size.value &+ step : size.value &- min(size.value, step)
    if let altered = operation.replacingParameter(at: 0, with: value) {
      trace.operations[index] = altered
    }
  }

  private static func swap(_ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource) {
    guard trace.operations.count > 1 else { return }
    let first = choices.drawIndex(count: trace.operations.count)
    let second = choices.drawIndex(count: trace.operations.count)
    trace.operations.swapAt(first, second)
  }
}
