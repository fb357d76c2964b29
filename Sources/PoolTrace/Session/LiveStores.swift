import KernelPool
import PoolInvariants

// Stores of a trace, as what callers hold has to know them.

extension LiveAllocations {
  /// Notes a store that was done, and returns what it touched. Bytes that a slot's owner writes
  /// within its own memory are no overrun; a store through another address is held against the
  /// pattern of whatever lies there.
  public mutating func noteStore(
    _ expression: AddressExpression, byteCount: Int, by replayer: borrowing Replayer
  ) -> TouchedByOperation {
    guard let address = replayer.resolve(expression) else { return .nothing }
    if case .slot(let name, let offset) = expression, let slot = ownSlot(name, replayer) {
      update(slot.address) { $0.noteWrite(offset: offset, count: UInt64(byteCount)) }
    }
    return .store(address, byteCount: UInt64(byteCount))
  }

  /// Notes that a slot was filled with its pattern, and returns what that touched.
  public mutating func noteFill(
    _ name: SlotName, by replayer: borrowing Replayer
  ) -> TouchedByOperation {
    guard let slot = replayer.slots[name], let seed = slot.patternSeed else { return .nothing }
    if ownSlot(name, replayer) != nil { update(slot.address) { $0.noteFill(seed: seed) } }
    return .store(slot.address, byteCount: slot.bytes)
  }

  /// The slot, if what it holds is still its own: `freeat` takes it away unseen, and then another
  /// slot may have been given the same address.
  public func ownSlot(_ name: SlotName, _ replayer: borrowing Replayer) -> TraceSlot? {
    guard let slot = replayer.slots[name], slot.state == .holds, let owned = self[slot.address],
      replayer.slots.index(of: name) == Int(owned.slot)
    else { return nil }
    return slot
  }
}
