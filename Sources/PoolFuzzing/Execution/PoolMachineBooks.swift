import KernelPool
import PoolInvariants
import PoolTrace
import PropertyTesting

// What callers hold, kept up operation by operation: for the invariants and for the shadow
// allocator.

extension PoolMachine {
  /// Books what an operation came to, and asks the shadow allocator about it.
  mutating func note(
    _ operation: PoolTrace.Operation, _ result: StepResult, _ before: PoolTrace.Slot?,
    _ failures: inout [PoolFailure]
  ) {
    switch (operation, result) {
    case (.alloc(let name, _, _, _), .allocated(let address)),
      (.contiguous(let name, _, _), .allocated(let address)):
      noteAllocation(name, address, &failures)
    case (.contiguous(_, let bytes, _), .null):
      audit?.recordContiguousRefusal(replayer.pool.view, bytes: bytes)
    case (.free, .freed): if let before { noteRelease(before.address) }
    case (.freeAt(let expression, _), .freed):
      if let address = replayer.resolve(expression) { noteRelease(address) }
    case (.write(let name, let offset, let bytes), .done):
      touched = live.noteStore(
        .slot(name, offset: offset), byteCount: bytes.count, by: replayer)
    case (.writeAt(let expression, let bytes), .done):
      touched = live.noteStore(expression, byteCount: bytes.count, by: replayer)
    case (.fill(let name), .done): touched = live.noteFill(name, by: replayer)
    case (.alloc(_, let type, _, _), .raised(KernelPool.insufficientResources))
    where type.contains(.raiseOnFailure):
      break
    case (_, .raised(let status)): failures.append(.raised(status))
    default: break
    }
  }

  private mutating func noteAllocation(
    _ name: SlotName, _ address: Address, _ failures: inout [PoolFailure]
  ) {
    guard let index = replayer.slots.index(of: name), let slot = replayer.slots[name]
    else { return }
    let allocation = LiveAllocation(
      slot: UInt32(truncatingIfNeeded: index), requestedBytes: slot.bytes, type: slot.type,
      tag: slot.tag, patternSeed: slot.patternSeed, isContiguous: slot.isContiguous)
    live.insert(address, allocation)
    let view = view
    audit?.recordAllocation(view, at: address, allocation)
    if let block = slot.block { bound?.allocated(block, view) }
    touched = .allocation(address, allocation)
    guard oracles.contains(.shadow) else { return }
    let failure = shadow.allocated(
      address, bytes: slot.bytes, slot.type, isContiguous: slot.isContiguous)
    if let failure { failures.append(failure) }
  }

  private mutating func noteRelease(_ address: Address) {
    let allocation = live.remove(address)
    let view = view
    if let allocation {
      audit?.recordFree(view, at: address, allocation)
      if bound != nil, let block = replayer.slots.slot(at: Int(allocation.slot)).block {
        bound?.freed(block, view)
      }
    }
    touched = .release(address, allocation)
    if oracles.contains(.shadow) { shadow.freed(address) }
  }
}
