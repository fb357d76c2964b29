import PropertyTesting

/// Allocates and frees.
enum ToyPoolOperation: SlotOperation, LosslessStringConvertible {
  case alloc(Slot, units: UInt64)
  case free(Slot)

  var kind: Int {
    switch self {
    case .alloc: 0
    case .free: 1
    }
  }

  var name: String { kind == 0 ? "alloc" : "free" }

  var slots: SlotUses {
    switch self {
    case .alloc(let slot, _): .creates(slot)
    case .free(let slot): .destroys(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    switch self {
    case .alloc(let slot, let units): .alloc(rename(slot), units: units)
    case .free(let slot): .free(rename(slot))
    }
  }

  var parameters: [Parameter] {
    guard case .alloc(_, let units) = self else { return [] }
    return [Parameter(role: 0, value: units, origin: 1, landmarks: [5, 63])]
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard case .alloc(let slot, _) = self, (1...64).contains(value) else { return nil }
    return .alloc(slot, units: value)
  }

  func merging(_ other: Self) -> [Self] {
    guard case .alloc(let slot, let units) = self, case .alloc(_, let more) = other,
      units + more <= 64
    else { return [] }
    return [.alloc(slot, units: units + more)]
  }

  var description: String {
    switch self {
    case .alloc(let slot, let units): "alloc \(slot) \(units)"
    case .free(let slot): "free \(slot)"
    }
  }

  init?(_ description: String) {
    let words = description.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("alloc", 3):
      guard let slot = Slot(words[1]), let units = UInt64(words[2]), (1...64).contains(units)
      else { return nil }
      self = .alloc(slot, units: units)
    case ("free", 2):
      guard let slot = Slot(words[1]) else { return nil }
      self = .free(slot)
    default: return nil
    }
  }
}

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
