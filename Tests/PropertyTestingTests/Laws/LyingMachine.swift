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

/// An operation that breaks one law of its choice.
struct LyingOperation: SlotOperation {
  var lie: LawBreach.Law?
  var slot: Slot
  var number: UInt64
  var hidden = 0

  init(_ lie: LawBreach.Law?, slot: Int = 0, number: UInt64 = 6, hidden: Int = 0) {
    self.lie = lie
    self.slot = Slot(slot)
    self.number = number
    self.hidden = hidden
  }

  var kind: Int { 0 }
  var slots: SlotUses { .creates(slot) }
  var description: String { "lie \(slot) \(number)" }
  var parameters: [Parameter] { [Parameter(role: 0, value: number)] }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    var copy = self
    copy.slot = rename(slot)
    if lie == .identityRenaming { copy.slot = Slot(slot.number + 1) }
    if lie == .faithfulRenaming, rename(slot) != slot { copy.slot = slot }
    return copy
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    var copy = self
    copy.number = value
    if lie == .identityReplacement, value == number { copy.number = value + 1 }
    if lie == .faithfulReplacement, value != number { copy.slot = Slot(99) }
    return copy
  }

  func merging(_ other: Self) -> [Self] {
    var copy = self
    copy.number += other.number
    if lie == .merger { copy.slot = Slot(slot.number + 1) }
    return [copy]
  }
}

/// Which law is broken, and the clock that tempts to it.
struct LyingConfiguration: MachineConfiguration {
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
