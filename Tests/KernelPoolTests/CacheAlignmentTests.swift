import KernelPool
import PoolTestSupport
import Testing

/// Cache-aligned requests: only the stored type before Windows 8, a second header since (SSTIC 2020).
@Suite struct CacheAlignmentTests {
  @Test(arguments: Profiles.all.filter { $0.cacheAlignment == .typeOnly })
  func onlyTheTypeDiffers(_ profile: Profile) throws {
    var test = try TestPool(profile)
    _ = try test.allocate(0x20)
    let block = try test.allocate(0x48, .cacheAligned)
    let header = try test.header(of: block)
    #expect(header.units == profile.units(forRequest: 0x48))
    #expect(header.type == (profile.storedPoolType == .orTwo ? 6 : 5))
    try test.free(block)
  }

  /// The request grows by a cache line, and the address starts on one.
  @Test func aSecondHeader() throws {
    for bytes: UInt64 in [0, 1, 0x10, 0x48, 0x100, 0xFA0] {
      var test = try TestPool(.windows8x64)
      for _ in 0..<3 { _ = try test.allocate(0x20) }
      let block = try test.allocate(bytes, .cacheAligned, tag: PoolTag("Line"))
      #expect(block & 63 == 0)
      let units = (bytes + 64 + 31) / 16
      let second = try test.header(of: block)
      let blocks = try test.blocks(ofPageWith: block)
      let first = try #require(blocks.first { $0.tag == PoolTag("Line").word && $0.type != 0 })
      #expect(first.units == units && first.type == 2, "no alignment bit in the first header")
      let start = (block & ~0xFFF) + first.offset
      if block - 16 != start {
        #expect(second.type == 6 && second.tag == PoolTag("Line").word)
        #expect(second.previousUnits * 16 == block - 16 - start)
        #expect(second.units == units - second.previousUnits)
        if second.previousUnits > 1 {
          let hidden = try test.pointer(start + 16)
          #expect(hidden ^ test.view.variables.quotaCookie == block - 16)
        }
      }
      try test.free(block, tag: PoolTag("Line"))
      guard test.marks(block).contains(.smallBlocks) else { continue }
      let left = try test.blocks(ofPageWith: block)
      #expect(!left.contains { $0.tag == PoolTag("Line").word && $0.type != 0 })
    }
  }

  /// A request that would become too large keeps its size and loses the alignment.
  @Test func tooLargeToGrow() throws {
    for bytes: UInt64 in [0xFA1, 0xFE0] {
      var test = try TestPool(.windows8x64)
      let block = try test.allocate(bytes, .cacheAligned)
      let header = try test.header(of: block)
      #expect(block & 0xFFF == 16 && header.units == (bytes + 31) / 16 && header.type == 2)
    }
  }

  /// Whole pages are aligned anyway.
  @Test func largeRequests() throws {
    var test = try TestPool(.windows8x64)
    let block = try test.allocate(0xFE1, .cacheAligned)
    #expect(block & 0xFFF == 0)
    try test.free(block)
  }

  /// The pointer behind the first header is compared at the free.
  @Test func aSmashedPointer() throws {
    var test = try TestPool(.windows8x64)
    let block = try test.allocate(0x48, .cacheAligned)
    let second = try test.header(of: block)
    try #require(second.previousUnits > 1)
    let first = block - 16 - second.previousUnits * 16
    try test.write(pointer: 0, at: first + 16)
    let word = try test.word32(first)
    let outcome = test.pool.free(block)
    #expect(outcome.bugCheck == [0x19, 0x20, first, block - 16, UInt64(word)])
  }

  /// Aligned blocks come back from lookasides aligned, and with quota the charge is the whole
  /// block's.
  @Test func lookasidesAndQuota() throws {
    var test = try TestPool(.windows8x64) { $0.lookasideDepth = 2 }
    let block = try test.allocate(0x48, [.cacheAligned, .quota])
    let charged = test.view.variables.chargedBytes.nonPaged
    #expect(charged == (0x48 + 64 + 31) / 16 * 16)
    try test.free(block)
    #expect(test.view.variables.chargedBytes.nonPaged == 0)
    let again = try test.allocate(0x48, .cacheAligned)
    #expect(again == block)
    try test.free(again)
  }
}
