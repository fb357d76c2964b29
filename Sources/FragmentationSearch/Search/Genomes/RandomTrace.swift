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
