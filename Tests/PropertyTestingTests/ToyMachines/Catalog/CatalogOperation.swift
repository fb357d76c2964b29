import PropertyTesting

/// Creates, drops and fills tables of a few names.
enum CatalogOperation: SlotOperation {
  case create(Slot, name: UInt64)
  case insert(Slot)
  case drop(Slot)

  var kind: Int {
    switch self {
    case .create: 0
    case .insert: 1
    case .drop: 2
    }
  }

  var slots: SlotUses {
    switch self {
    case .create(let slot, _): .creates(slot)
    case .insert(let slot): .uses(slot)
    case .drop(let slot): .destroys(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    switch self {
    case .create(let slot, let name): .create(rename(slot), name: name)
    case .insert(let slot): .insert(rename(slot))
    case .drop(let slot): .drop(rename(slot))
    }
  }

  var parameters: [Parameter] {
    guard case .create(_, let name) = self else { return [] }
    return [Parameter(role: 0, value: name, landmarks: [1, 2, 3])]
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard case .create(let slot, _) = self, value < 4 else { return nil }
    return .create(slot, name: value)
  }

  var description: String {
    switch self {
    case .create(let slot, let name): "create \(slot) \(name)"
    case .insert(let slot): "insert \(slot)"
    case .drop(let slot): "drop \(slot)"
    }
  }
}
