// Plain allocations: the steps of `allocateWithTag`, in its order.

extension KernelPool {
  /// Allocates a plain small block; nil when the request fails.
  @inline(__always)
  mutating func allocatePlain(bytes: UInt64, tag: PoolTag) throws(Halt) -> Address? {
    guard plain.shape == .x64 else { return try allocatePlain86(bytes: bytes, tag: tag) }
    return try allocatePlain(X64Blocks.self, bytes: bytes, tag: tag)
  }

  /// The other shapes, out of line so that each is compiled into one piece of code.
  @inline(never)
  private mutating func allocatePlain86(bytes: UInt64, tag: PoolTag) throws(Halt) -> Address? {
    guard plain.shape == .x86 else { return try allocatePlain2000(bytes: bytes, tag: tag) }
    return try allocatePlain(X86Blocks.self, bytes: bytes, tag: tag)
  }

  @inline(never)
  private mutating func allocatePlain2000(bytes: UInt64, tag: PoolTag) throws(Halt) -> Address? {
    guard plain.shape == .windows2000 else {
      return try allocateJournaled(bytes: bytes, tag: tag)
    }
    return try allocatePlain(Windows2000Blocks.self, bytes: bytes, tag: tag)
  }

  @inline(never)
  private mutating func allocateJournaled(bytes: UInt64, tag: PoolTag) throws(Halt) -> Address? {
    guard plain.shape == .journaledX64 else {
      return try allocateJournaled86(bytes: bytes, tag: tag)
    }
    return try allocatePlain(Journaled<X64Blocks>.self, bytes: bytes, tag: tag)
  }

  @inline(never)
  private mutating func allocateJournaled86(bytes: UInt64, tag: PoolTag) throws(Halt) -> Address? {
    guard plain.shape == .journaledX86 else {
      return try allocateJournaled2000(bytes: bytes, tag: tag)
    }
    return try allocatePlain(Journaled<X86Blocks>.self, bytes: bytes, tag: tag)
  }

  @inline(never)
  private mutating func allocateJournaled2000(bytes: UInt64, tag: PoolTag) throws(Halt) -> Address?
  {
    try allocatePlain(Journaled<Windows2000Blocks>.self, bytes: bytes, tag: tag)
  }

  @inline(__always)
  private mutating func allocatePlain<Shape: BlockShape>(
    _ shape: Shape.Type, bytes: UInt64, tag: PoolTag
  ) throws(Halt) -> Address? {
    let rounded = max(bytes, 1) &+ UInt64(Shape.headerBytes) &+ (1 &<< Shape.unitShift) &- 1
    let units = max(
      UInt32(truncatingIfNeeded: rounded &>> Shape.unitShift), plain.smallestBlockUnits)
    if units <= plain.lookasideClasses, let body = try popPlain(shape, units) {
      return try finishLookaside(shape, body, tag)
    }
    guard let index = firstUsedList(shape, from: units &+ plain.firstListOffset) else {
      return try openPlainPage(shape, units, tag)
    }
    let header = try removeFirst(shape, index)
    if plain.checks == .wholePage { try checkPage(of: header) }
    let block = try splitPlain(shape, header, units)
    countPlain(shape, plain.runningAllocations)
    let blockBytes = Shape.bytes(units)
    countPlainBytes(shape, blockBytes)
    guard let host = memory.blockInWindow(block) else {
      return try finishRecycled(block, .nonPaged, units: UInt64(units), tag)
    }
    try finish(shape, block, host, blockBytes, tag)
    return block &+ UInt64(Shape.headerBytes)
  }

  /// Books a recycled block, names it and clears the pointers in which its links were.
  @inline(__always)
  private mutating func finish<Shape: BlockShape>(
    _ shape: Shape.Type, _ block: Address, _ host: UnsafeMutableRawPointer, _ bytes: Int,
    _ tag: PoolTag
  ) throws(Halt) {
    try trackPlain(shape, tag, bytes)
    noteBlock(shape, host)
    host.store32(tag.word, Int(HeaderLayout.tagOffset))
    host.store(0 as Shape.Word, Shape.headerBytes)
    host.store(0 as Shape.Word, Shape.headerBytes &+ Shape.wordBytes)
  }

  // MARK: Lookasides

