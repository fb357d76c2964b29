import KernelPool
import PoolFuzzing
import PoolInvariants
import PoolTrace
import PropertyTesting

/// One trace with the checks that cost no more than the operation: invariants of what it touched, and
/// no two live blocks over one another.
///
/// It only has a suspicion. Where something looks wrong, or the kernel stops, `CheckedPool` runs the
/// trace again with all its oracles, and its verdict counts. So this loop may leave out whatever costs
/// time: predictions, the tables of a first and last look, everything that misuse needs.
struct QuickRun: ~Copyable {
  private var replayer: Replayer
  private let view: PoolView
  private var audit: PoolAudit
  private var live = LiveAllocations()
  private var starts: [Address] = []
  private var ends: [Address] = []

  /// Boots a machine; nil where the configuration cannot be.
  init?(_ setup: PoolSetup) {
    do throws(ConfigurationError) {
      replayer = try Replayer.boot(setup.configuration, mutant: setup.mutant)
    } catch {
      return nil
    }
    view = replayer.pool.view
    audit = PoolAudit(view)
    _ = takeMechanisms()
  }

  /// The pool as a debugger sees it, valid as long as this run.
  var poolView: PoolView { view }

  /// What the operations since the last call have set in motion.
  mutating func takeMechanisms() -> Mechanisms {
    let mechanisms = replayer.pool.mechanisms
    replayer.pool.mechanisms = []
    return mechanisms
  }

  /// What an operation came to.
  enum Outcome: Equatable {
    case performed, refused, skipped, suspicious
  }

  /// Runs an operation.
  mutating func perform(_ operation: PoolTrace.Operation) -> Outcome {
    var freed: Address = 0
    if case .free(let name, _) = operation { freed = replayer.slots[name]?.address ?? 0 }
    let result = replayer.step(operation)
    let touched: TouchedByOperation
    switch result {
    case .skipped, .nothingToDo: return .skipped
    case .halted, .raised, .dump: return .suspicious
    case .null:
      if case .contiguous(_, let bytes, _) = operation {
        audit.recordContiguousRefusal(view, bytes: bytes)
      }
      return .refused
    case .allocated(let address):
      guard let allocation = noteAllocation(operation, address) else { return .suspicious }
      touched = .allocation(address, allocation)
    case .freed:
      guard case .free = operation else { return .suspicious }
      touched = noteRelease(freed)
    case .done: touched = noteStore(operation)
    }
    return audit.cheap(view, live, touched).isEmpty ? .performed : .suspicious
  }

  // MARK: Books

  /// Notes an allocation; nil where it lies over a live one.
  private mutating func noteAllocation(
    _ operation: PoolTrace.Operation, _ address: Address
  ) -> LiveAllocation? {
    let name: SlotName
    switch operation {
    case .alloc(let slot, _, _, _): name = slot
    case .contiguous(let slot, _, _): name = slot
    default: return nil
    }
    guard let index = replayer.slots.index(of: name), let slot = replayer.slots[name]
    else { return nil }
    let allocation = LiveAllocation(
      slot: UInt32(truncatingIfNeeded: index), requestedBytes: slot.bytes, type: slot.type,
      tag: slot.tag, patternSeed: slot.patternSeed, isContiguous: slot.isContiguous)
    live.insert(address, allocation)
    audit.recordAllocation(view, at: address, allocation)
    let end = address &+ max(slot.bytes, 1)
    let place = position(of: address)
    let isLower = place > 0 && ends[place - 1] > address
    let isUpper = place < starts.count && starts[place] < end
    starts.insert(address, at: place)
    ends.insert(end, at: place)
    return isLower || isUpper ? nil : allocation
  }

  private mutating func noteRelease(_ address: Address) -> TouchedByOperation {
    let allocation = live.remove(address)
    if let allocation { audit.recordFree(view, at: address, allocation) }
    let place = position(of: address)
    if place < starts.count, starts[place] == address {
      starts.remove(at: place)
      ends.remove(at: place)
    }
    return .release(address, allocation)
  }

  private mutating func noteStore(_ operation: PoolTrace.Operation) -> TouchedByOperation {
    switch operation {
    case .fill(let name): return live.noteFill(name, by: replayer)
    case .write(let name, let offset, let bytes):
      return live.noteStore(.slot(name, offset: offset), byteCount: bytes.count, by: replayer)
    default: return .nothing
    }
  }

  /// The first place whose start is not below an address.
  private func position(of address: Address) -> Int {
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
