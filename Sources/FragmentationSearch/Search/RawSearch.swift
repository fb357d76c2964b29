/// Control: one list of raw operations, changed a little at a time, kept if no worse: (1+1).
public struct RawSearch: SearchAlgorithm {
  /// `one-plus-one`.
  public var name: String { "one-plus-one" }
  /// Operations of the list.
  public let traceOperations: Int

  /// A search over lists of so many operations, at least 1.
  public init(traceOperations: Int = 4096) { self.traceOperations = max(1, traceOperations) }

  /// The best list of one stream.
  public func searchStream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, operations: Int, generator: SeededGenerator,
    on makeTarget: () -> Target
  ) -> StreamResult {
    var generator = generator
    let slots = max(1, traceOperations / 2)
    var parent = (0..<traceOperations).map { _ in
      RawOperation.random(question.geometry, slots: slots, &generator)
    }
    var result = StreamResult()
    var parentPages = -1
    var child = parent
    while result.operationsSpent + traceOperations <= operations {
      var trial = Trial(question, on: makeTarget(), recording: .off)
      RawOperation.run(child, slots: slots, &trial)
      // A list that does nothing still costs one, so that the budget ends.
      result.operationsSpent += max(1, trial.operations)
      if trial.pages >= parentPages {
        parent = child
        parentPages = trial.pages
      }
      child = parent
      for _ in 0...generator.below(4) { Self.mutate(&child, slots, question.geometry, &generator) }
    }
    var trial = Trial(question, on: makeTarget(), recording: .on)
    RawOperation.run(parent, slots: slots, &trial)
    result.offer(pages: trial.pages, trial.trace)
    return result
  }

  private static func mutate(
    _ list: inout [RawOperation], _ slots: Int, _ geometry: PoolGeometry,
    _ generator: inout SeededGenerator
  ) {
    let index = generator.below(list.count)
    switch generator.below(3) {
    case 0: list[index] = RawOperation.random(geometry, slots: slots, &generator)
    case 1: list.swapAt(index, generator.below(list.count))
    default: list[index] = list[generator.below(list.count)]
    }
  }
}
