import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolType
import enum PoolWalk.PoolFamily

/// What a caller knows of memory that it was given and has not freed.
public struct LiveAllocation: Equatable, Sendable {
  /// The slot of the trace that holds it.
  public var slot: UInt32
  /// Bytes that were asked for.
  public var requestedBytes: UInt64
  /// The pool type that was asked for, quota and other modifying bits included.
  public var type: PoolType
  /// The tag that was given, the mark of a protected block included.
  public var tag: PoolTag
  /// The seed of the bytes it was filled with; nil where it was not filled.
  public var patternSeed: UInt64?
  /// Whether it came from the contiguous-memory routine, which may go round the pool.
  public var isContiguous: Bool
  /// The pool whose pages it lies in, for metrics; nil outside of every pool.
  public var family: PoolFamily?
  /// Bytes that it takes of that pool.
  public var blockBytes: UInt64 = 0
  /// First byte that its owner has written over, from the start of the allocation.
  public private(set) var writtenFrom: UInt64 = .max
  /// End of the bytes that its owner has written over.
  public private(set) var writtenTo: UInt64 = 0

  /// An allocation whose owner has written nothing but the pattern.
  public init(
    slot: UInt32, requestedBytes: UInt64, type: PoolType, tag: PoolTag, patternSeed: UInt64?,
    isContiguous: Bool = false
  ) {
    self.slot = slot
    self.requestedBytes = requestedBytes
    self.type = type
    self.tag = tag
    self.patternSeed = patternSeed
    self.isContiguous = isContiguous
  }

  /// Notes that the owner stored `count` bytes at `offset`: those need not show the pattern any
  /// more. Only the part within the requested bytes is the owner's; the rest is an overrun, which
  /// excuses nothing. Two writes excuse what lies between them as well.
  public mutating func noteWrite(offset: Int64, count: UInt64) {
    guard offset > Int64.min / 2, let size = Int64(exactly: min(count, 1 << 62)) else { return }
    let end = offset.addingReportingOverflow(size)
    guard !end.overflow, end.partialValue > 0, UInt64(max(offset, 0)) < requestedBytes
    else { return }
    writtenFrom = min(writtenFrom, UInt64(max(offset, 0)))
    writtenTo = max(writtenTo, min(UInt64(end.partialValue), requestedBytes))
  }

  /// Notes that the whole pattern was written again.
  public mutating func noteFill(seed: UInt64) {
    patternSeed = seed
    writtenFrom = .max
    writtenTo = 0
  }
}

/// What is known of one slot of a trace: the one record of an allocation, which the replay, the
/// audit, the oracles and the metrics share.
public struct TraceSlot: Equatable, Sendable {
  /// How the slot's last operation left it.
  public enum State: Sendable {
    /// It holds an allocation.
    case holds
    /// Its last allocation returned NULL.
    case null
    /// Its allocation was freed; the address is kept for stale pointers.
    case freed
  }

  /// How the slot was left.
  public var state: State
  /// Whether the memory is still its own: a free by address takes it away unseen, and then another
  /// slot may have been given the same.
  public internal(set) var isLive = false
  /// The last address that it got; zero if it never had one.
  public var address: Address
  /// Its last request and, where that was met, what it got.
  public var allocation: LiveAllocation

  /// The slot of a request that came to this.
  public init(_ state: State, at address: Address, _ allocation: LiveAllocation) {
    self.state = state
    self.address = address
    self.allocation = allocation
  }

  /// True where it holds memory that nobody else took from it or was given.
  public var isOwn: Bool { state == .holds && isLive }
  /// The bytes of its last request.
  public var bytes: UInt64 { allocation.requestedBytes }
  /// The pool type of its last request.
  public var type: PoolType { allocation.type }
  /// The tag of its last request.
  public var tag: PoolTag { allocation.tag }
  /// True where the memory came from `contiguous`.
  public var isContiguous: Bool { allocation.isContiguous }
  /// The seed of the pattern that fills it; nil where it was not filled.
  public var patternSeed: UInt64? { allocation.patternSeed }
}

/// Every allocation that its caller still holds, by slot and by address.
///
/// There is one record for each slot, in the order of the slots' indexes, and a flat index leads from
/// an address to its record: adding, finding and removing take constant time. A record stays when its
/// allocation is freed, until the slot gets another one.
///
/// Two things beside it know of an allocation, on purpose. The shadow allocator keeps intervals in the
/// order of addresses, since neighbours cannot be asked of a hash; the audit's block records say what
/// was found in memory, and are held against this.
public struct LiveAllocations {
  private var index = AddressIndex()
  /// By the index of the slot.
  @usableFromInline var slots: [TraceSlot] = []
  /// Addresses whose allocation changed, the last ones in a ring: whoever follows the changes
  /// remembers how many there were.
  private var changes = [Address](repeating: 0, count: Self.keptChanges)
  /// Changes so far.
  private(set) var changeCount = 0
  /// Changes that are remembered.
  static let keptChanges = 64

