import PropertyTesting

/// Opens and closes accounts and moves money between two of them.
enum AccountOperation: SlotOperation {
  case open(Slot, amount: UInt64)
  case transfer(Slot, Slot, amount: UInt64)
  case close(Slot)

  var kind: Int {
    switch self {
    case .open: 0
    case .transfer: 1
    case .close: 2
    }
  }

  var slots: SlotUses {
    switch self {
    case .open(let slot, _): .creates(slot)
    case .transfer(let from, let to, _): .two(SlotUse(from, .uses), SlotUse(to, .uses))
    case .close(let slot): .destroys(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    switch self {
    case .open(let slot, let amount): .open(rename(slot), amount: amount)
    case .transfer(let from, let to, let amount):
      .transfer(rename(from), rename(to), amount: amount)
    case .close(let slot): .close(rename(slot))
    }
  }

  var parameters: [Parameter] {
    switch self {
    case .open(_, let amount), .transfer(_, _, let amount): [Parameter(role: 0, value: amount)]
    case .close: []
    }
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard value <= 100_000 else { return nil }
    return switch self {
    case .open(let slot, _): .open(slot, amount: value)
    case .transfer(let from, let to, _): .transfer(from, to, amount: value)
    case .close: nil
    }
  }

  var description: String {
    switch self {
    case .open(let slot, let amount): "open \(slot) \(amount)"
    case .transfer(let from, let to, let amount): "transfer \(from) \(to) \(amount)"
    case .close(let slot): "close \(slot)"
    }
  }
}
