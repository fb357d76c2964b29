// Long because this is the one door to memory: every access that there is stands in one place.

/// The simulated machine's memory: the one door through which the model reads and writes.
///
/// An access that the kernel could not make records a fault and throws; nothing traps, and no
/// address leads outside of the regions' own bytes.
///
/// Two windows are tried before the regions are searched: the touched part of the initial nonpaged
/// pool and the nonpaged descriptor. A profile of small-block traces shows that all but a few per
/// cent of the accesses fall into them.
///
/// Every page that was ever accessed is marked as touched: by the search, or when a window is
/// extended over it. So memory can be cleared for the next pool at the cost of what was touched.
struct SimulatedMemory: ~Copyable {
  /// Every region; the nonpaged pool is the first, the kernel's data the second.
  let regions: UnsafeMutablePointer<MemoryRegion>
  let regionCount: Int
  /// True where pointers have eight bytes.
  let isWide: Bool
  /// Set in a stored link: bit 0 where the profile encodes links.
  let linkBit: UInt64
  /// What a stored link says when these bits are taken of it.
  let linkMask: UInt64
  /// The nonpaged descriptor's list heads, stores to which the algorithm for small blocks wants to
  /// hear of unless they are its own.
  private var listHeads = ListHeads()
  /// Why the last access failed.
  private(set) var failure: HaltReason?
  /// What is known of the map of nonpaged pages, where there is one.
  var clearRuns = ClearRunBounds()
  /// The region that was searched for last.
  private var lastRegion = 0
  private var poolWindow: Window
  private var systemWindow: Window
  /// The heads of the lists of free runs.
  private let runHeadWindow: Window
  /// The windows of stores: the same two, or empty ones while a journal is kept, so that every
  /// store takes the way of `searchForStore`. Without a journal a store pays nothing for it.
  private var poolStores: Window
  private var systemStores: Window
  /// What is stored to, while somebody wants to know.
  var journal: WriteJournal? { @inline(__always) get { kept?.journal } }
  private var kept: KeptJournal?
  let reserved: ReservedBytes

  /// The addresses of the watched heads, and who is told of a store to them.
  private struct ListHeads {
    var base: Address = 0
    var byteCount: UInt64 = 0
    var used: UsedLists?

    /// Enters every list after a store to the heads.
    @inline(__always) func stored(_ address: Address, _ width: UInt64) {
      // A word that begins before the heads may end in them.
      if address &- base < byteCount || base &- address < width { used?.insertAll() }
    }
  }

  /// A journal, and where it keeps the lines of the two regions that most stores go to.
  private struct KeptJournal {
    let journal: WriteJournal
    let poolBase: Address
    let systemBase: Address
    let pool: UnsafeMutablePointer<UInt64>
    let system: UnsafeMutablePointer<UInt64>

    /// Notes a store to the line of the nonpaged pool that an address lies on.
    @inline(__always) func notePool(_ address: Address) {
      journal.note(region: 0, pool, line: (address &- poolBase) &>> 6)
    }

    /// The same of the kernel's data.
    @inline(__always) func noteSystem(_ address: Address) {
      journal.note(region: 1, system, line: (address &- systemBase) &>> 6)
    }
  }

  /// A part of a region in which every byte may be accessed.
  ///
  /// One comparison admits an access of any width: the window counts the addresses at which the
  /// widest word still fits, and the few behind them take the way of everything else.
  struct Window {
    var base: Address
    var wordStarts: UInt64
    /// Addresses from which the two links of a list entry lie in the window.
    var entryStarts: UInt64
    /// Addresses from which `blockBytes` lie in the window.
    var blockStarts: UInt64
    var host: UnsafeMutableRawPointer

    /// Room for any header and the two links behind it.
    static let blockBytes: UInt64 = 32

    init(base: Address, byteCount: UInt64, host: UnsafeMutableRawPointer) {
      self.base = base
      self.host = host
      wordStarts = byteCount < 8 ? 0 : byteCount - 7
      entryStarts = byteCount < 16 ? 0 : byteCount - 15
      blockStarts = byteCount < Self.blockBytes ? 0 : byteCount - Self.blockBytes + 1
    }

    /// The host address of `first` where words at it and at `last` lie in the window.
    @inline(__always)
    func host(from first: Address, _ last: Address) -> UnsafeMutableRawPointer? {
      guard first &- base < wordStarts, last &- base < wordStarts else { return nil }
      return host + Int(bitPattern: UInt(first &- base))
    }

