import PropertyTesting

/// Sizes in neighbourhoods: a trace keeps to a few sizes and their neighbours, so that lists fill.
struct ToyPoolModel: TraceModel {
  static let kinds = [
    OperationKind("alloc", weight: 3, isEssential: true), OperationKind("free", weight: 2),
  ]
  static let slotCapacity = 200

  private let sizes: [Int]

  init<Choices: ChoiceSource>(configuration: ToyPoolConfiguration, choices: inout Choices) {
    var sizes: [Int] = []
    for _ in 0..<choices.draw(in: 1...8) {
      let size = choices.chance(1, in: 2) ? choices.draw(in: 1...8) : choices.draw(in: 1...64)
      sizes.append(size)
      if choices.chance(1, in: 2) { sizes += [max(size - 1, 1), min(size + 1, 64)] }
    }
    self.sizes = sizes
  }

  func isPossible(kind: Int, slots: SlotTable) -> Bool {
    kind == 0 ? slots.emptyCount > 0 : slots.liveCount > 0
  }

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> ToyPoolOperation? {
    guard let slot = choices.drawSlot(kind == 0 ? .empty : .leaving, from: slots) else {
      return nil
    }
    return kind == 0 ? .alloc(slot, units: UInt64(choices.draw(from: sizes))) : .free(slot)
  }
}
