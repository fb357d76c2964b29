import PropertyTesting

/// More duplicates than handles opened, so that copies of copies come up.
struct HandleModel: TraceModel {
  static let kinds = [
    OperationKind("open", isEssential: true), OperationKind("duplicate", weight: 3),
    OperationKind("read"), OperationKind("close", weight: 2),
  ]
  static let slotCapacity = 30

  init<Choices: ChoiceSource>(configuration: ToyConfiguration, choices: inout Choices) {}

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> HandleOperation? {
    switch kind {
    case 0: return choices.drawSlot(.empty, from: slots).map { .open($0) }
    case 1:
      guard let from = choices.drawSlot(.live, from: slots),
        let to = choices.drawSlot(.empty, from: slots)
      else { return nil }
      return .duplicate(from, into: to)
    case 2: return choices.drawSlot(.live, from: slots).map { .read($0) }
    default: return choices.drawSlot(.leaving, from: slots).map { .close($0) }
    }
  }

  func isPossible(kind: Int, slots: SlotTable) -> Bool {
    switch kind {
    case 0: slots.emptyCount > 0
    case 1: slots.liveCount > 0 && slots.emptyCount > 0
    default: slots.liveCount > 0
    }
  }
}