    /// The window with so many bytes more in front and behind.
    func extended(down: UInt64, up: UInt64) -> Window {
      let byteCount = wordStarts == 0 ? 0 : wordStarts + 7
      return Window(base: base &- down, byteCount: down + byteCount + up, host: host - Int(down))
    }
  }

  init(
    regions list: [MemoryRegion], reserved: ReservedBytes, isWide: Bool, linkBit: UInt64
  ) {
    precondition(list.count >= 2, "nonpaged pool and kernel data are always there")
    regions = .allocate(capacity: list.count)
    regions.initialize(from: list, count: list.count)
    regionCount = list.count
    self.isWide = isWide
    self.linkBit = linkBit
    linkMask = ~linkBit
    self.reserved = reserved
    let pool = list[0]
    // Runs are cut from the end of the pool, bitmaps searched from its start.
    let start = pool.stamps == nil ? 0 : pool.alwaysMappedPages << pool.pageShift
    poolWindow = Window(base: pool.base + start, byteCount: 0, host: pool.host + Int(start))
    let system = list[1]
    let systemBytes = min(system.byteCount, Self.systemWindowBytes)
    systemWindow = Window(base: system.base, byteCount: systemBytes, host: system.host)
    poolStores = poolWindow
    systemStores = systemWindow
    for page in 0..<(systemBytes >> system.pageShift) { _ = system.isAccessible(page: page) }
    let heads = StaticData.freeRunHeads
    _ = system.isAccessible(page: heads >> system.pageShift)
    // Four heads; the window counts words, of which the last starts seven bytes before its end.
    runHeadWindow = Window(
      base: system.base + heads, byteCount: 71, host: system.host + Int(heads))
  }

  /// Bytes of the kernel's data that its window covers: the nonpaged descriptor and its list heads.
  private static let systemWindowBytes: UInt64 = 0x2000

  deinit {
    journal?.deallocate()
    let stamps = regions[0].stamps
    switch reserved.release {
    case .used(let release): release(reserved.base, reserved.byteCount)
    case .cleared(let release):
      for index in 0..<regionCount { regions[index].clearTouchedPages() }
      // The marks lie before the first region's bytes.
      let marks = UnsafeRawPointer(regions[0].host) - UnsafeRawPointer(reserved.base)
      reserved.base.clear(byteCount: marks)
      release(reserved.base, reserved.byteCount)
    }
    stamps?.deinitialize(count: 1)
    stamps?.deallocate()
    regions.deinitialize(count: regionCount)
    regions.deallocate()
  }

  /// Keeps a journal from now on; nil where there is no memory for it.
  mutating func startJournal(_ reserve: ReservedBytes.Reserver) -> WriteJournal? {
    if let journal { return journal }
    let list = UnsafeBufferPointer(start: regions, count: regionCount)
    guard let journal = WriteJournal(of: list, reserve: reserve) else { return nil }
    kept = KeptJournal(
      journal: journal, poolBase: regions[0].base, systemBase: regions[1].base,
      pool: journal.masks(of: 0), system: journal.masks(of: 1))
    poolStores.wordStarts = 0
    systemStores.wordStarts = 0
    regions[0].stamps?.pointee.journal = journal
    return journal
  }

  /// Tells `used` of every store to these list heads from now on.
  mutating func watchListHeads(_ base: Address, _ byteCount: UInt64, _ used: UsedLists) {
    listHeads = ListHeads(base: base, byteCount: byteCount, used: used)
    used.insertAll()
  }

  /// Takes over how far the window reaches, and why the last access failed.
  mutating func becomeWindow(of other: borrowing SimulatedMemory) {
    failure = other.failure
    listHeads.used?.insertAll()
    clearRuns.forget()
    poolWindow = other.poolWindow
    poolWindow.host = regions[0].host + Int(bitPattern: UInt(poolWindow.base &- regions[0].base))
    if journal == nil { poolStores = poolWindow }
  }

