import KernelPool
import PoolInvariants

/// Runs the operations of one trace on one pool.
///
/// It knows slots and nothing else: it prints nothing and checks nothing. Who replays a trace looks
/// at the result of each step, at the pool through `view`, and at the slots.
///
/// It is the pool and a few pointers, and what it knows lies behind these: whoever hands it on by
/// value, as a borrowed argument is handed on, copies no more.
public struct Replayer: ~Copyable {
  /// The pool.
  public var pool: KernelPool
  private let view: PoolView
  private let machine: UnsafeMutablePointer<TraceConfiguration>
  private let ownSlots: UnsafeMutablePointer<ReplaySlots>
  private let ownTags: UnsafeMutablePointer<Set<PoolTag>>
  private let state: UnsafeMutablePointer<State>

  /// What an operation changes besides the pool, the slots and the tags.
  private struct State {
    var allocations: UInt32 = 0
    /// The tags that came last, each at a place that follows from it.
    var lastTags: [16 of PoolTag?] = .init(repeating: nil)
    var touched: TouchedByOperation = .nothing
    var filled: FilledMemory?
  }

  private init(_ configuration: TraceConfiguration, _ pool: consuming KernelPool) {
    machine = .allocate(capacity: 1)
    machine.initialize(to: configuration)
    ownSlots = .allocate(capacity: 1)
    ownSlots.initialize(to: ReplaySlots())
    ownTags = .allocate(capacity: 1)
    ownTags.initialize(to: [])
    state = .allocate(capacity: 1)
    state.initialize(to: State())
    view = pool.view
    self.pool = pool
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
    ownTags.deinitialize(count: 1)
    ownTags.deallocate()
    ownSlots.deinitialize(count: 1)
    ownSlots.deallocate()
    machine.deinitialize(count: 1)
    machine.deallocate()
  }

  /// The machine.
  public var configuration: TraceConfiguration { unsafeAddress { UnsafePointer(machine) } }
  /// The slots.
  public var slots: ReplaySlots { unsafeAddress { UnsafePointer(ownSlots) } }
  /// What the slots hold, by slot and by address.
  public var live: LiveAllocations { unsafeAddress { liveAddress } }
  /// Where that lies, for the replayer's whole life: whoever hands the value itself on, while
  /// something beside it changes, copies it.
  public var liveAddress: UnsafePointer<LiveAllocations> {
    withUnsafeMutablePointer(to: &ownSlots.pointee.live) { UnsafePointer($0) }
  }
  /// Tags of the allocations so far, failed ones too.
  public var tags: Set<PoolTag> { unsafeAddress { UnsafePointer(ownTags) } }

  /// What the last operation did to what callers hold; nothing certain where the kernel stopped.
  public var touched: TouchedByOperation { state.pointee.touched }
  /// What the last operation filled with a pattern, as the last thing that it did; nil where it filled
  /// nothing. Whoever stores to the pool by other ways than `step` has to forget it.
  public var filled: FilledMemory? { state.pointee.filled }

  /// Boots a machine. Throws where the configuration cannot be or memory is short.
  public static func boot(
    _ configuration: TraceConfiguration, mutant: Mutant = .none,
    reserve: ReservedBytes.Reserver = RecycledMemory.reserve
  ) throws(ConfigurationError) -> Replayer {
    let pool = try KernelPool.boot(configuration.pool, mutant: mutant, reserve: reserve)
    return Replayer(configuration, pool)
  }

  /// Becomes what `other` is; both were booted with the same configuration and planted bug. Views of
  /// this pool stay valid.
  public mutating func become(_ other: borrowing Replayer) {
    pool.become(other.pool)
    ownSlots.pointee = other.ownSlots.pointee
    ownTags.pointee = other.ownTags.pointee
    state.pointee.allocations = other.state.pointee.allocations
    state.pointee.lastTags = other.state.pointee.lastTags
    state.pointee.touched = other.state.pointee.touched
    state.pointee.filled = nil
  }

