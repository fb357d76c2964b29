/// Control: random traces. Sizes are uniform, or uniform in their logarithm; releases are of any
/// live block; each trace draws its own balance of requests and releases.
public struct RandomSearch: SearchAlgorithm {
  /// `random`.
  public var name: String { "random" }
  /// Operations of each trace.
  public let traceOperations: Int

  /// A search with traces of so many operations, at least 1.
  public init(traceOperations: Int = 4096) { self.traceOperations = max(1, traceOperations) }

  /// The best trace of one stream.
  public func searchStream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, operations: Int, generator: SeededGenerator,
    on makeTarget: () -> Target
  ) -> StreamResult {
    var generator = generator
    var result = StreamResult()
    while result.operationsSpent + traceOperations <= operations {
      let start = generator
      let (pages, _, spent) = Self.run(question, traceOperations, &generator, .off, makeTarget)
      result.operationsSpent += spent
      result.offer(
        pages: pages,
        {
          var again = start
          return Self.run(question, traceOperations, &again, .on, makeTarget).trace
        }())
      // A trace that the cap allows nothing of would be drawn for ever.
      if spent == 0 { break }
    }
    return result
  }

  private static func run<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, _ operations: Int, _ generator: inout SeededGenerator,
    _ recording: Recording, _ makeTarget: () -> Target
  ) -> (pages: Int, trace: [PoolOperation], spent: Int) {
    var trial = Trial(question, on: makeTarget(), recording: recording)
    var live: [BlockHandle] = []
    let requests = generator.within(50...80)
    let isLogarithmic = generator.chance(1, in: 2)
    for _ in 0..<operations {
      if live.isEmpty || generator.chance(requests, in: 100) {
        let units = RawOperation.randomUnits(question.geometry, isLogarithmic, &generator)
        if let handle = trial.allocate(units: units) {
          live.append(handle)
          continue
        }
      }
      guard !live.isEmpty else { continue }
      live.swapAt(generator.below(live.count), live.count - 1)
      trial.free(live.removeLast())
    }
    return (trial.pages, trial.trace, trial.operations)
  }
}
