import PropertyTesting

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
