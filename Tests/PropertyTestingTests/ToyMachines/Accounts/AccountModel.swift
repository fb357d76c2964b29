import PropertyTesting

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
