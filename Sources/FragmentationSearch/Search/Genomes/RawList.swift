import PoolBounds

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

/// An operation of a raw candidate: on slots, so that any change leaves the others their meaning.
struct RawOperation: Hashable, Sendable {
  let slot: Int
  /// Units to request if the slot is empty; a full slot is released.
  let units: Int

  static func random(
    _ geometry: PoolGeometry, slots: Int, _ generator: inout SeededGenerator
  ) -> RawOperation {
    let isLogarithmic = generator.chance(1, in: 2)
    return RawOperation(
      slot: generator.below(slots), units: randomUnits(geometry, isLogarithmic, &generator))
  }

  static func randomUnits(
    _ geometry: PoolGeometry, _ isLogarithmic: Bool, _ generator: inout SeededGenerator
  ) -> Int {
    let (least, most) = (geometry.smallestBlockUnits, geometry.largestBlockUnits)
    if !isLogarithmic { return generator.within(least...most) }
    // A random width, then a number of that width: integers only, so that seeds are portable.
    let width = generator.below(Int.bitWidth - most.leadingZeroBitCount) + 1
    return min(max(least, generator.below(1 << width) + 1), most)
  }
}

/// A random trace, told by the seed that draws it. Sizes are uniform, or uniform in their
/// logarithm; releases are of any live block; each trace draws its own balance of requests and
/// releases.
struct RandomTrace: Hashable, Sendable {
  let seed: UInt64
  let count: Int
}

extension RandomTrace: Genome {
  static var kind: String { "random" }

  static func random(
    _ question: SearchQuestion, _ generator: inout SeededGenerator
  ) -> RandomTrace {
    RandomTrace(seed: generator.next(), count: question.traceOperations)
  }

  /// There is nothing to inherit from a seed.
  mutating func mutate(_ question: SearchQuestion, _ generator: inout SeededGenerator) {
    self = Self.random(question, &generator)
  }

  func crossed(with other: RandomTrace, _ generator: inout SeededGenerator) -> RandomTrace {
    generator.chance(1, in: 2) ? self : other
  }

  func run<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int
  ) {
    var generator = SeededGenerator(seed: seed)
    var live: [BlockHandle] = []
    let requests = generator.within(50...80)
    let isLogarithmic = generator.chance(1, in: 2)
    for _ in 0..<count where trial.operations < mostOperations {
      if live.isEmpty || generator.chance(requests, in: 100) {
        let units = RawOperation.randomUnits(trial.pool.geometry, isLogarithmic, &generator)
        if let handle = trial.allocate(units: units) {
          live.append(handle)
          continue
        }
      }
      guard !live.isEmpty else { continue }
      live.swapAt(generator.below(live.count), live.count - 1)
      trial.free(live.removeLast())
    }
  }

  /// `SEED COUNT`.
  var text: String { "\(seed) \(count)" }

  init?(text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2, let seed = UInt64(words[0]), let count = Int(words[1]),
      (0...1 << 32).contains(count)
    else { return nil }
    self.init(seed: seed, count: count)
  }
}
