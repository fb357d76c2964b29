import PropertyTesting
import Testing

/// Every law is seen to be broken, and the toy subjects to keep them all.
@Suite struct LawTests {
  @Test(arguments: [
    LawBreach.Law.identityRenaming, .faithfulRenaming, .identityReplacement,
    .faithfulReplacement, .merger,
  ])
  func aLyingOperationIsFoundOut(lie: LawBreach.Law) {
    let breaches = OperationLaws.breaches(of: [LyingOperation(lie)])
    #expect(Set(breaches.map(\.law)) == [lie])
    #expect(breaches.first?.description.contains("lie s0 6") == true)
  }

  @Test func operationsThatLookEqualMustBe() {
    let sample = [LyingOperation(nil), LyingOperation(nil, hidden: 1)]
    let breaches = OperationLaws.breaches(of: sample)
    #expect(Set(breaches.map(\.law)) == [.distinction])
  }

  @Test func anHonestOperationBreaksNothing() {
    let sample = [LyingOperation(nil), LyingOperation(nil, slot: 2, number: 3)]
    #expect(OperationLaws.breaches(of: sample).isEmpty)
    let pool = ["alloc s0 5", "alloc s1 5", "alloc s0 60", "free s0", "free s3"]
    #expect(OperationLaws.breaches(of: pool.compactMap { ToyPoolOperation($0) }).isEmpty)
  }

  @Test(arguments: [LawBreach.Law.determinism, .slotNames, .skipping])
  func aLyingMachineIsFoundOut(lie: LawBreach.Law) {
    let operations = (0..<12).map { LyingOperation(nil, slot: 50 - $0) }
    let trace = Trace(configuration: LyingConfiguration(lie), operations: operations)
    let breaches = MachineLaws.breaches(of: LyingMachine.self, on: trace, seed: Seed(1))
    #expect(breaches.contains { $0.law == lie })
  }

  @Test func anHonestMachineBreaksNothing() {
    let operations = (0..<12).map { LyingOperation(nil, slot: 50 - $0) }
    let trace = Trace(configuration: LyingConfiguration(nil), operations: operations)
    #expect(MachineLaws.breaches(of: LyingMachine.self, on: trace, seed: Seed(1)).isEmpty)
  }

  @Test func aDefaultAwayFromItsOriginIsFoundOut() {
    let trace = Trace(configuration: CrookedConfiguration(), operations: [LyingOperation]())
    let breaches = MachineLaws.breaches(of: CrookedMachine.self, on: trace, seed: Seed(1))
    #expect(Set(breaches.map(\.law)) == [.defaults])
  }

  @Test(arguments: ToyPoolBug.allCases)
  func theToyPoolKeepsTheLaws(bug: ToyPoolBug) {
    for stream in 0..<3 {
      var choices = RandomChoices(seed: Seed(31), stream: UInt64(stream))
      let trace = TraceGenerator<ToyPoolModel>.trace(
        operationCount: 60, configuration: ToyPoolConfiguration(bug: bug),
        swarm: .plain(ToyPoolModel.kinds), choices: &choices)
      #expect(MachineLaws.breaches(of: ToyPool.self, on: trace, seed: Seed(2)).isEmpty)
    }
  }
}

private struct CrookedConfiguration: MachineConfiguration {
  var description: String { "crooked" }
  var parameters: [Parameter] { [Parameter(role: 0, value: 2, origin: 1)] }
}

private struct CrookedMachine: StateMachine {
  init(configuration: CrookedConfiguration) {}

  mutating func perform(_ operation: LyingOperation, _ violations: inout [String]) -> StepEffect {
    .performed
  }

  static func identity(of violation: String, after operation: LyingOperation?) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

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
