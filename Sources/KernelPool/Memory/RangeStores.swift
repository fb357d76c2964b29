// Stores over ranges: tables and list heads at start, and tables that are resized. A profile of
// short traces shows that setting a pool up takes longer than the trace, so that a range which is
// mapped as a whole is written through one host address; any other is written piece by piece up to
// the address that faults.

extension SimulatedMemory {
  /// Clears `byteCount` bytes from `address` on.
  mutating func clear(_ address: Address, _ byteCount: UInt64) throws(Halt) {
    if let host = locateRange(address, byteCount) {
      host.clear(byteCount: Int(byteCount))
      return
    }
    var done: UInt64 = 0
    while done < byteCount {
      // No page is smaller than 64 bytes, and no run of 64 aligned bytes crosses one.
      let place = address &+ done
      let count = min(64 &- (place & 63), byteCount &- done)
      try locateForStore(place, count).initializeMemory(
        as: UInt8.self, repeating: 0, count: Int(count))
      done &+= count
    }
  }

  /// Stores one pointer `count` times, `stride` bytes apart.
  mutating func storePointers(
    _ value: Address, from address: Address, count: UInt64, stride: UInt64
  ) throws(Halt) {
    guard let host = locateRange(address, count &* stride) else {
      for index in 0..<count { try storePointer(address &+ index &* stride, value) }
      return
    }
    var place = host
    for _ in 0..<Int(count) {
      storePointer(value, at: place)
      place += Int(stride)
    }
  }

  /// Makes empty list heads, each of two links to itself.
  mutating func storeEmptyHeads(from address: Address, count: UInt64) throws(Halt) {
    let wordBytes: UInt64 = isWide ? 8 : 4
    if let host = locateRange(address, count &* wordBytes &* 2) {
      let first = address | linkBit
      return isWide
        ? Self.storeEmptyHeads(isWide: true, at: host, first, Int(count))
        : Self.storeEmptyHeads(isWide: false, at: host, first, Int(count))
    }
    for index in 0..<count {
      let offset = index &* wordBytes &* 2
      let link = (address &+ offset) | linkBit
      try storePointer(address &+ offset, link)
      try storePointer(address &+ offset &+ wordBytes, link)
    }
  }

  /// The same through one host address; `first` is the first link. Not generic over the width: a debug
  /// build would ask the word's type for every step.
  @inline(__always)
  private static func storeEmptyHeads(
    isWide: Bool, at host: UnsafeMutableRawPointer, _ first: Address, _ count: Int
  ) {
    var link = first
    var place = host
    for _ in 0..<count {
      if isWide {
        place.storeBytes(of: link, as: UInt64.self)
        (place + 8).storeBytes(of: link, as: UInt64.self)
      } else {
        place.storeBytes(of: UInt32(truncatingIfNeeded: link), as: UInt32.self)
        (place + 4).storeBytes(of: UInt32(truncatingIfNeeded: link), as: UInt32.self)
      }
      link &+= isWide ? 16 : 8
      place += isWide ? 16 : 8
    }
  }

  @inline(__always) private func storePointer(_ value: Address, at host: UnsafeMutableRawPointer) {
    if isWide {
      host.storeBytes(of: value, as: UInt64.self)
    } else {
      host.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
    }
  }
}
