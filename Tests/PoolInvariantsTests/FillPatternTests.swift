import PoolInvariants
import Testing

@Suite("The fill pattern")
struct FillPatternTests {
  @Test("filling writes the bytes that comparing expects, at every length")
  func fillAgreesWithBytes() {
    let pattern = FillPattern(slot: 7, allocation: 3)
    for (start, count) in [(0, 300)] + (0..<150).flatMap({ [(64, $0), (72, $0)] }) {
      var bytes = [UInt8](repeating: 0xEE, count: count)
      bytes.withUnsafeMutableBytes { pattern.fill($0, from: UInt64(start)) }
      for (offset, byte) in bytes.enumerated() {
        #expect(byte == pattern.byte(at: UInt64(start + offset)), "byte \(offset) of \(count)")
      }
    }
  }

  @Test("every byte between the borders is compared, and no other")
  func comparesEveryByte() {
    let size = 216
    for seed in [3, 0xFFFF_0000_1234_5678] as [UInt64] {
      let pattern = FillPattern(seed: seed)
      var bytes = [UInt8](repeating: 0, count: size)
      bytes.withUnsafeMutableBytes { pattern.fill($0) }
      for (from, to) in [(0, 216), (1, 215), (7, 9), (8, 136), (60, 71), (63, 193), (64, 192)] {
        for place in 0..<size {
          bytes[place] ^= 0x10
          let isShown = bytes.withUnsafeBytes { bytes in
            bytes.baseAddress.map { pattern.isShown(at: $0, from: UInt64(from), to: UInt64(to)) }
          }
          #expect(isShown == !(from..<to).contains(place), "byte \(place), from \(from) to \(to)")
          bytes[place] ^= 0x10
        }
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
