/// The operations that concern one thing, from its creation to its destruction.
///
/// It is the natural unit of deletion in a stateful trace: removing a creation alone leaves its
/// uses behind, and removing a destruction alone leaves a thing that was never meant to stay.
public struct Lifetime: Sendable, Equatable {
  /// The slot that the thing lives in.
  public let slot: Slot
  /// The index of the creation.
  public let creation: Int
  /// The indices of all its operations in order, creation and destruction included.
  public internal(set) var operations: [Int]
  /// The index of the destruction, if there is one.
  public internal(set) var destruction: Int?

  /// The lifetimes in a sequence of operations, in order of creation.
  ///
  /// Read off the effects alone: a creation on a slot begins a lifetime there, ending any that
  /// was open; everything up to the next creation on the slot belongs to it, so that a stale
  /// mention goes with the thing that it is stale of.
  public static func all(in operations: [some SlotOperation]) -> [Lifetime] {
    var lifetimes: [Lifetime] = []
    var current: [Slot: Int] = [:]
    for (index, operation) in operations.enumerated() {
      operation.slots.forEach { use in
        if use.effect == .creates {
          current[use.slot] = lifetimes.count
          lifetimes.append(Lifetime(slot: use.slot, creation: index, operations: [index]))
        } else if let lifetime = current[use.slot] {
          if lifetimes[lifetime].operations.last != index {
            lifetimes[lifetime].operations.append(index)
          }
          if use.effect == .destroys, lifetimes[lifetime].destruction == nil {
            lifetimes[lifetime].destruction = index
          }
        }
      }
    }
    return lifetimes
  }

  init(slot: Slot, creation: Int, operations: [Int], destruction: Int? = nil) {
    self.slot = slot
    self.creation = creation
    self.operations = operations
    self.destruction = destruction
  }
}
