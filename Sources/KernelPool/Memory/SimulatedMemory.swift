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
  struct Window {
    var base: Address
    var byteCount: UInt64
    var host: UnsafeMutableRawPointer
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
  mutating func touch(fromPage page: UInt64) {
    let pool = regions[0]
    guard pool.stamp != nil, page < pool.alwaysMappedPages else { return }
    let floor = (poolWindow.base &- pool.base) &>> pool.pageShift
    guard page < floor else { return }
    for index in page..<floor { _ = pool.isAccessible(page: index) }
    let bytes = (floor &- page) &<< pool.pageShift
    poolWindow.base &-= bytes
    poolWindow.byteCount &+= bytes
    poolWindow.host -= Int(bytes)
  }

  /// The host address of `width` bytes at `address`.
  @inline(__always)
  mutating func locate(_ address: Address, _ width: UInt64) throws(Halt) -> UnsafeMutableRawPointer
  {
    let inPool = address &- poolWindow.base
    if inPool < poolWindow.byteCount, width <= poolWindow.byteCount &- inPool {
      return poolWindow.host + Int(bitPattern: UInt(inPool))
    }
    let inSystem = address &- systemWindow.base
    if inSystem < systemWindow.byteCount, width <= systemWindow.byteCount &- inSystem {
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

  // MARK: Words

  @inline(__always) mutating func load8(_ address: Address) throws(Halt) -> UInt8 {
    try locate(address, 1).load(as: UInt8.self)
  }

  @inline(__always) mutating func load16(_ address: Address) throws(Halt) -> UInt16 {
    try locate(address, 2).loadUnaligned(as: UInt16.self)
  }

  @inline(__always) mutating func load32(_ address: Address) throws(Halt) -> UInt32 {
    try locate(address, 4).loadUnaligned(as: UInt32.self)
  }

  @inline(__always) mutating func load64(_ address: Address) throws(Halt) -> UInt64 {
    try locate(address, 8).loadUnaligned(as: UInt64.self)
  }

  @inline(__always) mutating func store8(_ address: Address, _ value: UInt8) throws(Halt) {
    try locate(address, 1).storeBytes(of: value, as: UInt8.self)
  }

  @inline(__always) mutating func store32(_ address: Address, _ value: UInt32) throws(Halt) {
    try locate(address, 4).storeBytes(of: value, as: UInt32.self)
  }

  @inline(__always) mutating func store64(_ address: Address, _ value: UInt64) throws(Halt) {
    try locate(address, 8).storeBytes(of: value, as: UInt64.self)
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
    let host = try locate(address, 4)
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
