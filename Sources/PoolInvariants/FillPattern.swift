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

  /// Words a group: what is worked out at once. A power of two.
  private static var groupWords: Int { 16 }
  /// The bits of a word's index that say where in its group it is.
  private static var placeMask: UInt64 { UInt64(groupWords) &- 1 }
  /// Bytes a group.
  private static var groupBytes: UInt64 { UInt64(groupWords) &* 8 }
  @usableFromInline static var factor: UInt64 { 0x9E37_79B9_7F4A_7C15 }

  /// Calls `body` with what the products of a group's words lie above that of its lowest one, by the
  /// word's place. A group begins at a multiple of its words, so that a seed only shuffles the words
  /// within it, and the products follow by adding: multiplying each would not vectorise.
  @inline(__always) private func withOffsets(_ body: (UnsafeMutablePointer<UInt64>) -> Void) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.groupWords) { buffer in
      guard let offsets = buffer.baseAddress else { return }
      storeOffsets(offsets)
      body(offsets)
    }
  }

  /// Never inlined: the optimiser would see the common factor, and multiply each again.
  @inline(never) private func storeOffsets(_ offsets: UnsafeMutablePointer<UInt64>) {
    var place: UInt64 = 0
    while place <= Self.placeMask {
      offsets[Int(truncatingIfNeeded: place)] = (seed & Self.placeMask ^ place) &* Self.factor
      place &+= 1
    }
  }

  /// The product of the lowest word of the group that begins with word `first`.
  @inline(__always) private func lowest(from first: UInt64) -> UInt64 {
    ((seed ^ first) & ~Self.placeMask) &* Self.factor
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
    if first & Self.placeMask == 0, wordCount >= Self.groupWords {
      withOffsets { offsets in
        while index &+ Self.groupWords <= wordCount {
          let lowest = lowest(from: first &+ UInt64(truncatingIfNeeded: index))
          let group = base + index &* 8
          var place = 0
          while place < Self.groupWords {
            let product = lowest &+ offsets[place]
            (group + place &* 8).storeBytes(
              of: (product ^ (product &>> 29)).littleEndian, as: UInt64.self)
            place &+= 1
          }
          index &+= Self.groupWords
        }
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
    let inGroup = Self.groupBytes &- 1
    compareWords(before: min((position &+ inGroup) & ~inGroup, lastWord))
    let lastGroup = to & ~inGroup
    if position < lastGroup {
      withOffsets { offsets in
        while position < lastGroup {
          let lowest = lowest(from: position &>> 3)
          let group = host + Int(position)
          var place = 0
          while place < Self.groupWords {
            let product = lowest &+ offsets[place]
            let found = (group + place &* 8).loadUnaligned(as: UInt64.self)
            difference |= UInt64(littleEndian: found) ^ product ^ (product &>> 29)
            place &+= 1
          }
          position &+= Self.groupBytes
        }
      }
    }
    compareWords(before: lastWord)
    compareBytes(before: to)
    return difference == 0
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var mixed = (value ^ (value &>> 31)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed &>> 32)
  }
}

/// What an operation filled with an allocation's pattern as the last thing that it did.
///
/// The fill is the one store whose bytes an audit knows before it reads them. Until the next store
/// they show the pattern, wherever they lie, so that an audit between the two need not read them: it
/// holds the place of the bytes that it would compare against the place of those that were filled.
/// Whoever hands one to an audit vouches that nothing was stored in between.
public struct FilledMemory {
  /// The seed of the pattern.
  public let seed: UInt64
  /// Where the pattern's first byte lies; nil before anything was filled.
  private var host: UnsafeRawPointer?
  /// How many bytes from there on were filled without a gap.
  private var byteCount: UInt64 = 0

  /// Nothing filled yet with the pattern of this seed.
  public init(seed: UInt64) { self.seed = seed }

  /// Notes that the pattern's bytes from `offset` on were stored to `piece`. Pieces come in the order
  /// of their offsets; those behind a gap, in the pattern or in the host's memory, do not count.
  public mutating func add(_ piece: UnsafeMutableRawBufferPointer, at offset: UInt64) {
    guard let base = piece.baseAddress, offset == byteCount else { return }
    let start = host ?? UnsafeRawPointer(base)
    guard start + Int(offset) == UnsafeRawPointer(base) else { return }
    host = start
    byteCount &+= UInt64(piece.count)
  }

  /// True where the bytes before `end` of what lies at `host` were filled with the pattern of a seed.
  @inline(__always)
  func covers(_ host: UnsafeRawPointer, before end: UInt64, seed: UInt64) -> Bool {
    self.host == host && self.seed == seed && end <= byteCount
  }
}