  /// Runs one operation. Configurations, dumps and expectations are the caller's business.
  public mutating func step(_ operation: Operation) -> StepResult {
    state.pointee.touched = .nothing
    state.pointee.filled = nil
    switch operation {
    case .config, .expect: return .done
    case .dump: return .dump
    case .target: return .skipped
    case .alloc(let name, let type, let bytes, let tag):
      return allocate(name, type, bytes, tag)
    case .contiguous(let name, let bytes, let limits):
      return allocateContiguous(name, bytes, limits ?? .none)
    case .free(let name, let tag): return free(name, tag)
    case .freeAt(let expression, let tag):
      guard let address = resolve(expression) else { return .skipped }
      return released(address, pool.free(address, tag: tag))
    case .write(let name, let offset, let bytes): return write(name, offset, bytes)
    case .writeAt(let expression, let bytes):
      guard let address = resolve(expression) else { return .skipped }
      guard case .slot(let name, let offset) = expression else { return write(address, bytes) }
      return write(address, bytes, as: ownSlots.pointee.index(of: name), offset)
    case .fill(let name): return fill(name)
    case .processor(let number):
      guard Int(number) < machine.pointee.pool.processors else { return .skipped }
      pool.run(onProcessor: Int(number))
      return .done
    case .tick(let seconds):
      pool.tick(seconds: UInt64(seconds))
      return .done
    case .interruptLevel(let level):
      pool.setInterruptLevel(UInt32(level))
      return .done
    }
  }

  // MARK: Allocation

  /// Most requests have a tag of one shortly before; hashing each would show in the time.
  private mutating func note(_ tag: PoolTag) {
    let place = Int(truncatingIfNeeded: (tag.word &* 0x9E37_79B1) &>> 28)
    guard tag != state.pointee.lastTags[place] else { return }
    state.pointee.lastTags[place] = tag
    ownTags.pointee.insert(tag)
  }

  private mutating func allocate(
    _ name: SlotName, _ type: PoolType, _ bytes: UInt64, _ tag: PoolTag
  ) -> StepResult {
    let known = ownSlots.pointee.index(of: name)
    if let known, ownSlots.pointee[known].state == .holds { return .skipped }
    note(tag)
    let outcome = pool.allocate(type, bytes: bytes, tag: tag)
    return finish(
      name, known, outcome,
      LiveAllocation(slot: 0, requestedBytes: bytes, type: type, tag: tag, patternSeed: nil))
  }

  private mutating func allocateContiguous(
    _ name: SlotName, _ bytes: UInt64, _ limits: ContiguousLimits
  ) -> StepResult {
    let known = ownSlots.pointee.index(of: name)
    if let known, ownSlots.pointee[known].state == .holds { return .skipped }
    note(.contiguous)
    let outcome = pool.allocateContiguous(
      bytes: bytes, lowest: limits.lowest, highest: limits.highest, boundary: limits.boundary)
    return finish(
      name, known, outcome,
      LiveAllocation(
        slot: 0, requestedBytes: bytes, type: .cacheAligned, tag: .contiguous, patternSeed: nil,
        isContiguous: true))
  }

  private mutating func finish(
    _ name: SlotName, _ known: Int?, _ outcome: KernelPool.AllocationOutcome,
    _ request: LiveAllocation
  ) -> StepResult {
    var allocation = request
    switch outcome {
    case .address(let address):
      let index = ownSlots.pointee.claim(name, known: known)
      allocation.slot = UInt32(truncatingIfNeeded: index)
      allocation.measure(view, at: address)
      let isFilled = machine.pointee.fill == .on
      if isFilled {
        state.pointee.allocations &+= 1
        allocation.patternSeed =
          FillPattern(slot: allocation.slot, allocation: state.pointee.allocations).seed
      }
      if isInSpecialPool(address) {
        ownSlots.pointee.live.note(TraceSlot(.holds, at: address, allocation))
      } else {
        let isFirst = ownSlots.pointee.live.insert(address, allocation)
        state.pointee.touched = .allocation(slot: index, isFirst: isFirst)
      }
      if isFilled, let seed = allocation.patternSeed,
        let reason = writePattern(seed, at: address, byteCount: allocation.requestedBytes)
      {
        return .halted(reason)
      }
      return .allocated(address)
    case .null, .raised:
      allocation.slot = UInt32(truncatingIfNeeded: ownSlots.pointee.claim(name, known: known))
      ownSlots.pointee.live.note(TraceSlot(.null, at: 0, allocation))
      if case .raised(let status) = outcome { return .raised(status) }
      return .null
    case .halted(let reason): return .halted(reason)
    }
  }

  // MARK: Free

  private mutating func free(_ name: SlotName, _ tag: PoolTag?) -> StepResult {
    guard let index = ownSlots.pointee.index(of: name) else { return .skipped }
    switch ownSlots.pointee[index].state {
    case .freed: return .skipped
    case .null:
      ownSlots.pointee.markFreed(index)
      return .nothingToDo
    case .holds:
      let address = ownSlots.pointee[index].address
      let isContiguous = ownSlots.pointee[index].isContiguous
      ownSlots.pointee.markFreed(index)
      return released(
        address, isContiguous ? pool.freeContiguous(address) : pool.free(address, tag: tag))
    }
  }

