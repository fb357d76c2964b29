import PropertyTesting
import Testing

/// The law of rewinding, kept and broken.
@Suite struct RewindingTests {
  @Test(arguments: ToyPoolBug.allCases)
  func theToyPoolCanBeRewound(bug: ToyPoolBug) {
    for stream in 0..<2 {
      var choices = RandomChoices(seed: Seed(5), stream: UInt64(stream))
      let trace = TraceGenerator<ToyPoolModel>.trace(
        operationCount: 30, configuration: ToyPoolConfiguration(bug: bug),
        swarm: .plain(ToyPoolModel.kinds), choices: &choices)
      #expect(MachineLaws.rewindingBreaches(of: ToyPool.self, on: trace).isEmpty)
    }
  }

  @Test func aForgetfulMachineIsFoundOut() {
    let operations = ["alloc s0 5", "alloc s1 5", "free s0"].compactMap { ToyPoolOperation($0) }
    let trace = Trace(configuration: ToyPoolConfiguration(), operations: operations)
    let breaches = MachineLaws.rewindingBreaches(of: Forgetful.self, on: trace)
    #expect(breaches.map(\.law) == [.rewinding])
    #expect(breaches[0].witness.hasSuffix("rewound at 2"))
  }
}

/// Fails at the third operation, and takes over everything but what it has counted to when that is
/// two.
private struct Forgetful: RewindableMachine {
  private var count = 0

  init(configuration: ToyPoolConfiguration) {}

  mutating func become(_ other: borrowing Forgetful) {
    count = other.count == 2 ? 0 : other.count
  }

  mutating func perform(
    _ operation: ToyPoolOperation, _ violations: inout [String]
  ) -> StepEffect {
    count += 1
    if count == 3 { violations.append("the third") }
    return .performed
  }

  static func identity(
    of violation: String, after operation: ToyPoolOperation?
  ) -> FailureIdentity {
    FailureIdentity(violation)
  }
}
