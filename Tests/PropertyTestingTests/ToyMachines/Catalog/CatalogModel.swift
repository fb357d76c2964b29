import PropertyTesting

/// A few names, so that they come again.
struct CatalogModel: TraceModel {
  static let kinds = [
    OperationKind("create", weight: 4, isEssential: true), OperationKind("insert"),
    OperationKind("drop", weight: 3),
  ]
  static let slotCapacity = 12

  init<Choices: ChoiceSource>(configuration: ToyConfiguration, choices: inout Choices) {}

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> CatalogOperation? {
    switch kind {
    case 0:
      guard let slot = choices.drawSlot(.empty, from: slots) else { return nil }
      return .create(slot, name: choices.draw(below: 4))
    case 1: return choices.drawSlot(.live, from: slots).map { .insert($0) }
    default: return choices.drawSlot(.leaving, from: slots).map { .drop($0) }
    }
  }

  func isPossible(kind: Int, slots: SlotTable) -> Bool {
    kind == 0 ? slots.emptyCount > 0 : slots.liveCount > 0
  }
}
