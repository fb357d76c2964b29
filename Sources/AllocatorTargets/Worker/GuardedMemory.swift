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
  /// The most bytes that were ever there.
  private var mostBytes = 0
  /// Whether what is new is full of garbage, and whether pages that were never open already are.
  private let isGarbage: Bool
  private let isCovered: Bool
  private let map: UnsafeMutableRawPointer
  private let mapBytes: Int
  private let offset: Int

  private static let pageBytes = Int(Machine.pageBytes)
  private static let mark: UInt8 = 0xC5

  /// Garbage in a file: memory that is full of it costs nothing until it is touched. Nil where the system has
  /// no room for such a file, or none was made: then it is written.
  private nonisolated(unsafe) static var garbage: ScratchFile?
  private static let garbageBytes = 1 << 22
  /// Bytes after which it begins anew.
  private static let garbagePeriod = 1 << 16

  /// Makes the garbage, before there are threads.
  static func prepareGarbage() {
    guard garbage == nil, let file = try? ScratchFile(byteCount: garbageBytes),
      let memory = HostMemory.share(file.descriptor, garbageBytes)
    else { return }
    var place = 0
    while place < garbagePeriod {
      memory.storeBytes(of: garbageWord(at: place), toByteOffset: place, as: UInt64.self)
      place += 8
    }
    while place < garbageBytes {
      (memory + place).copyMemory(from: memory, byteCount: garbagePeriod)
      place += garbagePeriod
    }
    HostMemory.releaseShared(memory, garbageBytes)
    garbage = file
  }

  /// The garbage at a place that is a multiple of eight from the first page on.
  private static func garbageWord(at place: Int) -> UInt64 {
    UInt64(place & (garbagePeriod - 1)) &* 0x9E37_79B9_7F4A_7C15 | 0x8101_0101_0101_0181
  }

  /// Room for so many bytes, none of which is there; nil where the system refuses. What is there later is
  /// full of garbage, or of zeroes.
  init?(capacityBytes: Int, offset: Int, isGarbage: Bool = true) {
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
    var isCovered = isGarbage
    if isGarbage, let garbage = Self.garbage {
      var place = 0
      while place < inner, isCovered {
        let bytes = min(Self.garbageBytes, inner - place)
        isCovered = HostMemory.coverByFile(garbage.descriptor, map + page + place, bytes)
        place += bytes
      }
    } else {
      isCovered = false
    }
    self.isGarbage = isGarbage
    self.isCovered = isCovered
  }

  /// Gives it back.
  func release() { HostMemory.release(map, mapBytes) }

  /// Bytes from the first page on that are open.
  private func openBytes(_ count: Int) -> Int {
    count == 0 ? 0 : (offset + count + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
  }

  /// Makes it so many bytes long; what is new is full of garbage, or of zeroes. False where there is
  /// no room or the system refuses.
  mutating func resize(to count: Int) -> Bool {
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
    if old == 0, count > 0 {
      pages.initializeMemory(as: UInt8.self, repeating: Self.mark, count: offset)
    }
    if count > old { fill(old) }
    mostBytes = max(mostBytes, count)
    if after > offset + count {
      (start + count).initializeMemory(
        as: UInt8.self, repeating: Self.mark, count: after - offset - count)
    }
    return true
  }

  /// Fills what is new from an offset on, as far as it is not what it should be without that.
  private func fill(_ first: Int) {
    let last = isCovered ? min(byteCount, openBytes(mostBytes) - offset) : byteCount
    guard first < last else { return }
    guard isGarbage else {
      // Pages that were never open are zeroes.
      let end = min(last, max(first, openBytes(mostBytes) - offset))
      (start + first).initializeMemory(as: UInt8.self, repeating: 0, count: end - first)
      return
    }
    let pages = map + Self.pageBytes
    var place = offset + first
    let end = offset + last
    while place < end {
      if place & 7 == 0, place + 8 <= end {
        pages.storeBytes(of: Self.garbageWord(at: place), toByteOffset: place, as: UInt64.self)
        place += 8
      } else {
        let byte = Self.garbageWord(at: place & ~7) >> UInt64(8 * (place & 7))
        pages.storeBytes(of: UInt8(truncatingIfNeeded: byte), toByteOffset: place, as: UInt8.self)
        place += 1
      }
    }
  }

  /// The address of a byte before or behind it that somebody has changed; nil where nobody has.
  func damage() -> UnsafeMutableRawPointer? {
    guard byteCount > 0 else { return nil }
    return changed(0, offset) ?? changed(offset + byteCount, openBytes(byteCount))
  }

  /// The first byte between two places that is no mark.
  private func changed(_ first: Int, _ end: Int) -> UnsafeMutableRawPointer? {
    let pages = map + Self.pageBytes
    var place = first
    while end - place >= 64 {
      var difference: UInt64 = 0
      for index in 0..<8 {
        let word = pages.loadUnaligned(fromByteOffset: place + 8 * index, as: UInt64.self)
        difference |= word ^ (UInt64(Self.mark) &* 0x0101_0101_0101_0101)
      }
      if difference != 0 { break }
      place += 64
    }
    while place < end {
      if pages.load(fromByteOffset: place, as: UInt8.self) != Self.mark { return pages + place }
      place += 1
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
      growing.pointee.memory.resize(to: old + bytes)
    else {
      if isRefused { growing.pointee.refusals &+= 1 }
      return nil
    }
    return growing.pointee.memory.start + old
  }
}
