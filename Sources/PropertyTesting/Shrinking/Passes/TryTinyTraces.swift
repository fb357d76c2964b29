/// Tries all tiny traces of what the failing operation is about, when deletion has left a long one.
///
/// Where a failure hangs on the whole layout of a system, each deletion moves everything behind it,
/// and a trace of dozens of operations can be 1-minimal although three would do. No path of small
/// steps leads down from there; a fresh start does. Its letters are the failing operation, the
/// creation that it is about, at the landmarks of its numbers, and the simplest destruction.
public struct TryTinyTraces<Configuration: TraceConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "try tiny traces"
  /// What it leaves is tiny.
  public let startsOver = true

  /// Shorter traces are left to the other passes.
  private static var longTrace: Int { 24 }
  /// The length of what is tried.
  private static var tinyTrace: Int { 3 }
  /// Executions that a try may cost.
  private static var executionLimit: Int { 250 }

  /// The pass.
  public init() {}

  /// Proposes the smallest of the tiny traces that fails in the same way, if there is one.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let trace = reduction.trace
    guard trace.operations.count > Self.longTrace, !reduction.isOver else { return }
    let scope = SmallScope(
      configuration: trace.configuration, templates: Self.letters(of: trace),
      operationLimit: Self.tinyTrace, executionLimit: Self.executionLimit)
    let report = scope.search(for: [reduction.identity]) { reduction.probe($0) }
    if let minimum = report.minimum(of: reduction.identity) { reduction.attempt(minimum) }
  }

  private static func letters(of trace: Trace<Configuration, Operation>) -> [Operation] {
    guard let last = trace.operations.last else { return [] }
    var letters: [Operation] = []
    func add(_ operation: Operation) {
      let letter =
        operation.slots.second == nil ? operation.renamingSlots { _ in Slot(0) } : operation
      if !letters.contains(letter) { letters.append(letter) }
    }
    let lifetime = Lifetime.all(in: trace.operations).last { lifetime in
      lifetime.operations.contains(trace.operations.count - 1)
    }
    if let lifetime {
      let creation = trace.operations[lifetime.creation]
      variants(of: creation, trace.configuration).forEach(add)
    }
    add(last)
    if let destruction = trace.operations.last(where: \.isDestruction) {
      add(simplest(destruction))
    }
    return letters
  }

  /// A creation with its first number at each landmark, the others simple.
  private static func variants(
    of creation: Operation, _ configuration: Configuration
  ) -> [Operation] {
    var variants = [creation]
    guard let first = creation.parameters.first else { return variants }
    for value in [first.origin] + configuration.landmarks(of: first) {
      if let variant = creation.replacingParameter(at: 0, with: value) { variants.append(variant) }
    }
    return variants
  }

  private static func simplest(_ operation: Operation) -> Operation {
    var simple = operation
    for (index, parameter) in operation.parameters.enumerated() {
      simple = simple.replacingParameter(at: index, with: parameter.origin) ?? simple
    }
    return simple
  }
}
