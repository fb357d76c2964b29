import typealias KernelPool.Address

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
