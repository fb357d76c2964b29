// Cache-aligned requests on versions that honour them (SSTIC 2020, Windows 8 to 10 1809): the
// request grows by a cache line; when the body does not start on a line, a second header lies
// before the address that does, and says how far back the first one is. If there is room between
// the two, the address of the second, hidden with a cookie, follows the first and is compared at
// the free. (That bug check 0x19/0x20 answers a difference is a guess.)

extension SmallBlocks {
  @inline(__always) private func honoursAlignment(_ type: PoolType) -> Bool {
    type.contains(.cacheAligned) && pool.pointee.profile.cacheAlignment == .secondHeader
  }

  /// What a header stores for a type. The alignment bit marks second headers only, where there are
  /// any.
  @inline(__always) func storedType(_ type: PoolType) -> UInt32 {
    if type.rawValue == 0 { return pool.pointee.nonPagedType }
    return pool.pointee.geometry.storedPoolType.stored(
      honoursAlignment(type) ? type.subtracting(.cacheAligned) : type)
  }
}

extension KernelPool {
  /// Bytes of a cache line.
  static let cacheLineBytes: UInt64 = 64
}

extension GeneralBlocks {
  /// The bytes to ask for; a request that would become too large for a small block is left alone.
  func cacheAlignedRequest(_ type: PoolType, bytes: UInt64) -> UInt64 {
    let largest = pool.pointee.geometry.largestSmallRequest
    guard type.contains(.cacheAligned), pool.pointee.profile.cacheAlignment == .secondHeader,
      bytes < largest
    else { return bytes }
    let grown = bytes &+ KernelPool.cacheLineBytes
    let limit = largest &- (has(.cacheLineAtLimit) ? 1 : 0)
    return grown > limit ? bytes : grown
  }

  /// The aligned address within a grown block, with its second header.
  func writeSecondHeader(_ body: Address, _ type: PoolType) throws(Halt) -> Address {
    let line = KernelPool.cacheLineBytes
    let slip = has(.cacheLineOffByOne) ? pool.pointee.profile.unitBytes : 0
    let aligned = ((body &+ line &- 1) & ~(line &- 1)) &+ slip
    guard aligned != body else { return body }
    let first = block(body &- headerBytes)
    let second = block(aligned &- headerBytes)
    let distance = (second.address &- first.address) &>> Layout.unitShift(pool)
    if distance > 1 {
      try setPointer(
        inBodyOf: first, 0,
        truncated(second.address ^ pool.pointee.variables.pointee.quotaCookie))
    }
    let word = try word(first)
    var copy = self.word(word, previousSize: distance)
    copy = self.word(copy, size: size(in: word) &- distance)
    copy = layout.poolType.set(
      copy,
      pool.pointee.geometry.storedPoolType.stored(type) | PoolType.cacheAligned.rawValue)
    try setWord(second, copy)
    try setTag(second, try tag(first))
    return aligned
  }

  /// The block that the page's chain knows, for a header found before a freed address.
  func firstHeader(behind header: Block) throws(Halt) -> Block {
    guard pool.pointee.profile.cacheAlignment == .secondHeader else { return header }
    let word = try word(header)
    let type = pool.pointee.geometry.storedPoolType.type(stored: layout.poolType.get(word))
    guard type.contains(.cacheAligned) else { return header }
    let distance = previousSize(in: word)
    let first = block(header, plus: 0 &- distance)
    if distance > 1 {
      let hidden = try pointer(inBodyOf: first, 0)
      let expected = truncated(header.address ^ pool.pointee.variables.pointee.quotaCookie)
      guard hidden == expected else {
        throw bugCheck(
          BugCheck.badPoolHeader, 0x20, first.address, header.address,
          UInt64(try self.word(first)))
      }
    }
    return first
  }
}
