import PropertyTesting

/// A machine that breaks one law of its choice.
struct LyingMachine: StateMachine {
  private let configuration: LyingConfiguration
  private var count = 0

  init(configuration: LyingConfiguration) {
    self.configuration = configuration
  }

  static var slotKeeping: SlotKeeping { .byMachine }

  mutating func perform(
    _ operation: LyingOperation, _ violations: inout [String]
  ) -> StepEffect {
    switch configuration.lie {
    case .determinism:
      if configuration.clock.tick() % 3 == 0 { violations.append("now and then") }
    case .slotNames:
      if operation.slot.number >= 40 { violations.append("a slot of another name") }
    case .skipping:
      count += 1
      if count == 4 { violations.append("the fourth") }
      return count % 2 == 0 ? .skipped : .performed
    default: break
    }
    return .performed
  }

  static func identity(of violation: String, after operation: LyingOperation?) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

struct LyingConfiguration: TraceConfiguration {
  var lie: LawBreach.Law?
  let clock = Clock()

  init() {}

  init(_ lie: LawBreach.Law?) {
    self.lie = lie
  }

  var description: String { "lying" }

  static func == (left: Self, right: Self) -> Bool { left.lie == right.lie }

  /// What a machine must never look at.
  final class Clock: @unchecked Sendable {
    private var ticks = 0

    func tick() -> Int {
      ticks += 1
      return ticks
    }
  }
}
