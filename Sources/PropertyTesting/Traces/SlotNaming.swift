/// Renaming of slots that leaves the meaning of a trace as it is.
public enum SlotNaming {
  /// Gives every lifetime a slot of its own, numbered in order of first use.
  ///
  /// Reuse of slots ties operations together: delete one `free s0` and a later creation in s0 is
  /// skipped. With a slot for each lifetime, operations are as independent as they can be, and a
  /// reader knows that s1 is one thing. Nil when there are more lifetimes than slots. None of the
  /// operations may be one that is skipped: a creation in a busy slot would come to life.
  public static func separated<Operation: SlotOperation>(
    _ operations: [Operation]
  ) -> [Operation]? {
    var names: [Slot: Slot] = [:]
    var next = 0
    var renamed: [Operation] = []
    renamed.reserveCapacity(operations.count)
    for operation in operations {
      var created: [Slot] = []
      operation.slots.forEach { use in
        if use.effect == .creates { created.append(use.slot) }
      }
      operation.slots.forEach { use in
        guard created.contains(use.slot) || names[use.slot] == nil else { return }
        guard let slot = Slot(exactly: next) else { return }
        names[use.slot] = slot
        next += 1
      }
      guard next < Slot.limit else { return nil }
      renamed.append(operation.renamingSlots { names[$0] ?? $0 })
    }
    return renamed
  }

  /// How many creations take a slot that an earlier one took.
  static func reuseCount(_ operations: [some SlotOperation]) -> Int {
    var created: Set<Slot> = []
    var count = 0
    for operation in operations {
      operation.slots.forEach { use in
        if use.effect == .creates, !created.insert(use.slot).inserted { count += 1 }
      }
    }
    return count
  }
}
