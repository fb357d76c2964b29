// Cache-aligned requests on versions that honour them (SSTIC 2020, Windows 8 to 10 1809): the
// request grows by a cache line; when the body does not start on a line, a second header lies
// before the address that does, and says how far back the first one is. If there is room between
// the two, the address of the second, hidden with a cookie, follows the first and is compared at
// the free. (That bug check 0x19/0x20 answers a difference is a guess.)

extension KernelPool {
  /// Bytes of a cache line.
  static let cacheLineBytes: UInt64 = 64

  @inline(__always)
  private func honoursAlignment(_ type: PoolType) -> Bool {
    profile.cacheAlignment == .secondHeader && type.contains(.cacheAligned)
  }

  /// The bytes to ask for; a request that would become too large for a small block is left alone.
  @inline(__always) func cacheAlignedRequest(_ type: PoolType, bytes: UInt64) -> UInt64 {
    guard honoursAlignment(type), bytes < geometry.largestSmallRequest else { return bytes }
    let grown = bytes &+ Self.cacheLineBytes
    let limit = geometry.largestSmallRequest &- (mutant == .cacheLineAtLimit ? 1 : 0)
    return grown > limit ? bytes : grown
  }

  /// What a header stores for a type. The alignment bit marks second headers only, where there are
  /// any.
  @inline(__always) func storedType(_ type: PoolType) -> UInt32 {
    honoursAlignment(type)
      ? geometry.storedPoolType.stored(type.subtracting(.cacheAligned))
      : geometry.storedPoolType.stored(type)
  }

  /// The aligned address within a grown block, with its second header.
  @inline(__always) mutating func align(
    _ body: Address, _ type: PoolType, isGrown: Bool
  ) throws(Halt) -> Address {
    isGrown ? try writeSecondHeader(body, type) : body
  }

  private mutating func writeSecondHeader(
    _ body: Address, _ type: PoolType
  ) throws(Halt) -> Address {
    let line = Self.cacheLineBytes
    let slip = mutant == .cacheLineOffByOne ? profile.unitBytes : 0
    let aligned = ((body &+ line &- 1) & ~(line &- 1)) &+ slip
    guard aligned != body else { return body }
    let first = body &- geometry.headerBytes
    let second = aligned &- geometry.headerBytes
    let distance = (second &- first) &>> geometry.unitShift
    if distance > 1 {
      try memory.storePointer(body, truncated(second ^ variables.pointee.quotaCookie))
    }
    let word = try headerWord(first)
    let layout = profile.header
    let units = UInt64(layout.blockSize.get(word)) &- distance
    var copy = layout.previousSize.set(word, UInt32(truncatingIfNeeded: distance))
    copy = layout.blockSize.set(copy, UInt32(truncatingIfNeeded: units))
    copy = layout.poolType.set(
      copy, geometry.storedPoolType.stored(type) | PoolType.cacheAligned.rawValue)
    try memory.store32(second, copy)
    try memory.store32(
      second &+ HeaderLayout.tagOffset, try memory.load32(first &+ HeaderLayout.tagOffset))
    return aligned
  }

  /// The header that the page's chain knows, for a header found before a freed address.
  @inline(__always) mutating func firstHeader(behind header: Address) throws(Halt) -> Address {
    guard profile.cacheAlignment == .secondHeader else { return header }
    let word = try headerWord(header)
    let type = geometry.storedPoolType.type(stored: profile.header.poolType.get(word))
    guard type.contains(.cacheAligned) else { return header }
    let distance = UInt64(profile.header.previousSize.get(word))
    let first = block(header, plus: 0 &- distance)
    if distance > 1 {
      let hidden = try memory.loadPointer(first &+ geometry.headerBytes)
      guard hidden == truncated(header ^ variables.pointee.quotaCookie) else {
        throw bugCheck(
          BugCheck.badPoolHeader, 0x20, first, header, UInt64(try headerWord(first)))
      }
    }
    return first
  }
}
