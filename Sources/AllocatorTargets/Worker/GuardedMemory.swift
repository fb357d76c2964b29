import Platform

/// Memory for an allocator under test that ends where it is said to end.
///
/// Before and behind it lie pages that nobody can touch. Between these and the memory, where it does
/// not begin or end on a page, lie bytes of a pattern; whoever changes one of them has written outside.
struct GuardedMemory {
  /// The first byte.
  let start: UnsafeMutableRawPointer
  /// Bytes that can be had at most.
  let capacityBytes: Int
  /// Bytes that are there.
  private(set) var byteCount = 0
  private let map: UnsafeMutableRawPointer
  private let mapBytes: Int
  private let offset: Int

  private static let pageBytes = Int(Machine.pageBytes)
  private static let mark: UInt8 = 0xC5

  /// Room for so many bytes, none of which is there; nil where the system refuses.
  init?(capacityBytes: Int, offset: Int) {
    let page = Self.pageBytes
    guard capacityBytes >= 0, capacityBytes < 1 << 46, (0..<page).contains(offset) else {
      return nil
    }
    let inner = (capacityBytes + offset + page - 1) / page * page
    guard let map = HostMemory.reserveClosed(inner + 2 * page) else { return nil }
    self.map = map
    mapBytes = inner + 2 * page
    self.capacityBytes = capacityBytes
    self.offset = offset
    start = map + page + offset
  }

  /// Gives it back.
  func release() { HostMemory.release(map, mapBytes) }

  /// Bytes from the first page on that are open.
  private func openBytes(_ count: Int) -> Int {
    count == 0 ? 0 : (offset + count + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
  }

  /// Makes it so many bytes long; what is new is full of garbage, or of zeroes. False where there is
  /// no room or the system refuses.
  mutating func resize(to count: Int, isGarbage: Bool = true) -> Bool {
    guard count >= 0, count <= capacityBytes else { return false }
    let (before, after) = (openBytes(byteCount), openBytes(count))
    let pages = map + Self.pageBytes
    if after > before {
      guard HostMemory.setOpen(true, pages + before, after - before) else { return false }
    } else if after < before {
      guard HostMemory.setOpen(false, pages + after, before - after) else { return false }
    }
    let old = byteCount
    byteCount = count
    if old == 0 {
      for index in 0..<(count == 0 ? 0 : offset) {
        pages.storeBytes(of: Self.mark, toByteOffset: index, as: UInt8.self)
      }
    }
    if count > old { fill(old, isGarbage) }
    for index in offset + count..<max(offset + count, after) {
      pages.storeBytes(of: Self.mark, toByteOffset: index, as: UInt8.self)
    }
    return true
  }

  private func fill(_ first: Int, _ isGarbage: Bool) {
    var index = first
    while index < byteCount {
      if index & 7 == 0, index + 8 <= byteCount {
        let word = isGarbage ? UInt64(index) &* 0x9E37_79B9_7F4A_7C15 | 0x8101_0101_0101_0181 : 0
        (start + index).storeBytes(of: word, as: UInt64.self)
        index += 8
      } else {
        start.storeBytes(of: isGarbage ? 0xA7 : 0, toByteOffset: index, as: UInt8.self)
        index += 1
      }
    }
  }

  /// The address of a byte before or behind it that somebody has changed; nil where nobody has.
  func damage() -> UnsafeMutableRawPointer? {
    guard byteCount > 0 else { return nil }
    let pages = map + Self.pageBytes
    for index in 0..<offset where pages.load(fromByteOffset: index, as: UInt8.self) != Self.mark {
      return pages + index
    }
    for index in offset + byteCount..<openBytes(byteCount)
    where pages.load(fromByteOffset: index, as: UInt8.self) != Self.mark {
      return pages + index
    }
    return nil
  }

  /// The address as a number.
  var address: UInt64 { UInt64(UInt(bitPattern: start)) }
}

/// What `grow` of the configuration works on: memory that grows like that of `sbrk`.
struct GrowingMemory {
  var memory: GuardedMemory
  /// Calls so far, and which of them is refused; 0 for none.
  var calls: UInt64 = 0
  var refused: UInt64 = 0
  /// Calls that were refused although there was room.
  var refusals: UInt64 = 0

  /// The function that a library is given; the context is a `GrowingMemory`.
  static let grow: @convention(c) (UnsafeMutableRawPointer?, Int) -> UnsafeMutableRawPointer? = {
    context, bytes in
    guard let growing = context?.assumingMemoryBound(to: GrowingMemory.self) else { return nil }
    growing.pointee.calls &+= 1
    let old = growing.pointee.memory.byteCount
    let isRefused = growing.pointee.calls == growing.pointee.refused
    guard !isRefused, bytes >= 0, bytes <= growing.pointee.memory.capacityBytes - old,
      growing.pointee.memory.resize(to: old + bytes, isGarbage: false)
    else {
      if isRefused { growing.pointee.refusals &+= 1 }
      return nil
    }
    return growing.pointee.memory.start + old
  }
}
