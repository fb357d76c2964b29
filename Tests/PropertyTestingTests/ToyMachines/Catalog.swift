import PropertyTesting

/// A catalogue of named tables whose planted bugs depend on what was dropped before.
struct Catalog: StateMachine {
  private let bug: UInt64
  private var names: [Slot: UInt64] = [:]
  private var dropped: Set<UInt64> = []
  private var creations = 0

  init(configuration: ToyConfiguration) {
    bug = configuration.bug
  }

  mutating func perform(
    _ operation: CatalogOperation, _ violations: inout [String]
  ) -> StepEffect {
    switch operation {
    case .create(let slot, let name):
      if names.values.contains(name) { return .refused }
      names[slot] = name
      creations += 1
    case .drop(let slot):
      if let name = names.removeValue(forKey: slot) { dropped.insert(name) }
    case .insert(let slot):
      // Bug 1: a table whose name was used before still has the old, freed index.
      if bug == 1, let name = names[slot], dropped.contains(name) { violations.append("stale") }
      // Bug 2: a parity. Each single deletion hides it; only pairs can go.
      if bug == 2, creations % 2 == 0 { violations.append("parity") }
      // Bug 3: another failure on the way to the one that is looked for.
      if bug == 3, names.count == 2 { violations.append("pair") }
      if bug == 3, names.count == 3 { violations.append("triple") }
    }
    return .performed
  }

  static func identity(
    of violation: String, after operation: CatalogOperation?
  ) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

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
