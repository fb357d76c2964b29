/// One position of a trace under enumeration: what may stand there, and what stands there now.
struct ScopeLevel<Operation: SlotOperation> {
  /// The live slots before the operation, in order of creation.
  let live: [Slot]
  /// Slots below this were created before the operation.
  let usedCount: Int
  /// What may stand here, each once up to the names of slots.
  let alternatives: [Operation]
  /// What stands here now.
  var choice = 0

  init(live: [Slot], usedCount: Int, templates: [Operation]) {
    self.live = live
    self.usedCount = usedCount
    alternatives = templates.flatMap { Self.instances(of: $0, live, usedCount) }
  }

  var operation: Operation { alternatives[choice] }

  /// The level after the operation that stands here.
  func next(_ templates: [Operation]) -> ScopeLevel {
    var live = self.live
    var used = usedCount
    operation.slots.forEach { use in
      switch use.effect {
      case .creates:
        live.append(use.slot)
        used = max(used, use.slot.number + 1)
      case .destroys: live.removeAll { $0 == use.slot }
      case .uses, .mentions: break
      }
    }
    return ScopeLevel(live: live, usedCount: used, templates: templates)
  }

  /// A template with its slots replaced in every way that means something here: a creation takes
  /// the next slot that was never used, a use any live one, a mention any that was ever used.
  private static func instances(
    of template: Operation, _ live: [Slot], _ usedCount: Int
  ) -> [Operation] {
    func slots(for use: SlotUse) -> [Slot] {
      switch use.effect {
      case .creates: Slot(exactly: usedCount).map { [$0] } ?? []
      case .uses, .destroys: live
      case .mentions: (0..<usedCount).map { Slot($0) }
      }
    }
    guard let first = template.slots.first else { return [template] }
    guard let second = template.slots.second else {
      return slots(for: first).map { slot in template.renamingSlots { _ in slot } }
    }
    return slots(for: first).flatMap { left in
      slots(for: second).filter { $0 != left }.map { right in
        template.renamingSlots { $0 == first.slot ? left : right }
      }
    }
  }
}
