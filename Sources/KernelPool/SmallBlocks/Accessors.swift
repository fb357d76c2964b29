// How the algorithm reads and stores: headers and links here, descriptors and the tag table beside
// what they are (Accounting), lookaside lists in Lookasides.swift. Whatever lies where its host
// address is known is read there; anything else goes through the memory's door, which faults as the
// kernel would. Each store notes itself in the journal: no step of the algorithm does.

// MARK: Host addresses

extension UnsafeMutableRawPointer {
  /// A 32-bit word.
  @inline(__always) func word32(_ offset: Int = 0) -> UInt32 {
    loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// Stores a 32-bit word.
  @inline(__always) func store32(_ value: UInt32, _ offset: Int = 0) {
    storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
  }

  /// A 64-bit word.
  @inline(__always) func word64(_ offset: Int = 0) -> UInt64 {
    loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// Stores a 64-bit word.
  @inline(__always) func store64(_ value: UInt64, _ offset: Int = 0) {
    storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
  }
}

extension SmallBlocks {
  /// A pointer of the machine at a host address.
  @inline(__always)
  func pointer(_ host: UnsafeMutableRawPointer, _ offset: UInt64) -> Address {
    let offset = Int(truncatingIfNeeded: offset)
    return Layout.isWide(pool) ? host.word64(offset) : Address(host.word32(offset))
  }

  @inline(__always)
  func store(_ value: Address, _ host: UnsafeMutableRawPointer, _ offset: UInt64) {
    let offset = Int(truncatingIfNeeded: offset)
    if Layout.isWide(pool) {
      host.store64(value, offset)
    } else {
      host.store32(UInt32(truncatingIfNeeded: value), offset)
    }
  }

  @inline(__always) func note(_ address: Address, _ byteCount: UInt64) {
    if Mode.keepsJournal(pool) { pool.pointee.memory.noteStore(address, byteCount) }
  }

  // Accesses at addresses whose bytes are not known: rare, and kept apart so that the rest is
  // compiled into one piece.

  @inline(never) private func load32Elsewhere(_ address: Address) throws(Halt) -> UInt32 {
    try pool.pointee.memory.load32(address)
  }

  @inline(never)
  private func store32Elsewhere(_ address: Address, _ value: UInt32) throws(Halt) {
    try pool.pointee.memory.store32(address, value)
  }

  @inline(never) private func loadPointerElsewhere(_ address: Address) throws(Halt) -> Address {
    try pool.pointee.memory.loadPointer(address)
  }

  @inline(never)
  private func storePointerElsewhere(_ address: Address, _ value: Address) throws(Halt) {
    try pool.pointee.memory.storePointer(address, value)
  }
}

// MARK: Headers

extension SmallBlocks {
  /// The block whose header lies at `address`.
  @inline(__always) func block(_ address: Address) -> Block {
    Block(address: address, host: pool.pointee.memory.blockInWindow(address))
  }

  /// The block that lies `units` behind another.
  @inline(__always) func block(_ block: Block, plus units: UInt64) -> Block {
    self.block(block.address &+ bytes(units))
  }

  /// The address that a caller gets for a block.
  @inline(__always) func body(_ block: Block) -> Address { block.address &+ headerBytes }

  /// The first word of a header, which holds four fields.
  @inline(__always) func word(_ block: Block) throws(Halt) -> UInt32 {
    if let host = block.host { return host.word32() }
    return try load32Elsewhere(block.address)
  }

  @inline(__always) func setWord(_ block: Block, _ word: UInt32) throws(Halt) {
    guard let host = block.host else { return try store32Elsewhere(block.address, word) }
    note(block.address, 4)
    host.store32(word)
  }

  @inline(__always) func tag(_ block: Block) throws(Halt) -> PoolTag {
    let offset = HeaderLayout.tagOffset
    if let host = block.host { return PoolTag(word: host.word32(Int(offset))) }
    return PoolTag(word: try load32Elsewhere(block.address &+ offset))
  }

  @inline(__always) func setTag(_ block: Block, _ tag: PoolTag) throws(Halt) {
    let offset = HeaderLayout.tagOffset
    guard let host = block.host else {
      return try store32Elsewhere(block.address &+ offset, tag.word)
    }
    note(block.address &+ offset, 4)
    host.store32(tag.word, Int(offset))
  }

  /// A size in units; 0 where a whole page has wrapped around.
  @inline(__always) func size(in word: UInt32) -> UInt64 { UInt64(layout.blockSize.get(word)) }

  /// The size of the block before, in units; 0 at the start of a page.
  @inline(__always) func previousSize(in word: UInt32) -> UInt64 {
    UInt64(layout.previousSize.get(word))
  }

  @inline(__always) func size(_ block: Block) throws(Halt) -> UInt64 { size(in: try word(block)) }

  @inline(__always) func previousSize(_ block: Block) throws(Halt) -> UInt64 {
    previousSize(in: try word(block))
  }

  /// The word with another size; what exceeds the field is cut off.
  @inline(__always) func word(_ word: UInt32, size units: UInt64) -> UInt32 {
    layout.blockSize.set(word, UInt32(truncatingIfNeeded: units))
  }

  @inline(__always) func word(_ word: UInt32, previousSize units: UInt64) -> UInt32 {
    layout.previousSize.set(word, UInt32(truncatingIfNeeded: units))
  }

  /// The word with another type, 0 for a free block, and with its descriptor's index where the
  /// version keeps it.
  @inline(__always) func word(_ word: UInt32, type: UInt32, _ owner: OwnerPointer) -> UInt32 {
    self.word(layout.poolType.set(word, type), owner)
  }

  @inline(__always) func word(_ word: UInt32, _ owner: OwnerPointer) -> UInt32 {
    word & pool.pointee.maskWithoutIndex | owner.pointee.indexBits
  }

  @inline(__always) func setSize(_ block: Block, _ units: UInt64) throws(Halt) {
    try setWord(block, word(try word(block), size: units))
  }

  @inline(__always) func setPreviousSize(_ block: Block, _ units: UInt64) throws(Halt) {
    try setWord(block, word(try word(block), previousSize: units))
  }

  @inline(__always) func setType(_ block: Block, _ type: UInt32) throws(Halt) {
    try setWord(block, layout.poolType.set(try word(block), type))
  }

  @inline(__always)
  func setType(_ block: Block, _ type: UInt32, _ owner: OwnerPointer) throws(Halt) {
    try setWord(block, word(try word(block), type: type, owner))
  }

  /// Tells the block behind one of `units` how large its predecessor is, unless the page ends.
  @inline(__always)
  func setPreviousSize(behind block: Block, units: UInt64) throws(Halt) {
    let next = self.block(block, plus: units)
    if !isPageAligned(next.address) { try setPreviousSize(next, units) }
  }

  // MARK: Bodies

  /// A pointer in a block's body, behind which the host's address still holds.
  @inline(__always) func pointer(inBodyOf block: Block, _ offset: UInt64) throws(Halt) -> Address {
    if let host = block.host { return pointer(host, headerBytes &+ offset) }
    return try loadPointerElsewhere(body(block) &+ offset)
  }

  @inline(__always)
  func setPointer(inBodyOf block: Block, _ offset: UInt64, _ value: Address) throws(Halt) {
    guard let host = block.host else {
      return try storePointerElsewhere(body(block) &+ offset, value)
    }
    note(body(block) &+ offset, wordBytes)
    store(value, host, headerBytes &+ offset)
  }
}

// MARK: Links

extension SmallBlocks {
  /// Bytes of a list entry's two links.
  @inline(__always) var entryBytes: UInt64 { wordBytes &* 2 }

  /// The head of the list of `units`.
  @inline(__always) func head(_ owner: OwnerPointer, units: UInt64) -> ListEntry {
    let list = units &- 1
    let offset = list &* entryBytes
    return ListEntry(
      address: owner.pointee.headsAddress &+ offset,
      host: list < unitsPerPage ? owner.pointee.heads + Int(truncatingIfNeeded: offset) : nil)
  }

  /// The links of a block.
  @inline(__always) func entry(_ block: Block) -> ListEntry {
    ListEntry(
      address: body(block), host: block.host.map { $0 + Int(truncatingIfNeeded: headerBytes) })
  }

  /// The entry that a link points at: a block of the pool or one of the owner's heads, whose list is
  /// then taken to be used, or whatever a corrupt link found.
  @inline(__always) func entry(at address: Address, _ owner: OwnerPointer) -> ListEntry {
    if let host = pool.pointee.memory.entryInWindow(address) {
      return ListEntry(address: address, host: host)
    }
    let offset = address &- owner.pointee.headsAddress
    guard offset < unitsPerPage &* entryBytes, offset & (entryBytes &- 1) == 0 else {
      return ListEntry(address: address, host: nil)
    }
    owner.pointee.used.insert(offset / entryBytes &+ 1)
    return ListEntry(
      address: address, host: owner.pointee.heads + Int(truncatingIfNeeded: offset))
  }

  /// What a link says, as the version stores it.
  @inline(__always) private func link(_ entry: ListEntry, _ offset: UInt64) throws(Halt) -> Address
  {
    guard let host = entry.host else {
      return try loadPointerElsewhere(entry.address &+ offset) & pool.pointee.memory.linkMask
    }
    return pointer(host, offset) & pool.pointee.memory.linkMask
  }

  @inline(__always)
  private func setLink(_ entry: ListEntry, _ offset: UInt64, _ target: Address) throws(Halt) {
    let stored = target | pool.pointee.memory.linkBit
    guard let host = entry.host else {
      return try storePointerElsewhere(entry.address &+ offset, stored)
    }
    note(entry.address &+ offset, wordBytes)
    store(stored, host, offset)
  }

  @inline(__always) func next(_ entry: ListEntry) throws(Halt) -> Address { try link(entry, 0) }

  @inline(__always) func previous(_ entry: ListEntry) throws(Halt) -> Address {
    try link(entry, wordBytes)
  }

  @inline(__always) func setNext(_ entry: ListEntry, _ target: Address) throws(Halt) {
    try setLink(entry, 0, target)
  }

  @inline(__always) func setPrevious(_ entry: ListEntry, _ target: Address) throws(Halt) {
    try setLink(entry, wordBytes, target)
  }

  /// True where a head, which must be one, does not point at itself.
  @inline(__always) func isUsed(_ owner: OwnerPointer, list units: UInt64) -> Bool {
    let offset = (units &- 1) &* entryBytes
    let first = pointer(owner.pointee.heads, offset) & pool.pointee.memory.linkMask
    return first != owner.pointee.headsAddress &+ offset
  }
}
