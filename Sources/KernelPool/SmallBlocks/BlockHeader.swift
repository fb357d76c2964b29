// Reading and writing single fields of a block header. The first word holds four bit fields; the
// others stay as they are when one is written.

extension KernelPool {
  /// The first word of the header.
  @inline(__always) mutating func headerWord(_ header: Address) throws(Halt) -> UInt32 {
    try memory.load32(header)
  }

  /// The block's size in units, 0 where a whole page has wrapped around.
  @inline(__always) mutating func blockSize(_ header: Address) throws(Halt) -> UInt64 {
    UInt64(profile.header.blockSize.get(try memory.load32(header)))
  }

  /// The size of the block before, in units; 0 at the start of a page.
  @inline(__always) mutating func previousSize(_ header: Address) throws(Halt) -> UInt64 {
    UInt64(profile.header.previousSize.get(try memory.load32(header)))
  }

  /// Writes a size in units; what exceeds the field is cut off.
  @inline(__always)
  mutating func setBlockSize(_ header: Address, _ units: UInt64) throws(Halt) {
    let word = try memory.load32(header)
    try memory.store32(
      header, profile.header.blockSize.set(word, UInt32(truncatingIfNeeded: units)))
  }

  /// Writes the size of the block before, in units.
  @inline(__always)
  mutating func setPreviousSize(_ header: Address, _ units: UInt64) throws(Halt) {
    let word = try memory.load32(header)
    try memory.store32(
      header, profile.header.previousSize.set(word, UInt32(truncatingIfNeeded: units)))
  }

  /// Writes the stored type.
  @inline(__always)
  mutating func setStoredType(_ header: Address, _ type: UInt32) throws(Halt) {
    let word = try memory.load32(header)
    try memory.store32(header, profile.header.poolType.set(word, type))
  }

  /// Writes the owning descriptor's index where the version keeps it.
  @inline(__always)
  mutating func setPoolIndex(_ header: Address, _ descriptor: Int) throws(Halt) {
    guard profile.poolIndexRule != .stale else { return }
    let word = try memory.load32(header)
    try memory.store32(header, profile.header.poolIndex.set(word, descriptors[descriptor].index))
  }

  /// The header that lies `units` behind.
  @inline(__always) func block(_ header: Address, plus units: UInt64) -> Address {
    header &+ units &<< geometry.unitShift
  }

  /// Tells the block behind one of `units` how large its predecessor is, unless the page ends.
  @inline(__always)
  mutating func setPreviousSize(behind header: Address, units: UInt64) throws(Halt) {
    let next = block(header, plus: units)
    if !geometry.isPageAligned(next) { try setPreviousSize(next, units) }
  }
}
