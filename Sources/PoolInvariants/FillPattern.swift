/// The bytes with which a replay fills an allocation, and by which an audit knows them again.
///
/// Each allocation has a seed of its own, and every eight bytes differ from the next, so that a
/// block that was moved, shared or overwritten never looks right by accident. The bytes are those
/// of the words `word(at: 0)`, `word(at: 1)` and so on in little-endian order.
public struct FillPattern: Equatable, Sendable {
  /// What tells this allocation's bytes from all others'.
  public let seed: UInt64

  /// The pattern of an allocation: its slot, and how many allocations the slot has had before.
  public init(slot: UInt32, allocation: UInt32) {
    seed = Self.mix(UInt64(slot) &<< 32 | UInt64(allocation))
  }

  /// The pattern of a seed.
  @inlinable public init(seed: UInt64) { self.seed = seed }

  /// Bytes 8 * `index` to 8 * `index` + 7.
  @inlinable public func word(at index: UInt64) -> UInt64 {
    let product = (seed ^ index) &* Self.factor
    return product ^ (product &>> 29)
  }

  /// Words a group: what is worked out at once.
  private static var groupWords: UInt64 { 16 }
  @usableFromInline static var factor: UInt64 { 0x9E37_79B9_7F4A_7C15 }

  /// What the products of a group's words lie above that of its lowest one, by the word's place. A
  /// group begins at a multiple of its words, so that a seed only shuffles the words within it, and
  /// the products follow by adding: multiplying each would not vectorise.
  ///
  /// Never inlined: the optimiser would see the common factor, and multiply each again.
  @inline(never) private func offsets() -> SIMD16<UInt64> {
    (SIMD16(repeating: seed & (Self.groupWords &- 1))
      ^ SIMD16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
      &* SIMD16(repeating: Self.factor)
  }

  /// Half of the words from `first` on, a multiple of a group's.
  @inline(__always) private func words(
    above lowest: SIMD8<UInt64>, _ offsets: SIMD8<UInt64>
  ) -> SIMD8<UInt64> {
    let products = lowest &+ offsets
    return products ^ (products &>> 29)
  }

  @inline(__always) private func lowest(from first: UInt64) -> SIMD8<UInt64> {
    SIMD8(repeating: ((seed ^ first) & ~(Self.groupWords &- 1)) &* Self.factor)
  }

  /// The byte at `position` from the allocation's start.
  @inlinable public func byte(at position: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: word(at: position &>> 3) &>> ((position & 7) &* 8))
  }

  /// Writes the bytes from `position` on into `buffer`: fast where that is a multiple of 8.
  public func fill(_ buffer: UnsafeMutableRawBufferPointer, from position: UInt64 = 0) {
    guard position & 7 == 0 else {
      for offset in buffer.indices { buffer[offset] = byte(at: position &+ UInt64(offset)) }
      return
    }
    guard let base = buffer.baseAddress else { return }
    let wordCount = buffer.count / 8
    let first = position &>> 3
    // Every allocation of a replay comes by here; the buffer's own checks would double its cost.
    var index = 0
    if first & (Self.groupWords &- 1) == 0, wordCount >= 16 {
      let offsets = offsets()
      let (low, high) = (offsets.lowHalf, offsets.highHalf)
      while index &+ 16 <= wordCount {
        let lowest = lowest(from: first &+ UInt64(truncatingIfNeeded: index))
        let place = base + index &* 8
        place.storeBytes(
          of: Self.littleEndian(words(above: lowest, low)), as: SIMD8<UInt64>.self)
        (place + 64).storeBytes(
          of: Self.littleEndian(words(above: lowest, high)), as: SIMD8<UInt64>.self)
        index &+= 16
      }
    }
    while index < wordCount {
      (base + index &* 8).storeBytes(
        of: word(at: first &+ UInt64(truncatingIfNeeded: index)).littleEndian, as: UInt64.self)
      index &+= 1
    }
    for offset in (wordCount * 8)..<buffer.count {
      buffer[offset] = byte(at: position &+ UInt64(offset))
    }
  }

  /// True where the bytes from `from` up to `to` of what lies at `host` are the pattern's. `host` is
  /// the place of byte 0, and only the bytes between the two are read.
  public func isShown(at host: UnsafeRawPointer, from: UInt64, to: UInt64) -> Bool {
    var position = from
    var difference: UInt64 = 0
    func compareBytes(before end: UInt64) {
      while position < end {
        let found = host.load(fromByteOffset: Int(position), as: UInt8.self)
        difference |= UInt64(found ^ byte(at: position))
        position &+= 1
      }
    }
    func compareWords(before end: UInt64) {
      while position < end {
        let found = host.loadUnaligned(fromByteOffset: Int(position), as: UInt64.self)
        difference |= UInt64(littleEndian: found) ^ word(at: position &>> 3)
        position &+= 8
      }
    }
    compareBytes(before: min((from &+ 7) & ~7, to))
    let lastWord = to & ~7
    compareWords(before: min((position &+ 127) & ~127, lastWord))
    let lastGroup = to & ~127
    if position < lastGroup {
      let offsets = offsets()
      let (low, high) = (offsets.lowHalf, offsets.highHalf)
      var differences = SIMD8<UInt64>(repeating: 0)
      while position < lastGroup {
        let lowest = lowest(from: position &>> 3)
        let place = host + Int(position)
        differences |=
          Self.littleEndian(place.loadUnaligned(as: SIMD8<UInt64>.self)) ^ words(above: lowest, low)
        differences |=
          Self.littleEndian((place + 64).loadUnaligned(as: SIMD8<UInt64>.self))
          ^ words(above: lowest, high)
        position &+= 128
      }
      for place in 0..<8 { difference |= differences[place] }
    }
    compareWords(before: lastWord)
    compareBytes(before: to)
    return difference == 0
  }

  @inline(__always) private static func littleEndian(_ words: SIMD8<UInt64>) -> SIMD8<UInt64> {
    #if _endian(little)
      return words
    #else
      var words = words
      for place in 0..<8 { words[place] = words[place].littleEndian }
      return words
    #endif
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var mixed = (value ^ (value &>> 31)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed &>> 32)
  }
}
