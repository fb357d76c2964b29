/// The simulated machine's memory: the one door through which the model reads and writes.
///
/// An access that the kernel could not make records a fault and throws; nothing traps, and no
/// address leads outside of the regions' own bytes.
///
/// Two windows are tried before the regions are searched: the touched part of the initial nonpaged
/// pool and the static descriptors. A profile of small-block traces shows that all but a few per
/// cent of the accesses fall into them.
struct SimulatedMemory: ~Copyable {
  /// Every region; the nonpaged pool is the first, the kernel's data the second.
  let regions: UnsafeMutablePointer<MemoryRegion>
  let regionCount: Int
  /// True where pointers have eight bytes.
  let isWide: Bool
  /// Cleared from a stored link: bit 0 where the profile encodes links.
  let linkBit: UInt64
  /// Why the last access failed.
  private(set) var failure: HaltReason?
  private var poolWindow: Window
  private var systemWindow: Window
  private var reserved: [ReservedBytes]

  /// A part of a region in which every byte may be accessed.
  ///
  /// One comparison admits an access of any width: the window counts the addresses at which the
  /// widest word still fits, and the few behind them take the way of everything else.
  struct Window {
    var base: Address
    var wordStarts: UInt64
    var host: UnsafeMutableRawPointer

    init(base: Address, byteCount: UInt64, host: UnsafeMutableRawPointer) {
      self.base = base
      self.host = host
      wordStarts = byteCount < 8 ? 0 : byteCount - 7
    }

    /// The host address of `first` where words at it and at `last` lie in the window.
    @inline(__always)
    func host(from first: Address, _ last: Address) -> UnsafeMutableRawPointer? {
      guard first &- base < wordStarts, last &- base < wordStarts else { return nil }
      return host + Int(bitPattern: UInt(first &- base))
    }

    /// The window with `bytes` more in front.
    func extendedDown(by bytes: UInt64) -> Window {
      let byteCount = wordStarts == 0 ? 0 : wordStarts + 7
      return Window(base: base &- bytes, byteCount: byteCount + bytes, host: host - Int(bytes))
    }
  }

  init(
    regions list: [MemoryRegion], reserved: [ReservedBytes], isWide: Bool, linkBit: UInt64
  ) {
    precondition(list.count >= 2, "nonpaged pool and kernel data are always there")
    regions = .allocate(capacity: list.count)
    regions.initialize(from: list, count: list.count)
    regionCount = list.count
    self.isWide = isWide
    self.linkBit = linkBit
    self.reserved = reserved
    let pool = list[0]
    let untouched = pool.stamp == nil ? 0 : pool.alwaysMappedPages << pool.pageShift
    poolWindow = Window(
      base: pool.base + untouched,
      byteCount: (pool.alwaysMappedPages << pool.pageShift) - untouched,
      host: pool.host + Int(untouched))
    systemWindow = Window(base: list[1].base, byteCount: list[1].byteCount, host: list[1].host)
  }

  deinit {
    for bytes in reserved { bytes.release(bytes.base, bytes.byteCount) }
    regions.deinitialize(count: regionCount)
    regions.deallocate()
  }

  /// Extends the first window down to `page` of the nonpaged pool, stamping what lies between.
  ///
  /// Not across more than `mostStampedPages`: stamps commit the host's memory, and one request of
  /// gigabytes must not commit gigabytes. What is beyond is found by the slower search.
  mutating func touch(fromPage page: UInt64) {
    let pool = regions[0]
    guard pool.stamp != nil, page < pool.alwaysMappedPages else { return }
    let floor = (poolWindow.base &- pool.base) &>> pool.pageShift
    guard page < floor, floor &- page <= Self.mostStampedPages else { return }
    for index in page..<floor { _ = pool.isAccessible(page: index) }
    let bytes = (floor &- page) &<< pool.pageShift
    poolWindow = poolWindow.extendedDown(by: bytes)
  }

  /// The most pages that one extension of the window stamps.
  private static let mostStampedPages: UInt64 = 1 << 16

  /// The host address of `width` bytes at `address`.
  mutating func locate(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    let last = address &+ width &- 8
    guard width >= 8 else { return try search(address, width) }
    if let host = poolWindow.host(from: address, last) { return host }
    if let host = systemWindow.host(from: address, last) { return host }
    return try search(address, width)
  }

