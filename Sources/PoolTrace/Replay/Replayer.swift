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
    var lastTag: PoolTag?
    let pattern = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
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
    state.pointee.pattern.deallocate()
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
  /// Tags of the allocations so far, failed ones too.
  public var tags: Set<PoolTag> { unsafeAddress { UnsafePointer(ownTags) } }

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
    state.pointee.lastTag = other.state.pointee.lastTag
  }

  /// Runs one operation. Configurations, dumps and expectations are the caller's business.
  public mutating func step(_ operation: Operation) -> StepResult {
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
      return result(pool.free(address, tag: tag), .freed)
    case .write(let name, let offset, let bytes): return write(name, offset, bytes)
    case .writeAt(let expression, let bytes):
      guard let address = resolve(expression) else { return .skipped }
      return write(address, bytes)
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

  private func result(_ outcome: KernelPool.FreeOutcome, _ good: StepResult) -> StepResult {
    switch outcome {
    case .freed: good
    case .halted(let reason): .halted(reason)
    }
  }

  // MARK: Allocation

  /// Most requests have the tag of the one before; hashing each would show in the time.
  private mutating func note(_ tag: PoolTag) {
    guard tag != state.pointee.lastTag else { return }
    state.pointee.lastTag = tag
    ownTags.pointee.insert(tag)
  }

  private mutating func allocate(
    _ name: SlotName, _ type: PoolType, _ bytes: UInt64, _ tag: PoolTag
  ) -> StepResult {
    if ownSlots.pointee[name]?.state == .holds { return .skipped }
    note(tag)
    let outcome = pool.allocate(type, bytes: bytes, tag: tag)
    return finish(
      name, outcome,
      TraceSlot(state: .holds, address: 0, bytes: bytes, type: type, tag: tag, isContiguous: false))
  }

  private mutating func allocateContiguous(
    _ name: SlotName, _ bytes: UInt64, _ limits: ContiguousLimits
  ) -> StepResult {
    if ownSlots.pointee[name]?.state == .holds { return .skipped }
    note(.contiguous)
    let outcome = pool.allocateContiguous(
      bytes: bytes, lowest: limits.lowest, highest: limits.highest, boundary: limits.boundary)
    return finish(
      name, outcome,
      TraceSlot(
        state: .holds, address: 0, bytes: bytes, type: .cacheAligned, tag: .contiguous,
        isContiguous: true))
  }

  private mutating func finish(
    _ name: SlotName, _ outcome: KernelPool.AllocationOutcome, _ template: TraceSlot
  ) -> StepResult {
    var slot = template
    switch outcome {
    case .address(let address):
      slot.address = address
      slot.block = LiveBlock(
        view, at: address, slot.type, tag: slot.tag, requestedBytes: slot.bytes)
      let index = ownSlots.pointee.store(slot, name)
      guard machine.pointee.fill == .on else { return .allocated(address) }
      state.pointee.allocations &+= 1
      let seed = FillPattern(
        slot: UInt32(truncatingIfNeeded: index), allocation: state.pointee.allocations
      ).seed
      ownSlots.pointee.setSeed(seed, at: index)
      if let reason = writePattern(seed, at: address, byteCount: slot.bytes) {
        return .halted(reason)
      }
      return .allocated(address)
    case .null, .raised:
      slot.state = .null
      slot.block = nil
      _ = ownSlots.pointee.store(slot, name)
      if case .raised(let status) = outcome { return .raised(status) }
      return .null
    case .halted(let reason): return .halted(reason)
    }
  }

  // MARK: Free

  private mutating func free(_ name: SlotName, _ tag: PoolTag?) -> StepResult {
    guard let slot = ownSlots.pointee[name] else { return .skipped }
    switch slot.state {
    case .freed: return .skipped
    case .null:
      ownSlots.pointee.markFreed(name)
      return .nothingToDo
    case .holds:
      ownSlots.pointee.markFreed(name)
      let outcome =
        slot.isContiguous
        ? pool.freeContiguous(slot.address) : pool.free(slot.address, tag: tag)
      return result(outcome, .freed)
    }
  }

  // MARK: Stores

  private mutating func write(
    _ name: SlotName, _ offset: Int64, _ bytes: [UInt8]
  ) -> StepResult {
    guard let slot = ownSlots.pointee[name] else { return .skipped }
    if slot.address == 0 { return slot.state == .null ? .nothingToDo : .skipped }
    return write(slot.address &+ UInt64(bitPattern: offset), bytes)
  }

  private mutating func write(_ address: Address, _ bytes: [UInt8]) -> StepResult {
    result(bytes.withUnsafeBytes { pool.write(address, $0) }, .done)
  }

  private mutating func fill(_ name: SlotName) -> StepResult {
    guard let index = ownSlots.pointee.index(of: name),
      ownSlots.pointee.slot(at: index).state == .holds
    else { return .skipped }
    let slot = ownSlots.pointee.slot(at: index)
    let number = UInt32(truncatingIfNeeded: index)
    let seed =
      slot.patternSeed ?? FillPattern(slot: number, allocation: state.pointee.allocations).seed
    ownSlots.pointee.setSeed(seed, at: index)
    return writePattern(seed, at: slot.address, byteCount: slot.bytes).map(StepResult.halted)
      ?? .done
  }

  /// Writes a pattern piece by piece; returns why the kernel stopped, if it did.
  private mutating func writePattern(
    _ seed: UInt64, at address: Address, byteCount: UInt64
  ) -> HaltReason? {
    let fillPattern = FillPattern(seed: seed)
    let pattern = state.pointee.pattern
    var position: UInt64 = 0
    while position < byteCount {
      let count = Int(min(byteCount &- position, UInt64(pattern.count)))
      let piece = UnsafeMutableRawBufferPointer(rebasing: pattern[..<count])
      fillPattern.fill(piece, from: position)
      if case .halted(let reason) = pool.write(
        address &+ position, UnsafeRawBufferPointer(piece))
      {
        return reason
      }
      position &+= UInt64(count)
    }
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
