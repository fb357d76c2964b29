import PropertyTesting

/// An operation that breaks one law of its choice.
struct LyingOperation: SlotOperation {
  var lie: LawBreach.Law?
  var slot: Slot
  var number: UInt64
  var hidden = 0

  init(_ lie: LawBreach.Law?, slot: Int = 0, number: UInt64 = 6, hidden: Int = 0) {
    self.lie = lie
    self.slot = Slot(slot)
    self.number = number
    self.hidden = hidden
  }

  var kind: Int { 0 }
  var slots: SlotUses { .creates(slot) }
  var description: String { "lie \(slot) \(number)" }
  var parameters: [Parameter] { [Parameter(role: 0, value: number)] }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    var copy = self
    copy.slot = rename(slot)
    if lie == .identityRenaming { copy.slot = Slot(slot.number + 1) }
    if lie == .faithfulRenaming, rename(slot) != slot { copy.slot = slot }
    return copy
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    var copy = self
    copy.number = value
    if lie == .identityReplacement, value == number { copy.number = value + 1 }
    if lie == .faithfulReplacement, value != number { copy.slot = Slot(99) }
    return copy
  }

  func merging(_ other: Self) -> [Self] {
    var copy = self
    copy.number += other.number
    if lie == .merger { copy.slot = Slot(slot.number + 1) }
    return [copy]
  }
}
