/// The pattern that an owner writes over a block, and what is looked at to see that it is still there.
///
/// Words of the middle of a long block are left out, the more the longer it is: some thousands are
/// touched of a block of any size, and every page of one of up to 16 MiB.
struct BlockContent {
  /// The first byte.
  let address: UnsafeMutableRawPointer
  /// Bytes that carry the pattern.
  let byteCount: Int
  /// What tells one content from another.
  let seed: UInt64

  private static let strideWords = 512
  private static let wholeWords = 8192
  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// Calls `body` with the indices of words to be looked at until it says no; false where it did.
  private static func forEachWord(_ count: Int, _ body: (Int) -> Bool) -> Bool {
    let edge = wholeWords / 2
    let stride = max(strideWords, count / 4096)
    var index = 0
    while index < count {
      guard body(index) else { return false }
      let isMiddle = index >= edge && index < count - edge - stride
      index += isMiddle ? stride : 1
    }
    return true
  }

  /// Writes the pattern.
  func write() {
    _ = Self.forEachWord(byteCount / 8) { index in
      address.storeBytes(
        of: seed &+ UInt64(index) &* Self.factor, toByteOffset: index * 8, as: UInt64.self)
      return true
    }
    for offset in byteCount / 8 * 8..<byteCount {
      address.storeBytes(of: tailByte, toByteOffset: offset, as: UInt8.self)
    }
  }

  private var tailByte: UInt8 { UInt8(truncatingIfNeeded: seed) }

  /// The offset of a byte among the first `limit`, perhaps at another address, that is not what was
  /// written; nil where there is none.
  func damage(within limit: Int, at other: UnsafeMutableRawPointer? = nil) -> Int? {
    let place = other ?? address
    let count = min(limit, byteCount)
    var wrong: Int?
    _ = Self.forEachWord(byteCount / 8) { index in
      guard index * 8 < count else { return false }
      let expected = seed &+ UInt64(index) &* Self.factor
      if index * 8 + 8 <= count {
        let word = place.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
        if word != expected { wrong = index * 8 + (word ^ expected).trailingZeroBitCount / 8 }
      } else {
        for byte in 0..<count - index * 8 where wrong == nil {
          let found = place.load(fromByteOffset: index * 8 + byte, as: UInt8.self)
          if found != UInt8(truncatingIfNeeded: expected >> (8 * UInt64(byte))) {
            wrong = index * 8 + byte
          }
        }
      }
      return wrong == nil
    }
    let tail = byteCount / 8 * 8
    for offset in tail..<max(tail, count) where wrong == nil {
      if place.load(fromByteOffset: offset, as: UInt8.self) != tailByte { wrong = offset }
    }
    return wrong
  }

  /// The offset of a byte that is not zero; nil where none is. Every byte of up to 64 MiB is looked
  /// at, and of longer memory the words that a pattern would have.
  static func nonZero(_ address: UnsafeMutableRawPointer, _ byteCount: Int) -> Int? {
    var wrong: Int?
    func look(_ index: Int) -> Bool {
      let word = address.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
      if word != 0 { wrong = index * 8 + word.trailingZeroBitCount / 8 }
      return word == 0
    }
    let words = byteCount / 8
    if byteCount <= 64 << 20 {
      for index in 0..<words where !look(index) { return wrong }
    } else if !forEachWord(words, look) {
      return wrong
    }
    return (words * 8..<byteCount).first {
      address.load(fromByteOffset: $0, as: UInt8.self) != 0
    }
  }
}
