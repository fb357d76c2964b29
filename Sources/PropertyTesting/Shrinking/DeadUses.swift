/// Operations that cannot but be skipped, because nothing was ever created in their slot.
enum DeadUses {
  /// Without them: a candidate that lost a creation then looks like one that lost the whole
  /// lifetime, and is not executed twice.
  static func removed<C, O>(from trace: Trace<C, O>) -> Trace<C, O> {
    var created: Set<Slot> = []
    var copy = trace
    copy.operations = trace.operations.filter { operation in
      let uses = operation.slots
      let isDead = uses.contains { use in
        switch use.effect {
        case .uses, .destroys: !created.contains(use.slot)
        case .creates, .mentions: false
        }
      }
      guard !isDead else { return false }
      uses.forEach { if $0.effect == .creates { created.insert($0.slot) } }
      return true
    }
    return copy
  }
}
