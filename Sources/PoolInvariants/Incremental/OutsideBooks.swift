import struct KernelPool.PoolView
import typealias KernelPool.Address

/// Contiguous allocations that the pool could not serve, a handful at most times.
struct OutsideBooks {
  /// Their addresses.
  private(set) var addresses: [Address] = []

  /// How many there are.
  var count: Int { addresses.count }

  /// Adds an allocation, unless it is known.
  mutating func add(_ address: Address) {
    if !addresses.contains(address) { addresses.append(address) }
  }

  /// Takes an allocation out.
  mutating func remove(_ address: Address) { addresses.removeAll { $0 == address } }
}

extension IncrementalAudit {
  /// Follows what callers hold outside of the pool.
  mutating func followOutside(_ view: PoolView, _ live: LiveAllocations, _ address: Address) {
    guard let position = live.position(of: address) else { return outside.remove(address) }
    let allocation = live.allocation(at: position)
    guard allocation.isContiguous else { return suspect() }
    outside.add(address)
    if address & facts.pageMask != 0 { suspect() }
    let end = address &+ max(allocation.requestedBytes, 1)
    for other in outside.addresses where other != address {
      guard let place = live.position(of: other) else { return suspect() }
      let otherEnd = other &+ max(live.allocation(at: place).requestedBytes, 1)
      if other < end, address < otherEnd { suspect() }
    }
    auditOutside(view, live, address)
  }

  /// Compares contents outside of the pool with their patterns where a line of them changed.
  mutating func auditOutsideLines(_ view: PoolView, _ live: LiveAllocations) {
    for index in 0..<touched.outsideLines.count where doubt == nil {
      let chunk = touched.outsideLines[index]
      for address in outside.addresses {
        guard let position = live.position(of: address) else { return suspect() }
        let bytes = live.allocation(at: position).requestedBytes
        if address < chunk &+ 4096, chunk < address &+ bytes { auditOutside(view, live, address) }
      }
    }
  }

  private mutating func auditOutside(
    _ view: PoolView, _ live: LiveAllocations, _ address: Address
  ) {
    guard let position = live.position(of: address) else { return suspect() }
    let allocation = live.allocation(at: position)
    guard allocation.patternSeed != nil, allocation.requestedBytes > 0 else { return }
    // Bytes behind the last page are nobody's, and the complete audit says so.
    guard let host = view.bytes(at: address, count: allocation.requestedBytes),
      allocation.showsPattern(host, from: 0, to: allocation.requestedBytes)
    else { return suspect() }
  }
}