  /// The host address of a word of at most eight bytes at `address`.
  @inline(__always)
  private mutating func locateWord(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    let inPool = address &- poolWindow.base
    if inPool < poolWindow.wordStarts {
      return poolWindow.host + Int(bitPattern: UInt(inPool))
    }
    let inSystem = address &- systemWindow.base
    if inSystem < systemWindow.wordStarts {
      return systemWindow.host + Int(bitPattern: UInt(inSystem))
    }
    return try search(address, width)
  }

  @inline(never)
  private mutating func search(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    for index in 0..<regionCount {
      if let host = regions[index].locate(address, byteCount: width) { return host }
    }
    throw fault(at: address)
  }

  /// Records that the kernel would fault at `address`.
  mutating func fault(at address: Address) -> Halt {
    let high = address &>> 47
    failure =
      isWide && high != 0 && high != 0x1_FFFF
      ? .nonCanonicalFault : .fault(isWide ? address : address & 0xFFFF_FFFF)
    return Halt()
  }

  /// Records that the kernel stopped for `reason`.
  mutating func halt(_ reason: HaltReason) -> Halt {
    failure = reason
    return Halt()
  }

  /// Forgets a failed access that was not the kernel's: a driver's stray write, say.
  mutating func forgetFailure() { failure = nil }

  /// Clears `byteCount` bytes from `address` on.
  mutating func clear(_ address: Address, _ byteCount: UInt64) throws(Halt) {
    var done: UInt64 = 0
    while done < byteCount {
      // No page is smaller than 64 bytes, and no run of 64 aligned bytes crosses one.
      let place = address &+ done
      let count = min(64 &- (place & 63), byteCount &- done)
      try locate(place, count).initializeMemory(as: UInt8.self, repeating: 0, count: Int(count))
      done &+= count
    }
  }

  // MARK: Words

  @inline(__always) mutating func load8(_ address: Address) throws(Halt) -> UInt8 {
    try locateWord(address, 1).load(as: UInt8.self)
  }

  @inline(__always) mutating func load16(_ address: Address) throws(Halt) -> UInt16 {
    try locateWord(address, 2).loadUnaligned(as: UInt16.self)
  }

  @inline(__always) mutating func load32(_ address: Address) throws(Halt) -> UInt32 {
    try locateWord(address, 4).loadUnaligned(as: UInt32.self)
  }

  @inline(__always) mutating func load64(_ address: Address) throws(Halt) -> UInt64 {
    try locateWord(address, 8).loadUnaligned(as: UInt64.self)
  }

  @inline(__always) mutating func store8(_ address: Address, _ value: UInt8) throws(Halt) {
    try locateWord(address, 1).storeBytes(of: value, as: UInt8.self)
  }

  @inline(__always) mutating func store32(_ address: Address, _ value: UInt32) throws(Halt) {
    try locateWord(address, 4).storeBytes(of: value, as: UInt32.self)
  }

  @inline(__always) mutating func store64(_ address: Address, _ value: UInt64) throws(Halt) {
    try locateWord(address, 8).storeBytes(of: value, as: UInt64.self)
  }

  /// A pointer, zero-extended.
  @inline(__always) mutating func loadPointer(_ address: Address) throws(Halt) -> Address {
    isWide ? try load64(address) : UInt64(try load32(address))
  }

  /// Stores a pointer; on x86 the upper half is cut off.
  @inline(__always)
  mutating func storePointer(_ address: Address, _ value: Address) throws(Halt) {
    if isWide {
      try store64(address, value)
    } else {
      try store32(address, UInt32(truncatingIfNeeded: value))
    }
  }

  /// Adds `difference`, modulo 2^32, to the counter at `address`.
  @inline(__always) mutating func add32(_ address: Address, _ difference: UInt32) throws(Halt) {
    let host = try locateWord(address, 4)
    host.storeBytes(
      of: host.loadUnaligned(as: UInt32.self) &+ difference, as: UInt32.self)
  }

  /// Adds `difference`, modulo the pointer's width, to the counter at `address`.
  @inline(__always) mutating func addPointer(_ address: Address, _ difference: UInt64) throws(Halt)
  {
    if isWide {
      try store64(address, try load64(address) &+ difference)
    } else {
      try add32(address, UInt32(truncatingIfNeeded: difference))
    }
  }
}