  /// Nothing is held.
  public init() {}

  /// How many allocations are held.
  public var count: Int { index.count }

  /// How many slots have a record.
  public var slotCount: Int { slots.count }

  /// The record of a slot that has one. Inlined where one of its fields is asked for: handing a record
  /// on, or yielding it, which allocates, would show in the time of a replay.
  @inlinable public subscript(slot slot: Int) -> TraceSlot { slots[slot] }

  /// The allocation that starts at `address`, or nil.
  public subscript(address: Address) -> LiveAllocation? {
    index[address].map { slots[Int($0)].allocation }
  }

  /// Adds an allocation to its slot. False where one starts at the address already, which stays the
  /// holder: the pool has then handed out the same memory twice.
  @discardableResult
  public mutating func insert(_ address: Address, _ allocation: LiveAllocation) -> Bool {
    let slot = Int(allocation.slot)
    note(TraceSlot(.holds, at: address, allocation))
    guard address != 0, index.insert(address, allocation.slot) else { return false }
    noteChange(address)
    slots[slot].isLive = true
    return true
  }

  /// Takes an allocation out, and returns the slot that held it.
  @discardableResult
  public mutating func remove(_ address: Address) -> Int? {
    guard let slot = index.remove(address).map({ Int($0) }) else { return nil }
    noteChange(address)
    slots[slot].isLive = false
    return slot
  }

  /// Changes the allocation at `address` in place; does nothing where there is none.
  public mutating func update(_ address: Address, _ body: (inout LiveAllocation) -> Void) {
    guard let slot = index[address] else { return }
    noteChange(address)
    body(&slots[Int(slot)].allocation)
  }

  /// Keeps what a slot's request came to where it holds nothing.
  public mutating func note(_ slot: TraceSlot) {
    let place = Int(slot.allocation.slot)
    if place < slots.count {
      slots[place] = slot
    } else {
      // Slots get their indexes one by one; tests leave gaps.
      slots.append(contentsOf: repeatElement(slot, count: place &- slots.count &+ 1))
    }
  }

  /// Marks a slot as freed by its owner, before the pool is asked.
  public mutating func markFreed(slot: Int) { slots[slot].state = .freed }

  /// Notes the pattern that a slot's memory is filled with, whoever holds that by now.
  public mutating func setSeed(_ seed: UInt64, slot: Int) {
    slots[slot].allocation.patternSeed = seed
  }

  /// Calls `body` for every allocation in no particular order.
  public func forEach(_ body: (Address, LiveAllocation) throws -> Void) rethrows {
    try index.forEach { address, slot in try body(address, slots[Int(slot)].allocation) }
  }

  @inline(__always) private mutating func noteChange(_ address: Address) {
    changes[changeCount & (Self.keptChanges - 1)] = address
    changeCount &+= 1
  }

  /// The address of one of the last changes, counted from the first ever.
  func change(_ number: Int) -> Address { changes[number & (Self.keptChanges - 1)] }

  /// The slot of the allocation that starts at `address`, or nil.
  @inline(__always) public func position(of address: Address) -> Int? {
    index[address].map { Int($0) }
  }

  /// The allocation of a slot.
  @inline(__always) func allocation(at position: Int) -> LiveAllocation {
    slots[position].allocation
  }
}

extension UnsafePointer<LiveAllocations> {
  /// Calls `body` with what lies here, moved out for so long. Handed on beside something that changes it
  /// would be copied, which takes a dozen changes of reference counts for each check. Nothing else may
  /// use what lies here meanwhile.
  @inlinable @inline(__always)
  public func lend<Result>(_ body: (LiveAllocations) -> Result) -> Result {
    let place = UnsafeMutablePointer(mutating: self)
    let live = place.move()
    let result = body(live)
    place.initialize(to: live)
    return result
  }
}

/// What one operation did, as its caller saw it: where the first tier looks. Slots are named by their
/// indexes.
public enum TouchedByOperation: Equatable, Sendable {
  /// It failed or was skipped.
  case nothing
  /// A slot was given memory; `isFirst` is false where another one holds the same.
  case allocation(slot: Int, isFirst: Bool)
  /// It freed memory at an address, which a slot held; nil where nobody did.
  case release(Address, slot: Int?)
  /// It stored bytes.
  case store(Address, byteCount: UInt64)
}