  /// Extends the first window over pages of the nonpaged pool that were handed out, touching what
  /// lies between.
  ///
  /// Not across more than `mostTouchedPages`: stamps commit the host's memory, and one request of
  /// gigabytes must not commit gigabytes. What is beyond is found by the slower search.
  mutating func touch(pages: UInt64, from first: UInt64) {
    // Nearly always a run that was cut before.
    let shift = regions[0].pageShift
    let byteCount = poolWindow.wordStarts == 0 ? 0 : poolWindow.wordStarts &+ 7
    let start = (poolWindow.base &- regions[0].base) &>> shift
    let end = start &+ byteCount &>> shift
    if first < start, regions[0].stamps != nil {
      extend(to: first..<start, down: true)
    } else if first &+ pages > end, regions[0].stamps == nil {
      extend(to: end..<min(first &+ pages, max(end, regions[0].alwaysMappedPages)), down: false)
    }
  }

  @inline(never)
  private mutating func extend(to pages: Range<UInt64>, down: Bool) {
    guard UInt64(pages.count) <= Self.mostTouchedPages else { return }
    for page in pages { _ = regions[0].isAccessible(page: page) }
    let bytes = UInt64(pages.count) &<< regions[0].pageShift
    poolWindow = poolWindow.extended(down: down ? bytes : 0, up: down ? 0 : bytes)
    if journal == nil { poolStores = poolWindow }
  }

  /// The most pages that one extension of the window touches.
  private static let mostTouchedPages: UInt64 = 1 << 16

  /// Stamps the pages of a free run from `address` on with its owner, or notes the owner where a
  /// long stretch of them has never been touched.
  mutating func stampPages(
    _ address: Address, _ pages: UInt64, pageBytes: UInt64, owner: Address
  ) throws(Halt) {
    let ownerOffset: UInt64 = isWide ? 24 : 16
    let signatureOffset: UInt64 = isWide ? 20 : 12
    if journal == nil, let host = rangeInWindow(address, pages &* pageBytes) {
      stampTouched(host, Int(pages), Int(pageBytes), Int(ownerOffset), owner)
      return
    }
    var page: UInt64 = 0
    while page < pages {
      let place = address &+ page &* pageBytes
      if let untouched = noteOwner(owner, ofUntouchedPagesAt: place, most: pages &- page) {
        page &+= untouched
        continue
      }
      try storePointer(place &+ ownerOffset, owner)
      try store32(place &+ signatureOffset, FreePageStamps.signature)
      page &+= 1
    }
  }

  /// Stamps pages of the window. A profile of large allocations shows that each free stamps about
  /// thirty pages, its own and those of the run that it takes in.
  @inline(__always)
  private func stampTouched(
    _ host: UnsafeMutableRawPointer, _ pages: Int, _ pageBytes: Int, _ ownerOffset: Int,
    _ owner: Address
  ) {
    var place = host + ownerOffset
    let end = place + pages &* pageBytes
    if isWide {
      while place < end {
        place.store32(FreePageStamps.signature, -4)
        place.store64(owner)
        place += pageBytes
      }
    } else {
      while place < end {
        place.store32(FreePageStamps.signature, -4)
        place.store32(UInt32(truncatingIfNeeded: owner))
        place += pageBytes
      }
    }
  }

  /// The host address of a range that lies in the pool's window, so that all of it is touched.
  @inline(__always)
  private func rangeInWindow(_ address: Address, _ width: UInt64) -> UnsafeMutableRawPointer? {
    let offset = address &- poolWindow.base
    let end = poolWindow.wordStarts &+ 7
    return poolWindow.wordStarts != 0 && width <= end && offset <= end &- width
      ? poolWindow.host + Int(bitPattern: UInt(offset)) : nil
  }

  /// Notes the owner of the untouched pages from `address` on and returns how many there are; nil
  /// where the first has been touched or the stretch is not worth a note.
  private mutating func noteOwner(
    _ owner: Address, ofUntouchedPagesAt address: Address, most: UInt64
  ) -> UInt64? {
    guard let stamps = regions[0].stamps else { return nil }
    let marks = regions[0].marksPointer
    let first = (address &- regions[0].base) &>> regions[0].pageShift
    guard first < regions[0].alwaysMappedPages, most >= FreePageStamps.shortestSpan,
      !stamps.pointee.isFull
    else { return nil }
    let limit = min(most, regions[0].alwaysMappedPages &- first)
    var count: UInt64 = 0
    while count < limit, marks[Int(first &+ count)] & PageMarks.touched.rawValue == 0 {
      count &+= 1
    }
    return stamps.pointee.note(first: first, pages: count, owner: owner) ? count : nil
  }

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

