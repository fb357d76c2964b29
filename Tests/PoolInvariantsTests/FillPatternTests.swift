import PoolInvariants
import Testing

@Suite("The fill pattern")
struct FillPatternTests {
  @Test("filling writes the bytes that comparing expects, at every length")
  func fillAgreesWithBytes() {
    let pattern = FillPattern(slot: 7, allocation: 3)
    for count in 0..<40 {
      var bytes = [UInt8](repeating: 0xEE, count: count)
      bytes.withUnsafeMutableBytes { pattern.fill($0, from: 64) }
      for (offset, byte) in bytes.enumerated() {
        #expect(byte == pattern.byte(at: 64 + UInt64(offset)), "byte \(offset) of \(count)")
      }
    }
  }

  @Test("words are eight bytes in little-endian order")
  func wordsAreBytes() {
    let pattern = FillPattern(seed: 0x0123_4567_89AB_CDEF)
    for index in 0..<64 as Range<UInt64> {
      var word: UInt64 = 0
      for position in 0..<8 as Range<UInt64> {
        word |= UInt64(pattern.byte(at: index * 8 + position)) << (position * 8)
      }
      #expect(word == pattern.word(at: index))
    }
  }

  @Test("neighbouring slots, allocations and words all look different")
  func patternsDiffer() {
    var words: Set<UInt64> = []
    for slot in 0..<32 as Range<UInt32> {
      for allocation in 0..<8 as Range<UInt32> {
        let pattern = FillPattern(slot: slot, allocation: allocation)
        for index in 0..<16 as Range<UInt64> { words.insert(pattern.word(at: index)) }
      }
    }
    #expect(words.count == 32 * 8 * 16)
  }
}
