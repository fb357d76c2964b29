import Testing

@testable import AllocatorTargets

/// What a worker writes into blocks and around arenas, and what it sees of changes.
@Suite struct WorkerMemoryTests {
  /// Sizes around the ends of words, of eight words, and of what is written whole.
  private static let sizes = [0, 1, 7, 8, 9, 63, 64, 65, 127, 129, 1_000, 16_384, 16_391, 65_537]

  /// Whether a byte of a block is one that is looked at.
  private func isSeen(_ byte: Int, _ size: Int) -> Bool {
    let words = size / 8
    let word = byte / 8
    return words <= 2_048 || word < 1_024 || word >= words - 1_024 || (word - 1_024) % 64 == 0
  }

  @Test(arguments: sizes) func aChangedByteIsFoundWhereItIs(_ size: Int) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size + 16, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: size + 16)
    let content = BlockContent(address: memory, byteCount: size, seed: 77)
    content.write()
    #expect(content.damage(within: size) == nil)
    #expect(memory.load(fromByteOffset: size, as: UInt8.self) == 0)
    let step = size > 2_000 ? 37 : 1
    for byte in stride(from: 0, to: size, by: step) where isSeen(byte, size) {
      let old = memory.load(fromByteOffset: byte, as: UInt8.self)
      memory.storeBytes(of: ~old, toByteOffset: byte, as: UInt8.self)
      #expect(content.damage(within: size) == byte)
      #expect(content.damage(within: byte) == nil)
      #expect(content.damage(within: byte + 1) == byte)
      memory.storeBytes(of: old, toByteOffset: byte, as: UInt8.self)
    }
    // The old bytes at another place, as a reallocation leaves them.
    let other = UnsafeMutableRawPointer.allocate(byteCount: size + 1, alignment: 16)
    defer { other.deallocate() }
    other.copyMemory(from: memory, byteCount: size)
    #expect(content.damage(within: size, at: other) == nil)
  }

  @Test(arguments: sizes) func aByteThatIsNotZeroIsFound(_ size: Int) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size + 1, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: size + 1)
    memory.storeBytes(of: 1, toByteOffset: size, as: UInt8.self)
    #expect(BlockContent.nonZero(memory, size) == nil)
    for byte in stride(from: 0, to: size, by: size > 2_000 ? 41 : 1) {
      memory.storeBytes(of: 1, toByteOffset: byte, as: UInt8.self)
      #expect(BlockContent.nonZero(memory, size) == byte)
      memory.storeBytes(of: 0, toByteOffset: byte, as: UInt8.self)
    }
  }

  /// Whether garbage comes from the file or is written makes no difference to who is given it.
  @Test func memoryThatIsGivenIsGarbageWithMarksAround() throws {
    let offsets = [0, 8, 2_048, 4_095]
    let written = try offsets.map(filled)
    GuardedMemory.prepareGarbage()
    #expect(try offsets.map(filled) == written)
    #expect(written.allSatisfy { $0.allSatisfy { $0 != 0 } })
  }

  private func resize(_ memory: inout GuardedMemory, to count: Int) -> Bool {
    memory.resize(to: count)
  }

  private func filled(_ offset: Int) throws -> [UInt8] {
    let capacity = (4 << 20) + 70_000
    var memory = try #require(GuardedMemory(capacityBytes: capacity, offset: offset))
    defer { memory.release() }
    #expect(memory.damage() == nil)
    try #require(resize(&memory, to: 10_001))
    #expect(memory.damage() == nil)
    let behind = memory.start + 10_001
    try #require(resize(&memory, to: capacity - 1))
    #expect(memory.damage() == nil)
    let bytes = [behind - 1, behind, memory.start, memory.start + capacity - 2].map {
      $0.load(as: UInt8.self)
    }
    // Behind the end on the last page, and before the start on the first.
    if (offset + capacity - 1) % 4_096 != 0 {
      let place = memory.start + capacity - 1
      place.storeBytes(of: 0, as: UInt8.self)
      #expect(memory.damage() == place)
      place.storeBytes(of: 0xC5, as: UInt8.self)
    }
    if offset > 0 {
      (memory.start - 1).storeBytes(of: 0, as: UInt8.self)
      #expect(memory.damage() == memory.start - 1)
      (memory.start - 1).storeBytes(of: 0xC5, as: UInt8.self)
    }
    // What is given back and given again is garbage again.
    memory.start.storeBytes(of: 0, as: UInt64.self)
    try #require(resize(&memory, to: 64))
    #expect(memory.damage() == nil)
    (memory.start + 63).storeBytes(of: 0, as: UInt8.self)
    try #require(resize(&memory, to: 20_000))
    #expect(memory.damage() == nil)
    return bytes + (64..<20_000).map { memory.start.load(fromByteOffset: $0, as: UInt8.self) }
  }
}
