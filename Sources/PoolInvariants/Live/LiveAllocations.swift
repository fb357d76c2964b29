import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolType

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

/// Every allocation that its caller still holds, by address.
///
/// Entries stand densely in one array, in no order, and a flat index leads from an address to its
/// entry: adding, finding and removing take constant time, and a million entries take about a
/// hundred bytes each.
public struct LiveAllocations {
  private var index = AddressIndex()
  private var entries: [Entry] = []
  /// Addresses whose allocation changed, the last ones in a ring: whoever follows the changes
  /// remembers how many there were.
  private var changes = [Address](repeating: 0, count: Self.keptChanges)
  /// Changes so far.
  private(set) var changeCount = 0
  /// Changes that are remembered.
  static let keptChanges = 64

  private struct Entry {
    var address: Address
    var allocation: LiveAllocation
  }

  /// Nothing is held.
  public init() {}

  /// How many allocations are held.
  public var count: Int { entries.count }

  /// The allocation that starts at `address`, or nil.
  public subscript(address: Address) -> LiveAllocation? {
    index[address].map { entries[Int($0)].allocation }
  }

  /// Adds an allocation. False, and nothing changes, where one starts at the address already: the
  /// pool has then handed out the same memory twice.
  @discardableResult
  public mutating func insert(_ address: Address, _ allocation: LiveAllocation) -> Bool {
    guard address != 0, index[address] == nil else { return false }
    noteChange(address)
    index.set(address, UInt32(entries.count))
    entries.append(Entry(address: address, allocation: allocation))
    return true
  }

  /// Takes an allocation out.
  @discardableResult
  public mutating func remove(_ address: Address) -> LiveAllocation? {
    guard let place = index.remove(address) else { return nil }
    noteChange(address)
    let removed = entries[Int(place)].allocation
    let last = entries.removeLast()
    if Int(place) < entries.count {
      entries[Int(place)] = last
      index.set(last.address, place)
    }
    return removed
  }

  /// Changes the allocation at `address` in place; does nothing where there is none.
  public mutating func update(_ address: Address, _ body: (inout LiveAllocation) -> Void) {
    guard let place = index[address] else { return }
    noteChange(address)
    body(&entries[Int(place)].allocation)
  }

  /// Calls `body` for every allocation in no particular order.
  public func forEach(_ body: (Address, LiveAllocation) throws -> Void) rethrows {
    for entry in entries { try body(entry.address, entry.allocation) }
  }

  @inline(__always) private mutating func noteChange(_ address: Address) {
    changes[changeCount & (Self.keptChanges - 1)] = address
    changeCount &+= 1
  }

  /// The address of one of the last changes, counted from the first ever.
  func change(_ number: Int) -> Address { changes[number & (Self.keptChanges - 1)] }

  /// The position of the allocation that starts at `address`, or nil.
  @inline(__always) func position(of address: Address) -> Int? { index[address].map { Int($0) } }

  /// The `position`-th allocation, from 0 to `count` - 1, in no particular order.
  @inline(__always) func at(_ position: Int) -> (address: Address, allocation: LiveAllocation) {
    (entries[position].address, entries[position].allocation)
  }
}

extension LiveAllocations {
  /// What is held at a position.
  @inline(__always) func allocation(at position: Int) -> LiveAllocation { at(position).allocation }
}

/// What one operation did, as its caller saw it: where the first tier looks.
public enum TouchedByOperation: Equatable, Sendable {
  /// It failed or was skipped.
  case nothing
  /// It was given memory at an address.
  case allocation(Address, LiveAllocation)
  /// It freed memory at an address; nil where the caller held no allocation there.
  case release(Address, LiveAllocation?)
  /// It stored bytes.
  case store(Address, byteCount: UInt64)
}