  /// The body of a block from the lookaside lists of a size; nil when they are empty.
  @inline(__always)
  private mutating func popPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ units: UInt32
  ) throws(Halt) -> Address? {
    let shared = plain.sharedLookasides + (Int(units) &- 1)
    guard plain.sharedLookaside != .sameList else {
      if let body = try popPlain(shape, shared) { return body }
      return try popPlain(shape, shared)
    }
    let own =
      lookasides + (variables.pointee.processor &* plain.lookasidesOfOwner &+ Int(units) &- 1)
    if let body = try popPlain(shape, own) { return body }
    return plain.sharedLookaside == .separate ? try popPlain(shape, shared) : nil
  }

  @inline(__always)
  private mutating func popPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ list: UnsafeMutablePointer<LookasideList>
  ) throws(Halt) -> Address? {
    list.pointee.totalAllocates &+= 1
    let top = list.pointee.top
    guard top != 0 else { return nil }
    noteLookaside(shape, list)
    list.pointee.allocateHits &+= 1
    list.pointee.count &-= 1
    mechanisms.insert(.lookasideHit)
    if let host = memory.wordInWindow(top) {
      list.pointee.top = Address(host.word(Shape.Word.self))
    } else {
      list.pointee.top = try memory.loadPointer(top)
    }
    return top
  }

  @inline(__always)
  private mutating func finishLookaside<Shape: BlockShape>(
    _ shape: Shape.Type, _ body: Address, _ tag: PoolTag
  ) throws(Halt) -> Address {
    let header = body &- UInt64(Shape.headerBytes)
    guard let host = memory.blockInWindow(header) else {
      return try finishLookaside(header, .nonPaged, tag)
    }
    let word = host.word32()
    host.store32(Shape.header.poolType.set(word, plain.storedType))
    try finish(shape, header, host, Shape.bytes(Shape.header.blockSize.get(word)), tag)
    return body
  }

  // MARK: List heads

  /// Takes the first block off a list that is not empty; returns its header.
  @inline(__always)
  private mutating func removeFirst<Shape: BlockShape>(
    _ shape: Shape.Type, _ units: UInt32
  ) throws(Halt) -> Address {
    let address = plainHeadAddress(shape, units)
    let head = plainHead(shape, units)
    if plain.checks != .none { try checkPlainLinks(shape, address, head) }
    let first = plainLink(shape, head, 0)
    let second = try loadPlainLink(shape, first)
    noteHead(shape, units)
    head.store(encoded(shape, second))
    if second == address {
      head.store(encoded(shape, address), Shape.wordBytes)
    } else {
      try storePlainLink(
        shape, second &+ UInt64(Shape.wordBytes), encoded(shape, address))
    }
    if plain.checks == .wholePage { try checkPlainLinks(shape, address, head) }
    return first &- UInt64(Shape.headerBytes)
  }

  // MARK: Splitting

  /// Cuts `units` off a free block that is on no list. A block whose size does not suit its page
  /// goes the general way.
  @inline(__always)
  private mutating func splitPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ header: Address, _ units: UInt32
  ) throws(Halt) -> Address {
    guard let host = memory.blockInWindow(header) else {
      return try splitGenerally(header, units)
    }
    let layout = Shape.header
    let word = host.word32()
    let size = layout.blockSize.get(word)
    guard size != units else {
      mechanisms.insert(.exactFit)
      return try own(shape, header, host)
    }
    let offset = Int(truncatingIfNeeded: header & UInt64(Shape.pageBytes &- 1))
    let end = offset &+ Shape.bytes(size)
    guard size > units, end <= Shape.pageBytes else { return try splitGenerally(header, units) }
    let left = size &- units
    var free = layout.blockSize.set(0, left)
    if layout.previousSize.get(word) == 0 {
      mechanisms.insert(.splitFront)
      let remainder = host + Shape.bytes(units)
      free = layout.previousSize.set(free, units)
      noteHeader(shape, remainder)
      remainder.store32(freeHeader(shape, free, remainder.word32()))
      if end < Shape.pageBytes { setPrevious(shape, host + Shape.bytes(size), left) }
      host.store32(layout.blockSize.set(host.word32(), units))
      try listRemainder(shape, header &+ UInt64(Shape.bytes(units)), remainder, left)
      return try own(shape, header, host)
    }
    mechanisms.insert(.splitBack)
    free = layout.previousSize.set(free, layout.previousSize.get(word))
    noteHeader(shape, host)
    host.store32(freeHeader(shape, free, word))
    let block = host + Shape.bytes(left)
    let own = layout.previousSize.set(block.word32(), left)
    block.store32(layout.blockSize.set(own, units))
    if end < Shape.pageBytes { setPrevious(shape, host + Shape.bytes(size), units) }
    try listRemainder(shape, header, host, left)
    return try self.own(shape, header &+ UInt64(Shape.bytes(left)), block)
  }

  private mutating func splitGenerally(_ header: Address, _ units: UInt32) throws(Halt) -> Address {
    let block = try split(header, 0, units: UInt64(units))
    return try own(block, 0, .nonPaged)
  }

  /// The header of a free block of this descriptor: `fields`, and the old index where the version
  /// leaves it.
  @inline(__always)
  private func freeHeader<Shape: BlockShape>(
    _: Shape.Type, _ fields: UInt32, _ old: UInt32
  ) -> UInt32 {
    let index = Shape.header.poolIndex
    return plain.keepsPoolIndex ? index.set(fields, index.get(old)) : fields
  }

  @inline(__always)
  private func setPrevious<Shape: BlockShape>(
    _ shape: Shape.Type, _ host: UnsafeMutableRawPointer, _ units: UInt32
  ) {
    noteHeader(shape, host)
    host.store32(Shape.header.previousSize.set(host.word32(), units))
  }

  /// Gives a split block its type and its descriptor.
  @inline(__always)
  private mutating func own<Shape: BlockShape>(
    _ shape: Shape.Type, _ header: Address, _ host: UnsafeMutableRawPointer
  ) throws(Halt) -> Address {
    noteHeader(shape, host)
    host.store32(host.word32() & ~plain.ownerBits | plain.owner)
    if plain.checks == .wholePage { try checkPage(of: header) }
    return header
  }

  /// Puts a remainder at the tail of its list, unless it is an orphan.
  @inline(__always)
  private mutating func listRemainder<Shape: BlockShape>(
    _ shape: Shape.Type, _ header: Address, _ host: UnsafeMutableRawPointer, _ units: UInt32
  ) throws(Halt) {
    guard units >= plain.smallestListedUnits else {
      mechanisms.insert(.orphan)
      return
    }
    let address = plainHeadAddress(shape, units)
    let head = plainHead(shape, units)
    if plain.checks == .wholePage { try checkPlainLinks(shape, address, head) }
    let body = header &+ UInt64(Shape.headerBytes)
    let entry = encoded(shape, body)
    let last = plainLink(shape, head, Shape.wordBytes)
    noteBlock(shape, host)
    noteHead(shape, units)
    host.store(encoded(shape, address), Shape.headerBytes)
    host.store(encoded(shape, last), Shape.headerBytes &+ Shape.wordBytes)
    noteUsedList(units)
    if last == address { head.store(entry) } else { try storePlainLink(shape, last, entry) }
    head.store(entry, Shape.wordBytes)
    if plain.checks == .wholePage {
      try checkPlainLinks(shape, address, head)
      try checkPlainLinks(shape, body, host + Shape.headerBytes)
    }
  }

  // MARK: Fresh pages

  @inline(never)
  private mutating func openPlainPage<Shape: BlockShape>(
    _ shape: Shape.Type, _ units: UInt32, _ tag: PoolTag
  ) throws(Halt) -> Address? {
    guard let page = try allocatePages(.nonPaged, bytes: UInt64(Shape.pageBytes)) else {
      return try fail(.nonPaged, bytes: geometry.pageBytes)
    }
    guard page & UInt64(Shape.pageBytes &- 1) == 0, let host = memory.blockInWindow(page) else {
      return try finishPage(page, units, tag)
    }
    mechanisms.insert(.freshPage)
    setSmallBlocks(page, .nonPaged, true)
    let layout = Shape.header
    noteHeader(shape, host)
    host.store32(layout.poolType.set(layout.blockSize.set(0, units), plain.storedType))
    let left = UInt32(truncatingIfNeeded: Shape.pageBytes &>> Int(Shape.unitShift)) &- units
    let remainder = host + Shape.bytes(units)
    noteHeader(shape, remainder)
    remainder.store32(layout.previousSize.set(layout.blockSize.set(0, left), units))
    countPlain(shape, plain.totalPages)
    countPlainBytes(shape, Shape.bytes(units))
    try listRemainder(shape, page &+ UInt64(Shape.bytes(units)), remainder, left)
    if plain.checks == .wholePage { try checkPage(of: page) }
    countPlain(shape, plain.runningAllocations)
    try trackPlain(shape, tag, Shape.bytes(units))
    host.store32(tag.word, Int(HeaderLayout.tagOffset))
    return page &+ UInt64(Shape.headerBytes)
  }

  /// The same for a page outside of the window.
  @inline(never)
  private mutating func finishPage(
    _ page: Address, _ units: UInt32, _ tag: PoolTag
  ) throws(Halt) -> Address? {
    try carve(page, 0, .nonPaged, .nonPaged, units: UInt64(units))
    try memory.add32(descriptors[0].address &+ profile.descriptor.runningAllocations, 1)
    try track(tag, bytes: UInt64(units) &<< geometry.unitShift, type: .nonPaged)
    try memory.store32(page &+ HeaderLayout.tagOffset, tag.word)
    return page &+ geometry.headerBytes
  }
}
