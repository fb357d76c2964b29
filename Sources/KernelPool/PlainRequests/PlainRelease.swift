// Plain frees: the steps of `freeSmall` and `release`, in their order.

extension KernelPool {
  /// Frees a plain small block. False where the block is not plain or something about it is wrong;
  /// nothing has been changed then.
  @inline(__always)
  mutating func freePlain(_ address: Address, tag: UInt32) throws(Halt) -> Bool {
    guard plain.shape == .x64 else { return try freePlain86(address, tag) }
    return try freePlain(X64Blocks.self, address, tag)
  }

  @inline(never)
  private mutating func freePlain86(_ address: Address, _ tag: UInt32) throws(Halt) -> Bool {
    guard plain.shape == .x86 else { return try freePlain2000(address, tag) }
    return try freePlain(X86Blocks.self, address, tag)
  }

  @inline(never)
  private mutating func freePlain2000(_ address: Address, _ tag: UInt32) throws(Halt) -> Bool {
    guard plain.shape == .windows2000 else { return try freeJournaled(address, tag) }
    return try freePlain(Windows2000Blocks.self, address, tag)
  }

  @inline(never)
  private mutating func freeJournaled(_ address: Address, _ tag: UInt32) throws(Halt) -> Bool {
    guard plain.shape == .journaledX64 else { return try freeJournaled86(address, tag) }
    return try freePlain(Journaled<X64Blocks>.self, address, tag)
  }

  @inline(never)
  private mutating func freeJournaled86(_ address: Address, _ tag: UInt32) throws(Halt) -> Bool {
    guard plain.shape == .journaledX86 else { return try freeJournaled2000(address, tag) }
    return try freePlain(Journaled<X86Blocks>.self, address, tag)
  }

  @inline(never)
  private mutating func freeJournaled2000(_ address: Address, _ tag: UInt32) throws(Halt) -> Bool {
    guard plain.shape == .journaledWindows2000 else { return false }
    return try freePlain(Journaled<Windows2000Blocks>.self, address, tag)
  }