  /// Takes what was freed from whoever held it.
  private mutating func released(
    _ address: Address, _ outcome: KernelPool.FreeOutcome
  ) -> StepResult {
    if case .halted(let reason) = outcome { return .halted(reason) }
    state.pointee.touched = .release(address, slot: ownSlots.pointee.live.remove(address))
    return .freed
  }

  // MARK: Stores

  private mutating func write(
    _ name: SlotName, _ offset: Int64, _ bytes: [UInt8]
  ) -> StepResult {
    guard let index = ownSlots.pointee.index(of: name) else { return .skipped }
    let address = ownSlots.pointee[index].address
    if address == 0 { return ownSlots.pointee[index].state == .null ? .nothingToDo : .skipped }
    return write(address &+ UInt64(bitPattern: offset), bytes, as: index, offset)
  }

  /// Stores bytes, as the owner of a slot's memory where they were written through the slot: within
  /// it they are no overrun then. A store through another address is held against the pattern of
  /// whatever lies there.
  private mutating func write(
    _ address: Address, _ bytes: [UInt8], as slot: Int? = nil, _ offset: Int64 = 0
  ) -> StepResult {
    let outcome = bytes.withUnsafeBytes { pool.write(address, $0) }
    if case .halted(let reason) = outcome { return .halted(reason) }
    let count = UInt64(bytes.count)
    if let slot, ownSlots.pointee[slot].isOwn {
      ownSlots.pointee.live.update(ownSlots.pointee[slot].address) {
        $0.noteWrite(offset: offset, count: count)
      }
    }
    if !isInSpecialPool(address) { state.pointee.touched = .store(address, byteCount: count) }
    return .done
  }

  private mutating func fill(_ name: SlotName) -> StepResult {
    guard let index = ownSlots.pointee.index(of: name),
      ownSlots.pointee[index].state == .holds
    else { return .skipped }
    let slot = ownSlots.pointee[index]
    let seed =
      slot.patternSeed
      ?? FillPattern(slot: slot.allocation.slot, allocation: state.pointee.allocations).seed
    ownSlots.pointee.live.setSeed(seed, slot: index)
    if let reason = writePattern(seed, at: slot.address, byteCount: slot.bytes) {
      return .halted(reason)
    }
    if slot.isOwn { ownSlots.pointee.live.update(slot.address) { $0.noteFill(seed: seed) } }
    if !isInSpecialPool(slot.address) {
      state.pointee.touched = .store(slot.address, byteCount: slot.bytes)
    }
    return .done
  }

  /// Whether memory is special pool's, which is none of the pool that audits look at.
  private func isInSpecialPool(_ address: Address) -> Bool {
    if case .none = machine.pointee.pool.specialPool { return false }
    return address >= machine.pointee.pool.specialPoolBase
      && address < machine.pointee.pool.profile.contiguousBase
  }

  /// Writes a pattern where it belongs; returns why the kernel stopped, if it did.
  private mutating func writePattern(
    _ seed: UInt64, at address: Address, byteCount: UInt64
  ) -> HaltReason? {
    let pattern = FillPattern(seed: seed)
    var filled = FilledMemory(seed: seed)
    let outcome = pool.write(address, byteCount: byteCount) { piece, offset in
      pattern.fill(piece, from: offset)
      filled.add(piece, at: offset)
    }
    if case .halted(let reason) = outcome { return reason }
    state.pointee.filled = filled
    return nil
  }

  // MARK: Addresses

  /// The address that an expression means, or nil where its slot never had one.
  public func resolve(_ expression: AddressExpression) -> Address? {
    switch expression {
    case .nonPaged(let offset): return pool.profile.nonPagedBase &+ offset
    case .paged(let offset): return pool.profile.pagedBase &+ offset
    case .session(let offset): return pool.profile.sessionBase &+ offset
    case .absolute(let address): return address
    case .slot(let name, let offset):
      guard let slot = ownSlots.pointee[name], slot.state != .null, slot.address != 0 else {
        return nil
      }
      return slot.address &+ UInt64(bitPattern: offset)
    }
  }
}

extension Replayer {
  /// The address that a word of a command line means: an address expression, or a hexadecimal
  /// number as debuggers write it. Nil where it is neither, or a slot that never had an address.
  public func address(named text: String) -> Address? {
    // The parser of the language is the one place that knows what an address expression is.
    var parser = TraceParser("freeat \(text)")
    if case .operation(.freeAt(let expression, nil)) = parser.next(),
      let address = resolve(expression)
    {
      return address
    }
    return Address(text, radix: 16)
  }
}
