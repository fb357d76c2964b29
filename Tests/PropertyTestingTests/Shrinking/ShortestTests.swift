import PoolTestSupport
import PropertyTesting
import Testing

/// Minimal in single steps is not shortest: toys in which the passes end too early.
@Suite struct ShortestTests {
  private static let seeds = TestScale.count(4, all: 100)

  /// The lengths that the traces of many seeds come to, and what is said of each.
  private static func outcomes<Machine, Model>(
    _ machine: Machine.Type, _ model: Model.Type, searchLimit: Int = ShrinkBudget().searchLimit
  ) -> [(count: Int, length: TraceLength)]
  where
    Machine: StateMachine, Model: TraceModel, Model.Configuration == Machine.Configuration,
    Model.Operation == Machine.Operation
  {
    (1...UInt64(seeds)).compactMap { seed in
      let settings = PropertySettings(
        seed: Seed(seed), traceCount: 400, operationLimit: 100,
        shrinking: ShrinkBudget(searchLimit: searchLimit))
      return Property(machine, model, settings).firstFailure().map {
        ($0.trace.operations.count, $0.shrinking.length)
      }
    }
  }

  @Test func aCapacityGoesDownWithWhatFillsIt() {
    let plain = Self.outcomes(LeastRecentlyUsed.self, CacheModel.self, searchLimit: 0)
    #expect(plain.contains { $0.count > 6 })
    #expect(plain.allSatisfy { $0.length == .unknown })
    let found = Self.outcomes(LeastRecentlyUsed.self, CacheModel.self)
    #expect(found.map(\.count) == Array(repeating: 6, count: Self.seeds))
  }

  @Test func theOtherWayToFourLitresIsFound() {
    let plain = Self.outcomes(WaterJugs.self, JugModel.self, searchLimit: 0)
    #expect(plain.contains { $0.count == 8 })
    let found = Self.outcomes(WaterJugs.self, JugModel.self)
    #expect(found.map(\.count) == Array(repeating: 6, count: Self.seeds))
    // Six letters, of which every sequence of up to five was tried, but what goes on after a failure.
    let traceCount = 6 + 36 + 216 + 1_296 + 7_776
    #expect(
      Set(found.map(\.length.description))
        == ["\(TraceLength.shortest(letterCount: 6, traceCount: traceCount))"])
  }

  @Test func aRingComesToItsSmallest() {
    let found = Self.outcomes(RingBuffer.self, RingModel.self)
    #expect(Set(found.map(\.count)) == [5])
  }

  /// A certificate that claims more than is true is found out, and one that is none is refused.
  @Test func aFalseClaimIsFoundOut() throws {
    let long = Trace<NoConfiguration, CacheOperation>(operations: [
      .make(Slot(0), capacity: 3), .put(Slot(0), key: 0), .put(Slot(0), key: 1),
      .put(Slot(0), key: 2), .get(Slot(0), key: 0), .put(Slot(0), key: 3), .get(Slot(0), key: 0),
    ])
    let runner = TraceRunner<LeastRecentlyUsed>()
    let identity = FailureIdentity("get")
    let plain = try #require(Certificate(of: long, identity) { runner.run($0) })
    #expect(plain.isMinimal)
    var claimed = plain
    claimed.length = .shortest(letterCount: 5, traceCount: 900)
    let read = try Certificate(parsing: "\(claimed)")
    #expect(read == claimed)
    let search = (search: ShortestSearch<NoConfiguration, CacheOperation>(), limit: 10_000)
    let found = read.discrepancies(for: long, search: search) { runner.run($0) }
    #expect(found.count == 1)
    #expect(found.first?.description.contains("make s0 2; put s0 0; put s0 1") == true)
    #expect(plain.discrepancies(for: long, search: search) { runner.run($0) } == [])
    let text = "\(claimed)".replacing("proved shortest", with: "shortest")
    #expect(throws: CertificateError.self) { try Certificate(parsing: text) }
  }

  @Test(arguments: [
    TraceLength.unknown, .searched(traceCount: 12), .shortest(letterCount: 0, traceCount: 0),
    .shortest(letterCount: 4, traceCount: 6_690),
  ])
  func aLengthIsReadBack(_ length: TraceLength) {
    #expect(TraceLength("\(length)") == length)
    #expect(TraceLength("\(length).") == nil)
  }
}