  @inline(__always)
  private mutating func freePlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ address: Address, _ given: UInt32
  ) throws(Halt) -> Bool {
    let header = address &- UInt64(Shape.headerBytes)
    guard header & ((1 &<< Shape.unitShift) &- 1) == 0, variables.pointee.interruptLevel <= 2,
      let host = memory.blockInWindow(header)
    else { return false }
    let word = host.word32()
    let units = Shape.header.blockSize.get(word)
    guard word & plain.ownerBits == plain.owner, units != 0 else { return false }
    let offset = Int(truncatingIfNeeded: header & UInt64(Shape.pageBytes &- 1))
    let end = offset &+ Shape.bytes(units)
    guard end <= Shape.pageBytes else { return false }
    if plain.checks == .neighbour, end < Shape.pageBytes,
      Shape.header.previousSize.get(host.word32(Shape.bytes(units))) != units
    {
      return false
    }
    let tag = PoolTag(word: host.word32(Int(HeaderLayout.tagOffset)))
    guard given == tag.unprotected.word || given == 0 || toleratesForeignTag(tag) else {
      return false
    }
    try untrackPlain(shape, tag, Shape.bytes(units))
    if units <= plain.lookasideClasses, pushPlain(shape, host, address, units) { return true }
    if plain.defersFrees {
      try deferPlain(shape, host, address)
    } else if let page = try releasePlain(shape, header, host, units) {
      try releasePage(page, 0)
    }
    return true
  }

  private func toleratesForeignTag(_ tag: PoolTag) -> Bool {
    plain.tagCheck == .never || plain.tagCheck == .protectedOnly && !tag.isProtected
  }

  // MARK: Lookasides

  @inline(__always)
  private mutating func pushPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ host: UnsafeMutableRawPointer, _ body: Address, _ units: UInt32
  ) -> Bool {
    let shared = plain.sharedLookasides + (Int(units) &- 1)
    guard plain.sharedLookaside != .sameList else {
      return pushPlain(shape, host, body, shared) || pushPlain(shape, host, body, shared)
    }
    let own =
      lookasides + (variables.pointee.processor &* plain.lookasidesOfOwner &+ Int(units) &- 1)
    return pushPlain(shape, host, body, own)
      || plain.sharedLookaside == .separate && pushPlain(shape, host, body, shared)
  }

  @inline(__always)
  private mutating func pushPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ host: UnsafeMutableRawPointer, _ body: Address,
    _ list: UnsafeMutablePointer<LookasideList>
  ) -> Bool {
    list.pointee.totalFrees &+= 1
    guard list.pointee.count < list.pointee.depth else { return false }
    noteLookaside(shape, list)
    list.pointee.freeHits &+= 1
    noteBlock(shape, host)
    host.store(Shape.Word(truncatingIfNeeded: list.pointee.top), Shape.headerBytes)
    list.pointee.top = body
    list.pointee.count &+= 1
    mechanisms.insert(.lookasidePush)
    return true
  }

  // MARK: Deferred frees

  @inline(__always)
  private mutating func deferPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ host: UnsafeMutableRawPointer, _ body: Address
  ) throws(Halt) {
    if plain.descriptor.word32(plain.pendingFreeDepth) >= plain.deferredFreeLimit {
      try processDeferredFrees(0)
    }
    noteBlock(shape, host)
    if Shape.keepsJournal {
      memory.noteStore(
        plain.descriptorAddress &+ UInt64(plain.pendingFrees), UInt64(Shape.wordBytes))
    }
    host.store(plain.descriptor.word(Shape.Word.self, plain.pendingFrees), Shape.headerBytes)
    plain.descriptor.store(Shape.Word(truncatingIfNeeded: body), plain.pendingFrees)
    countPlain(shape, plain.pendingFreeDepth)
    mechanisms.insert(.deferred)
  }

  // MARK: The real free

  /// What a plain release came to.
  enum PlainRelease {
    /// The block is not plain; nothing has been changed.
    case notPlain
    /// It is free; the page is to be given back where nothing else is left on it.
    case released(Address?)
  }

  /// Releases a block that comes from elsewhere: a deferred one.
  mutating func releasePlain(_ header: Address, units: UInt64) throws(Halt) -> PlainRelease {
    switch plain.shape {
    case .x64: try releaseIfPlain(X64Blocks.self, header, units)
    case .x86: try releaseIfPlain(X86Blocks.self, header, units)
    case .windows2000: try releaseIfPlain(Windows2000Blocks.self, header, units)
    case .journaledX64: try releaseIfPlain(Journaled<X64Blocks>.self, header, units)
    case .journaledX86: try releaseIfPlain(Journaled<X86Blocks>.self, header, units)
    case .journaledWindows2000:
      try releaseIfPlain(Journaled<Windows2000Blocks>.self, header, units)
    case .none: .notPlain
    }
  }

  @inline(__always)
  private mutating func releaseIfPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ header: Address, _ units: UInt64
  ) throws(Halt) -> PlainRelease {
    let offset = header & UInt64(Shape.pageBytes &- 1)
    guard header & ((1 &<< Shape.unitShift) &- 1) == 0, let host = memory.blockInWindow(header),
      units != 0, UInt64(Shape.header.blockSize.get(host.word32())) == units,
      offset &+ units &<< Shape.unitShift <= UInt64(Shape.pageBytes)
    else { return .notPlain }
    return .released(
      try releasePlain(shape, header, host, UInt32(truncatingIfNeeded: units)))
  }

  /// Counts a free and merges the block with its free neighbours. The caller has seen to it that
  /// the block lies in its page.
  @inline(__always)
  private mutating func releasePlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ header: Address, _ host: UnsafeMutableRawPointer, _ units: UInt32
  ) throws(Halt) -> Address? {
    countPlain(shape, plain.runningFrees)
    countPlainBytes(shape, 0 &- Shape.bytes(units))
    if plain.checks == .wholePage { try checkPage(of: header) }
    let layout = Shape.header
    let offset = Int(truncatingIfNeeded: header & UInt64(Shape.pageBytes &- 1))
    let end = offset &+ Shape.bytes(units)
    var mergedForward = false
    if end < Shape.pageBytes {
      let next = host + Shape.bytes(units)
      let word = next.word32()
      if layout.poolType.get(word) == 0 {
        let nextUnits = layout.blockSize.get(word)
        guard nextUnits != 0, end &+ Shape.bytes(nextUnits) <= Shape.pageBytes else {
          return try coalesce(header, 0, units: UInt64(units))
        }
        mechanisms.insert(.mergedForward)
        if isListed(nextUnits) {
          try unlinkPlain(shape, next, header &+ UInt64(Shape.bytes(units)))
        }
        let own = host.word32()
        noteHeader(shape, host)
        host.store32(layout.blockSize.set(own, layout.blockSize.get(own) &+ nextUnits))
        mergedForward = true
      }
    }
    let previousUnits = layout.previousSize.get(host.word32())
    guard previousUnits != 0 else {
      return try settlePlain(shape, header, host, isMerged: mergedForward)
    }
    guard Shape.bytes(previousUnits) <= offset else {
      return try finishCoalescing(header, 0, mergedForward: mergedForward)
    }
    let previous = host - Shape.bytes(previousUnits)
    let word = previous.word32()
    guard layout.poolType.get(word) == 0 else {
      return try settlePlain(shape, header, host, isMerged: mergedForward)
    }
    mechanisms.insert(.mergedBackward)
    let start = header &- UInt64(Shape.bytes(previousUnits))
    let size = layout.blockSize.get(word)
    if isListed(size) { try unlinkPlain(shape, previous, start) }
    let total = size &+ layout.blockSize.get(host.word32())
    noteHeader(shape, previous)
    previous.store32(layout.blockSize.set(previous.word32(), total))
    return try settlePlain(shape, start, previous, isMerged: true)
  }

  @inline(__always) private func isListed(_ units: UInt32) -> Bool {
    units &- 1 >= plain.smallestListedUnits &- 1
  }

  /// Takes a free block off whatever list it is on.
  @inline(__always)
  private mutating func unlinkPlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ host: UnsafeMutableRawPointer, _ header: Address
  ) throws(Halt) {
    if plain.checks != .none {
      try checkPlainLinks(
        shape, header &+ UInt64(Shape.headerBytes), host + Shape.headerBytes)
    }
    let next = plainLink(shape, host, Shape.headerBytes)
    let previous = plainLink(shape, host, Shape.headerBytes &+ Shape.wordBytes)
    try storePlainLink(shape, previous, encoded(shape, next))
    try storePlainLink(shape, next &+ UInt64(Shape.wordBytes), encoded(shape, previous))
    if plain.checks == .wholePage {
      try checkLinks(next)
      try checkLinks(previous)
    }
  }

  /// Marks a merged block as free and lists it; returns the page when the block covers it.
  @inline(__always)
  private mutating func settlePlain<Shape: BlockShape>(
    _ shape: Shape.Type, _ header: Address, _ host: UnsafeMutableRawPointer, isMerged: Bool
  ) throws(Halt) -> Address? {
    let layout = Shape.header
    let offset = Int(truncatingIfNeeded: header & UInt64(Shape.pageBytes &- 1))
    var word = host.word32()
    let units = layout.blockSize.get(word)
    let end = offset &+ Shape.bytes(units)
    if offset == 0, units == 0 || end == Shape.pageBytes { return header }
    guard units >= plain.smallestListedUnits, units != 0, end <= Shape.pageBytes else {
      return try settle(header, 0, isMerged: isMerged)
    }
    word = layout.poolType.set(word, 0)
    noteBlock(shape, host)
    host.store32(plain.keepsPoolIndex ? word : layout.poolIndex.set(word, 0))
    if isMerged, end < Shape.pageBytes {
      let next = host + Shape.bytes(units)
      noteHeader(shape, next)
      next.store32(layout.previousSize.set(next.word32(), units))
    }
    let address = plainHeadAddress(shape, units)
    let head = plainHead(shape, units)
    if plain.checks == .wholePage { try checkPlainLinks(shape, address, head) }
    let body = header &+ UInt64(Shape.headerBytes)
    let entry = encoded(shape, body)
    let first = plainLink(shape, head, 0)
    noteHead(shape, units)
    host.store(encoded(shape, first), Shape.headerBytes)
    host.store(encoded(shape, address), Shape.headerBytes &+ Shape.wordBytes)
    if first == address {
      head.store(entry, Shape.wordBytes)
    } else {
      try storePlainLink(shape, first &+ UInt64(Shape.wordBytes), entry)
    }
    noteUsedList(units)
    head.store(entry)
    if plain.checks == .wholePage {
      try checkPlainLinks(shape, address, head)
      try checkPlainLinks(shape, body, host + Shape.headerBytes)
    }
    return nil
  }
}
