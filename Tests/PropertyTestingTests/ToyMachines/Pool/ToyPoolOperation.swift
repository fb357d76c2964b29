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