  /// The host address of `width` bytes at `address` that are about to be written.
  mutating func locateForStore(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    if width <= 8, journal != nil { return try searchForStore(address, width) }
    listHeads.stored(address, width)
    guard journal == nil else { return try searchForOtherStore(address, width) }
    let host = try locate(address, width)
    clearRuns.stored(toRegion: lastRegion)
    return host
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

  /// The host address of a word of at most eight bytes that is about to be written.
  @inline(__always)
  private mutating func locateStore(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    let inPool = address &- poolStores.base
    if inPool < poolStores.wordStarts {
      return poolStores.host + Int(bitPattern: UInt(inPool))
    }
    let inSystem = address &- systemStores.base
    if inSystem < systemStores.wordStarts {
      listHeads.stored(address, width)
      return systemStores.host + Int(bitPattern: UInt(inSystem))
    }
    return try searchForStore(address, width)
  }

  /// As `search` for a word of at most eight bytes, and the journal hears of it.
  @inline(never)
  private mutating func searchForStore(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    // Nearly every store is within one line of one of the windows.
    if address & 63 &+ width <= 64, let kept {
      let inPool = address &- poolWindow.base
      if inPool < poolWindow.wordStarts {
        kept.notePool(address)
        return poolWindow.host + Int(bitPattern: UInt(inPool))
      }
      listHeads.stored(address, width)
      let inSystem = address &- systemWindow.base
      if inSystem < systemWindow.wordStarts {
        kept.noteSystem(address)
        return systemWindow.host + Int(bitPattern: UInt(inSystem))
      }
      return try searchForOtherStore(address, width)
    }
    listHeads.stored(address, width)
    return try searchForOtherStore(address, width)
  }

  /// The same of bytes on two lines, or outside of the windows.
  @inline(never)
  private mutating func searchForOtherStore(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    guard let journal else {
      let host = try search(address, width)
      clearRuns.stored(toRegion: lastRegion)
      return host
    }
    guard let index = region(of: address),
      let host = (regions + index).locate(address, byteCount: width)
    else { throw fault(at: address) }
    clearRuns.stored(toRegion: index)
    let offset = address &- regions[index].base
    let first = offset &>> 6
    let last = (offset &+ width &- 1) &>> 6
    if first == last {
      journal.note(region: index, journal.masks(of: index), line: first)
    } else {
      journal.note(region: index, offset: offset, width: width)
    }
    return host
  }

  @inline(never)
  private mutating func search(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    guard let index = region(of: address),
      let host = (regions + index).locate(address, byteCount: width)
    else { throw fault(at: address) }
    return host
  }

  /// The index of the region that holds an address, or nil. One after the other is accessed in most
  /// cases, so the last one is asked first; regions do not overlap.
  @inline(__always) private mutating func region(of address: Address) -> Int? {
    if regions[lastRegion].contains(address) { return lastRegion }
    for index in 0..<regionCount where regions[index].contains(address) {
      lastRegion = index
      return index
    }
    return nil
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

  /// Lets `clearRuns` hear of stores to the map at an address.
  mutating func watchMap(_ map: Address) {
    clearRuns.region = (0..<regionCount).first { regions[$0].contains(map) } ?? -1
  }

  /// The host address of the kernel's own data at `address`, to be read only; nil elsewhere. What was
  /// never written there is zero.
  mutating func kernelData(at address: Address) -> UnsafeMutableRawPointer? {
    for index in 0..<regionCount where regions[index].contains(address) {
      let region = regions[index]
      return region.hasFrames ? nil : region.host + Int(address &- region.base)
    }
    return nil
  }

  /// The host address of a range of any length that is about to be written, or nil where not all of
  /// it is mapped in one region.
  mutating func locateRange(
    _ address: Address, _ byteCount: UInt64, isOwnMap: Bool = false
  ) -> UnsafeMutableRawPointer? {
    var index = 0
    if isOwnMap, clearRuns.region >= 0, regions[clearRuns.region].contains(address) {
      index = clearRuns.region
    } else {
      while index < regionCount, !regions[index].contains(address) { index &+= 1 }
      guard index < regionCount else { return nil }
    }
    listHeads.stored(address, byteCount)
    if !isOwnMap { clearRuns.stored(toRegion: index) }
    guard let host = (regions + index).locateRange(address, byteCount) else { return nil }
    journal?.note(region: index, offset: address &- regions[index].base, width: byteCount)
    return host
  }

  /// Notes a store that was done through a host address.
  @inline(__always)
  mutating func noteStore(_ address: Address, _ byteCount: UInt64) {
    guard let kept else { return }
    let last = address &+ byteCount &- 1
    if address &- systemWindow.base < systemWindow.wordStarts {
      kept.noteSystem(address)
      if (address ^ last) &>> 6 != 0 { kept.noteSystem(last) }
    } else if address &- poolWindow.base < poolWindow.wordStarts {
      kept.notePool(address)
      if (address ^ last) &>> 6 != 0 { kept.notePool(last) }
    } else {
      noteElsewhere(address, byteCount)
    }
  }

  @inline(never)
  private mutating func noteElsewhere(_ address: Address, _ byteCount: UInt64) {
    for index in 0..<regionCount where regions[index].contains(address) {
      journal?.note(region: index, offset: address &- regions[index].base, width: byteCount)
      return
    }
  }

  /// The host address of a block's header and the links behind it, if they are in the pool's
  /// window. The window consists of whole pages, so that the header's whole page is there too.
  @inline(__always) func blockInWindow(_ header: Address) -> UnsafeMutableRawPointer? {
    let offset = header &- poolWindow.base
    return offset < poolWindow.blockStarts
      ? poolWindow.host + Int(bitPattern: UInt(offset)) : nil
  }

  // MARK: Words

  /// The host address of a word in a run of pages or in the heads of their lists.
  @inline(__always)
  private mutating func locateRunWord(
    _ address: Address, _ width: UInt64
  ) throws(Halt) -> UnsafeMutableRawPointer {
    let inPool = address &- poolWindow.base
    if inPool < poolWindow.wordStarts { return poolWindow.host + Int(bitPattern: UInt(inPool)) }
    let inHeads = address &- runHeadWindow.base
    if inHeads < runHeadWindow.wordStarts {
      return runHeadWindow.host + Int(bitPattern: UInt(inHeads))
    }
    return try locateWord(address, width)
  }

  /// A pointer in a run of pages or in the heads of their lists.
  @inline(__always) mutating func loadRunPointer(_ address: Address) throws(Halt) -> Address {
    isWide
      ? try locateRunWord(address, 8).word64()
      : UInt64(try locateRunWord(address, 4).word32())
  }

  /// Stores such a pointer.
  @inline(__always)
  mutating func storeRunPointer(_ address: Address, _ value: Address) throws(Halt) {
    guard journal == nil else { return try storePointer(address, value) }
    if isWide {
      try locateRunWord(address, 8).store64(value)
    } else {
      try locateRunWord(address, 4).store32(UInt32(truncatingIfNeeded: value))
    }
  }

  /// The host address of two links in the pool's window.
  @inline(__always) func entryInWindow(_ address: Address) -> UnsafeMutableRawPointer? {
    let offset = address &- poolWindow.base
    return offset < poolWindow.entryStarts
      ? poolWindow.host + Int(bitPattern: UInt(offset)) : nil
  }

  @inline(__always) mutating func load8(_ address: Address) throws(Halt) -> UInt8 {
    try locateWord(address, 1).load(as: UInt8.self)
  }

  @inline(__always) mutating func load32(_ address: Address) throws(Halt) -> UInt32 {
    try locateWord(address, 4).loadUnaligned(as: UInt32.self)
  }

  @inline(__always) mutating func load64(_ address: Address) throws(Halt) -> UInt64 {
    try locateWord(address, 8).loadUnaligned(as: UInt64.self)
  }

  @inline(__always) mutating func store8(_ address: Address, _ value: UInt8) throws(Halt) {
    try locateStore(address, 1).storeBytes(of: value, as: UInt8.self)
  }

  @inline(__always) mutating func store32(_ address: Address, _ value: UInt32) throws(Halt) {
    try locateStore(address, 4).storeBytes(of: value, as: UInt32.self)
  }

  @inline(__always) mutating func store64(_ address: Address, _ value: UInt64) throws(Halt) {
    try locateStore(address, 8).storeBytes(of: value, as: UInt64.self)
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
    let host = try locateStore(address, 4)
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
