/// The pattern that an owner writes over a block, and what is looked at to see that it is still there.
///
/// A block of up to 16 KiB has all of its words. Of a longer one both ends have, and of its middle single words,
/// the fewer the longer it is: some thousands are touched of a block of any size, and every page of one of up
/// to 16 MiB.
struct BlockContent {
  /// The first byte.
  let address: UnsafeMutableRawPointer
  /// Bytes that carry the pattern.
  let byteCount: Int
  /// What tells one content from another.
  let seed: UInt64

  private static let strideWords = 64
  private static let wholeWords = 2048
  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// Calls `body` with the runs of words to be looked at until it says no: a block is one run, and a long
  /// one its two ends with single words between them.
  private static func forEachRun(_ count: Int, _ body: (Range<Int>) -> Bool) {
    guard count > wholeWords else {
      _ = body(0..<count)
      return
    }
    let edge = wholeWords / 2
    let stride = max(strideWords, count / 4096)
    guard body(0..<edge) else { return }
    var index = edge
    while index < count - edge {
      guard body(index..<index + 1) else { return }
      index += stride
    }
    _ = body(count - edge..<count)
  }

  /// Writes the pattern.
  func write() {
    Self.forEachRun(byteCount / 8) { run in
      var word = seed &+ UInt64(run.lowerBound) &* Self.factor
      for index in run {
        address.storeBytes(of: word, toByteOffset: index * 8, as: UInt64.self)
        word &+= Self.factor
      }
      return true
    }
    for offset in byteCount / 8 * 8..<byteCount {
      address.storeBytes(of: tailByte, toByteOffset: offset, as: UInt8.self)
    }
  }

  /// Writes a byte of each page, and the last: what is resident is the same as behind ``write()``.
  func touch() {
    guard byteCount > 0 else { return }
    var offset = 0
    while offset < byteCount {
      address.storeBytes(of: tailByte, toByteOffset: offset, as: UInt8.self)
      offset += max(4096, byteCount / 4096)
    }
    address.storeBytes(of: tailByte, toByteOffset: byteCount - 1, as: UInt8.self)
  }

  private var tailByte: UInt8 { UInt8(truncatingIfNeeded: seed) }

  /// The offset of a byte among the first `limit`, perhaps at another address, that is not what was
  /// written; nil where there is none.
  func damage(within limit: Int, at other: UnsafeMutableRawPointer? = nil) -> Int? {
    let place = other ?? address
    let count = min(limit, byteCount)
    var wrong: Int?
    Self.forEachRun(byteCount / 8) { run in
      let whole = run.clamped(to: 0..<count / 8)
      wrong = firstWrong(whole, at: place)
      if wrong == nil, run.contains(count / 8), count % 8 > 0 {
        let expected = seed &+ UInt64(count / 8) &* Self.factor
        wrong = (count / 8 * 8..<count).first { byte in
          let found = place.load(fromByteOffset: byte, as: UInt8.self)
          return found != UInt8(truncatingIfNeeded: expected >> (8 * UInt64(byte & 7)))
        }
      }
      return wrong == nil && run.upperBound * 8 <= count
    }
    let tail = byteCount / 8 * 8
    for offset in tail..<max(tail, count) where wrong == nil {
      if place.load(fromByteOffset: offset, as: UInt8.self) != tailByte { wrong = offset }
    }
    return wrong
  }

  /// The offset of the first byte of a run of words that is not what was written.
  private func firstWrong(_ run: Range<Int>, at place: UnsafeMutableRawPointer) -> Int? {
    var index = run.lowerBound
    var expected = seed &+ UInt64(index) &* Self.factor
    // Eight words at a time, of which the one that is wrong is looked for when there is one.
    while index + 8 <= run.upperBound {
      var difference: UInt64 = 0
      for lane in 0..<8 {
        let word = place.loadUnaligned(fromByteOffset: (index + lane) * 8, as: UInt64.self)
        difference |= word ^ (expected &+ UInt64(lane) &* Self.factor)
      }
      if difference != 0 { break }
      index += 8
      expected &+= 8 &* Self.factor
    }
    while index < run.upperBound {
      let word = place.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
      if word != expected { return index * 8 + (word ^ expected).trailingZeroBitCount / 8 }
      index += 1
      expected &+= Self.factor
    }
    return nil
  }

  /// The offset of a byte that is not zero; nil where none is. Every byte of up to 64 MiB is looked
  /// at, and of longer memory the words that a pattern would have.
  static func nonZero(_ address: UnsafeMutableRawPointer, _ byteCount: Int) -> Int? {
    var wrong: Int?
    func look(_ run: Range<Int>) -> Bool {
      var index = run.lowerBound
      while index + 8 <= run.upperBound {
        var all: UInt64 = 0
        for lane in 0..<8 {
          all |= address.loadUnaligned(fromByteOffset: (index + lane) * 8, as: UInt64.self)
        }
        if all != 0 { break }
        index += 8
      }
      while index < run.upperBound, wrong == nil {
        let word = address.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
        if word != 0 { wrong = index * 8 + word.trailingZeroBitCount / 8 }
        index += 1
      }
      return wrong == nil
    }
    let words = byteCount / 8
    if byteCount <= 64 << 20 { _ = look(0..<words) } else { forEachRun(words, look) }
    if let wrong { return wrong }
    return (words * 8..<byteCount).first {
      address.load(fromByteOffset: $0, as: UInt8.self) != 0
    }
  }
}
