/// A fixed list of raw operations: the vocabulary that knows nothing of the pool.
struct RawList: Hashable, Sendable {
  var operations: [RawOperation]

  /// Slots that the operations of a list of this length name.
  static func slots(_ count: Int) -> Int { max(1, count / 2) }
}

extension RawList: Genome {
  static var kind: String { "raw" }

  static func random(
    _ question: SearchQuestion, _ generator: inout SeededGenerator
  ) -> RawList {
    let count = question.traceOperations
    return RawList(
      operations: (0..<count).map { _ in
        RawOperation.random(question.geometry, slots: slots(count), &generator)
      })
  }

  mutating func mutate(_ question: SearchQuestion, _ generator: inout SeededGenerator) {
    guard !operations.isEmpty else { return }
    for _ in 0...generator.below(4) {
      let index = generator.below(operations.count)
      switch generator.below(3) {
      case 0:
        operations[index] = RawOperation.random(
          question.geometry, slots: Self.slots(operations.count), &generator)
      case 1: operations.swapAt(index, generator.below(operations.count))
      default: operations[index] = operations[generator.below(operations.count)]
      }
    }
  }

  func crossed(with other: RawList, _ generator: inout SeededGenerator) -> RawList {
    let length = min(operations.count, other.operations.count)
    let cut = generator.within(0...length)
    return RawList(operations: Array(operations[..<cut] + other.operations[cut..<length]))
  }

  func run<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int
  ) {
    let slots = 1 + operations.reduce(0) { max($0, $1.slot) }
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: slots) { handles in
      handles.initialize(repeating: -1)
      for operation in operations where trial.operations < mostOperations {
        let held = handles[operation.slot]
        if held >= 0 {
          trial.free(BlockHandle(index: held))
          handles[operation.slot] = -1
        } else if let handle = trial.allocate(units: operation.units) {
          handles[operation.slot] = handle.index
        }
      }
    }
  }

  /// `SLOT:UNITS` for each operation.
  var text: String { operations.map { "\($0.slot):\($0.units)" }.joined(separator: " ") }

  init?(text: String) {
    var operations: [RawOperation] = []
    for word in text.split(separator: " ") {
      let numbers = word.split(separator: ":").map { Int($0) }
      guard numbers.count == 2, let slot = numbers[0], let units = numbers[1],
        (0..<1 << 20).contains(slot), (1...65_536).contains(units)
      else { return nil }
      operations.append(RawOperation(slot: slot, units: units))
    }
    self.operations = operations
  }
}
