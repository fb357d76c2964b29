import PropertyTesting

/// A bank whose planted bugs are arithmetic: numbers that matter only together.
struct Accounts: StateMachine {
  private let bug: UInt64
  private var opened: [Slot: UInt64] = [:]

  init(configuration: ToyConfiguration) {
    bug = configuration.bug
  }

  mutating func perform(
    _ operation: AccountOperation, _ violations: inout [String]
  ) -> StepEffect {
    switch operation {
    case .open(let slot, let amount): opened[slot] = amount
    case .close(let slot): opened[slot] = nil
    case .transfer(let from, let to, let amount):
      let (left, right) = (opened[from] ?? 0, opened[to] ?? 0)
      if from != to, isWrong(left, right, amount) { violations.append("bug \(bug)") }
    }
    return .performed
  }

  private func isWrong(_ left: UInt64, _ right: UInt64, _ amount: UInt64) -> Bool {
    switch bug {
    case 1: left + right >= 1_000  // a sum: redistributed
    case 2: left == right + 1 && amount >= 7  // a difference: lowered together
    case 3: left == right && left >= 300  // equal values: simplified at once
    case 4: amount % 2 == 1 && amount > 50  // one number, not monotone
    default: false
    }
  }

  static func identity(
    of violation: String, after operation: AccountOperation?
  ) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

/// Opens and closes accounts and moves money between two of them.
enum AccountOperation: SlotOperation {
  case open(Slot, amount: UInt64)
  case transfer(Slot, Slot, amount: UInt64)
  case close(Slot)

  var kind: Int {
    switch self {
    case .open: 0
    case .transfer: 1
    case .close: 2
    }
  }

  var slots: SlotUses {
    switch self {
    case .open(let slot, _): .creates(slot)
    case .transfer(let from, let to, _): .two(SlotUse(from, .uses), SlotUse(to, .uses))
    case .close(let slot): .destroys(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    switch self {
    case .open(let slot, let amount): .open(rename(slot), amount: amount)
    case .transfer(let from, let to, let amount):
      .transfer(rename(from), rename(to), amount: amount)
    case .close(let slot): .close(rename(slot))
    }
  }

  var parameters: [Parameter] {
    switch self {
    case .open(_, let amount), .transfer(_, _, let amount): [Parameter(role: 0, value: amount)]
    case .close: []
    }
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard value <= 100_000 else { return nil }
    return switch self {
    case .open(let slot, _): .open(slot, amount: value)
    case .transfer(let from, let to, _): .transfer(from, to, amount: value)
    case .close: nil
    }
  }

  var description: String {
    switch self {
    case .open(let slot, let amount): "open \(slot) \(amount)"
    case .transfer(let from, let to, let amount): "transfer \(from) \(to) \(amount)"
    case .close(let slot): "close \(slot)"
    }
  }
}

/// Amounts near each other, as sums and differences are hit too rarely otherwise.
struct AccountModel: TraceModel {
  static let kinds = [
    OperationKind("open", isEssential: true), OperationKind("transfer", weight: 2),
    OperationKind("close"),
  ]
  static let slotCapacity = 40
  private let base: Int

  init<Choices: ChoiceSource>(configuration: ToyConfiguration, choices: inout Choices) {
    base = choices.draw(in: 350...900)
  }

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> AccountOperation? {
    let amount = UInt64(base + choices.draw(in: 0...5))
    switch kind {
    case 0: return choices.drawSlot(.empty, from: slots).map { .open($0, amount: amount) }
    case 1:
      guard let from = choices.drawSlot(.live, from: slots),
        let to = choices.drawSlot(.live, from: slots)
      else { return nil }
      return .transfer(from, to, amount: UInt64(choices.draw(in: 0...100)))
    default: return choices.drawSlot(.leaving, from: slots).map { .close($0) }
    }
  }

  func isPossible(kind: Int, slots: SlotTable) -> Bool {
    kind == 0 ? slots.emptyCount > 0 : slots.liveCount > 0
  }
}
