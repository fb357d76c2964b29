import PropertyTesting
import Testing

@Suite struct PropertyTests {
  private typealias PoolProperty = Property<ToyPool, BuggyPoolModel>

  private func property(_ settings: PropertySettings) -> PoolProperty {
    PoolProperty(ToyPool.self, BuggyPoolModel.self, settings)
  }

  @Test func aHealthyMachineHasNoFailure() {
    let settings = PropertySettings(seed: Seed(1), traceCount: 50)
    let healthy = Property(ToyPool.self, ToyPoolModel.self, settings)
    #expect(healthy.firstFailure() == nil)
  }

  @Test func aFailureIsReportedWithItsReasons() throws {
    let failure = try #require(property(PropertySettings(seed: Seed(1))).firstFailure())
    #expect(failure.identity == FailureIdentity("freeNeighbours after free"))
    #expect(failure.trace.operations.count == 4)
    #expect(failure.certificate?.isMinimal == true)
    for part in [
      "freeNeighbours after free", "  1. alloc s0 5  [without it: passes]",
      "found by: \(failure.source)",
      "no operation can be removed", "configuration: 2 3 3",
    ] {
      #expect(failure.message.contains(part), "\(part)")
    }
  }

  /// The replay line alone brings the failing trace back, however many there were before it.
  @Test func theReplayLineIsEnough() throws {
    let settings = PropertySettings(seed: Seed(9), operationLimit: 12)
    let failure = try #require(property(settings).firstFailure())
    guard case .generated(let seed, let number, _) = failure.source else {
      Issue.record("\(failure.source)")
      return
    }
    #expect(number > 0 && seed == Seed(9))
    #expect("\(failure.source)".hasPrefix("seed 9 trace \(number) ("))
    var again = settings
    again.firstTrace = number
    again.traceCount = 1
    let repeated = try #require(property(again).firstFailure())
    #expect(repeated.original == failure.original)
    #expect(repeated.trace == failure.trace)
  }

  @Test func theMinimalTraceIsReadBack() throws {
    let failure = try #require(property(PropertySettings(seed: Seed(1))).firstFailure())
    let text = failure.trace.description
    let read = try Trace<ToyPoolConfiguration, ToyPoolOperation>(parsing: text)
    #expect(read == failure.trace)
    let spaced = text.replacing("\n", with: "\r\n\r\n")
    let spacedTrace = try Trace<ToyPoolConfiguration, ToyPoolOperation>(parsing: spaced)
    #expect(spacedTrace == failure.trace)
  }

  @Test(arguments: [
    ("", 1), ("x", 1), ("2 3 3\nalloc", 2), ("2 3 3\n\nalloc s0 65", 3), ("2 3 3\nfree s-1", 2),
    ("9 3 3", 1),
  ])
  func whatIsNoTraceIsRefusedAtItsLine(text: String, line: Int) {
    let error = #expect(throws: TraceTextError.self) {
      try Trace<ToyPoolConfiguration, ToyPoolOperation>(parsing: text)
    }
    #expect(error?.line == line)
    #expect(error?.description.hasPrefix("line \(line): ") == true)
  }

  @Test func whatIsAttachedCanBeRead() throws {
    let failure = try #require(property(PropertySettings(seed: Seed(1))).firstFailure())
    let attachments = failure.attachments
    #expect(attachments.map(\.name) == ["minimal.trace", "minimal.certificate", "shrinking.txt"])
    #expect(attachments[0].text == "\(failure.trace)\n")
    let certificate = try Certificate(parsing: attachments[1].text)
    #expect(certificate.isMinimal && certificate.length == failure.shrinking.length)
  }

  @Test func withoutShrinkingTheTraceIsAsFound() throws {
    let settings = PropertySettings(seed: Seed(1), shrinking: .off)
    let failure = try #require(property(settings).firstFailure())
    #expect(failure.trace == failure.original)
    #expect(failure.message.contains("shrinking is off"))
  }

  @Test func aMachineThatChangesItsMindIsSaidTo() throws {
    let settings = PropertySettings(seed: Seed(1), traceCount: 5)
    let fickle = Property(FickleMachine.self, FickleModel.self, settings)
    let failure = try #require(fickle.firstFailure())
    #expect(failure.shrinking.ending == .notReproduced)
    #expect(failure.certificate == nil)
    #expect(failure.message.contains("not deterministic"))
  }

  /// The order of testing does not matter, so work may be spread over any number of threads.
  @Test func tracesDependOnTheirNumberAlone() async {
    let property = property(PropertySettings(seed: Seed(5)))
    let inOrder = (0..<40).map { property.trace($0).trace.description }
    let spread = await withTaskGroup(of: (Int, String).self) { group in
      for number in (0..<40).reversed() {
        group.addTask {
          let property = PoolProperty(
            ToyPool.self, BuggyPoolModel.self, PropertySettings(seed: Seed(5)))
          return (number, property.trace(number).trace.description)
        }
      }
      var texts = Array(repeating: "", count: 40)
      for await (number, text) in group { texts[number] = text }
      return texts
    }
    #expect(spread == inOrder)
  }
}

/// The toy pool's model with a bug in the configuration that it draws.
private struct BuggyPoolModel: TraceModel {
  static let kinds = ToyPoolModel.kinds
  static let slotCapacity = ToyPoolModel.slotCapacity
  private var model: ToyPoolModel

  static func configuration<Choices: ChoiceSource>(
    from choices: inout Choices
  ) -> ToyPoolConfiguration {
    ToyPoolConfiguration(bug: .forgetsPrevious, pages: 1 + choices.draw(below: 4))
  }

  init<Choices: ChoiceSource>(configuration: ToyPoolConfiguration, choices: inout Choices) {
    model = ToyPoolModel(configuration: configuration, choices: &choices)
  }

  func isPossible(kind: Int, slots: SlotTable) -> Bool {
    model.isPossible(kind: kind, slots: slots)
  }

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> ToyPoolOperation? {
    model.propose(kind: kind, slots: slots, choices: &choices)
  }
}

/// Fails the first time that it is run, and never again.
private struct FickleMachine: StateMachine {
  private let configuration: LyingConfiguration

  init(configuration: LyingConfiguration) {
    self.configuration = configuration
  }

  mutating func perform(_ operation: LyingOperation, _ violations: inout [String]) -> StepEffect {
    if configuration.clock.tick() == 1 { violations.append("once") }
    return .performed
  }

  static func identity(of violation: String, after operation: LyingOperation?) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

private struct FickleModel: TraceModel {
  static let kinds = [OperationKind("lie")]

  init<Choices: ChoiceSource>(configuration: LyingConfiguration, choices: inout Choices) {}

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> LyingOperation? {
    choices.drawSlot(.empty, from: slots).map { LyingOperation(nil, slot: $0.number) }
  }
}
