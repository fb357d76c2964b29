import PropertyTesting
import Testing

@Suite struct TraceGeneratorTests {
  private typealias Generator = TraceGenerator<ToyPoolModel>

  private func trace(stream: UInt64, count: Int) -> Trace<ToyPoolConfiguration, ToyPoolOperation> {
    var choices = RandomChoices(seed: Seed(77), stream: stream)
    let swarm = Swarm.draw(ToyPoolModel.kinds, from: &choices)
    return Generator.trace(
      operationCount: count, configuration: ToyPoolConfiguration(), swarm: swarm,
      choices: &choices)
  }

  @Test func theSameSeedGivesTheSameTrace() {
    let traces = (0..<20).map { trace(stream: $0, count: 50) }
    #expect(traces == (0..<20).map { trace(stream: $0, count: 50) })
    #expect(traces[0] != traces[1])
  }

  /// Pinned: a change of this text means that every seed ever reported means something else now.
  @Test func aGeneratedTraceIsPinned() {
    let lines = trace(stream: 3, count: 8).operations.map(\.description)
    let expect = [
      "alloc s57 2", "free s57", "alloc s12 3", "alloc s83 2", "alloc s108 2", "alloc s101 3",
      "free s12", "free s83",
    ]
    #expect(lines == expect)
  }

  @Test func aRandomSourceLooksAtTheState() {
    for stream in 0..<50 {
      let execution = TraceRunner<ToyPool>().run(trace(stream: UInt64(stream), count: 100))
      // Only a refused allocation, which a model cannot foresee, makes a later one skip.
      #expect(execution.failure == nil)
    }
  }

  @Test func everyStringOfBytesIsATrace() {
    var random = Xoshiro256(seed: 4)
    var operationCount = 0
    for length in 0..<200 {
      let bytes = (0..<length).map { _ in UInt8(random.draw(below: 256)) }
      let trace = Generator.trace(decoding: bytes, operationLimit: 20)
      #expect(trace.operations.count <= 20)
      #expect(TraceRunner<ToyPool>().run(trace).failure == nil)
      operationCount += trace.operations.count
    }
    #expect(operationCount > 1_000)
  }

  /// State-independent meaning: as long as the kinds stay, a mutated byte changes one operation.
  @Test func aMutatedByteChangesOneOperation() {
    let bytes = [UInt8](repeating: 1, count: 60)
    let original = Generator.trace(decoding: bytes, operationLimit: 100)
    var single = 0
    for position in 6..<60 {
      var mutated = bytes
      mutated[position] = 2
      let other = Generator.trace(decoding: mutated, operationLimit: 100)
      guard original.operations.map(\.kind) == other.operations.map(\.kind) else { continue }
      let changed = zip(original.operations, other.operations).count { $0 != $1 }
      #expect(changed <= 1)
      single += changed
    }
    #expect(single > 15)
  }

  @Test func swarmLeavesKindsOutButNeverTheEssentialOnes() {
    var omitted = 0
    for stream in 0..<400 {
      var choices = RandomChoices(seed: Seed(5), stream: UInt64(stream))
      let swarm = Swarm.draw(ToyPoolModel.kinds, from: &choices)
      #expect(swarm.weights[0] > 0)
      if swarm.weights[1] == 0 { omitted += 1 }
    }
    #expect((60...140).contains(omitted), "\(omitted)")
  }

  @Test func aSwarmThatWouldOmitAllOmitsNothing() {
    let kinds = [OperationKind("a"), OperationKind("b", weight: 2)]
    for stream in 0..<200 {
      var choices = RandomChoices(seed: Seed(6), stream: UInt64(stream))
      let swarm = Swarm.draw(kinds, from: &choices)
      #expect(swarm.weights.contains { $0 > 0 })
    }
  }

  @Test func omittedKindsAreNotGenerated() {
    var choices = RandomChoices(seed: Seed(6))
    let trace = Generator.trace(
      operationCount: 100, configuration: ToyPoolConfiguration(), swarm: Swarm(weights: [1, 0]),
      choices: &choices)
    #expect(trace.operations.count == 100)
    #expect(trace.operations.allSatisfy { $0.kind == 0 })
  }

  @Test func repetitionMakesLongRuns() {
    func runCount(_ sixteenths: UInt64) -> Int {
      var choices = RandomChoices(seed: Seed(6))
      let swarm = Swarm(weights: [1, 1], repeatSixteenths: sixteenths)
      let kinds = Generator.trace(
        operationCount: 400, configuration: ToyPoolConfiguration(), swarm: swarm,
        choices: &choices
      ).operations.map(\.kind)
      return zip(kinds, kinds.dropFirst()).count { $0 != $1 }
    }
    #expect(runCount(14) * 3 < runCount(0))
  }

  @Test func theSummaryNamesWhatWasDrawn() {
    let swarm = Swarm(weights: [6, 0], policy: .oldestFirst, repeatSixteenths: 8)
    #expect(swarm.summary(ToyPoolModel.kinds) == "alloc*6 oldestFirst repeat=8/16")
  }

  @Test func generationEndsWhenNothingIsPossible() {
    var choices = RandomChoices(seed: Seed(6))
    let trace = Generator.trace(
      operationCount: 10, configuration: ToyPoolConfiguration(), swarm: Swarm(weights: [0, 1]),
      choices: &choices)
    #expect(trace.operations.isEmpty)
  }
}
