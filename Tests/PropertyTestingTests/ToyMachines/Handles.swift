import PropertyTesting

/// Handles to counted objects; the planted bugs miscount.
struct Handles: StateMachine {
  private let bug: UInt64
  private var objects: [Slot: Int] = [:]
  private var duplicates: Set<Slot> = []
  private var counts: [Int] = []

  init(configuration: ToyConfiguration) {
    bug = configuration.bug
  }

  mutating func perform(
    _ operation: HandleOperation, _ violations: inout [String]
  ) -> StepEffect {
    switch operation {
    case .open(let slot):
      objects[slot] = counts.count
      duplicates.remove(slot)
      counts.append(1)
    case .duplicate(let from, let to):
      guard let object = objects[from] else { break }
      objects[to] = object
      // Bug 1: a duplicate of a duplicate is not counted. Bug 2: two bits for the count.
      let isSecondHand = bug == 1 && duplicates.contains(from)
      duplicates.insert(to)
      counts[object] += isSecondHand ? 0 : 1
      if bug == 2 { counts[object] %= 4 }
    case .read(let slot):
      if let object = objects[slot], counts[object] <= 0 { violations.append("read after free") }
    case .close(let slot):
      guard let object = objects.removeValue(forKey: slot) else { break }
      counts[object] -= 1
      if counts[object] < 0 { violations.append("count below zero") }
    }
    return .performed
  }

  static func identity(
    of violation: String, after operation: HandleOperation?
  ) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

/// Opens, duplicates, reads and closes handles to counted objects.
enum HandleOperation: SlotOperation {
  case open(Slot)
  case duplicate(Slot, into: Slot)
  case read(Slot)
  case close(Slot)

  var kind: Int {
    switch self {
    case .open: 0
    case .duplicate: 1
    case .read: 2
    case .close: 3
    }
  }

  var slots: SlotUses {
    switch self {
    case .open(let slot): .creates(slot)
    case .duplicate(let from, let to): .two(SlotUse(from, .uses), SlotUse(to, .creates))
    case .read(let slot): .uses(slot)
    case .close(let slot): .destroys(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    switch self {
    case .open(let slot): .open(rename(slot))
    case .duplicate(let from, let to): .duplicate(rename(from), into: rename(to))
    case .read(let slot): .read(rename(slot))
    case .close(let slot): .close(rename(slot))
    }
  }

  func merging(_ other: Self) -> [Self] {
    // A duplicate can be replaced by what it is a duplicate of, or by a handle of its own.
    guard case .duplicate(_, let to) = self, case .open = other else { return [] }
    return [.open(to)]
  }

  var description: String {
    switch self {
    case .open(let slot): "open \(slot)"
    case .duplicate(let from, let to): "duplicate \(from) \(to)"
    case .read(let slot): "read \(slot)"
    case .close(let slot): "close \(slot)"
    }
  }
}

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
