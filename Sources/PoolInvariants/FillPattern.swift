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
    let product = (seed ^ index) &* 0x9E37_79B9_7F4A_7C15
    return product ^ (product &>> 29)
  }

  /// The byte at `position` from the allocation's start.
  @inlinable public func byte(at position: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: word(at: position &>> 3) &>> ((position & 7) &* 8))
  }

  /// Writes the bytes from `position` on, a multiple of 8, into `buffer`.
  @inlinable
  public func fill(_ buffer: UnsafeMutableRawBufferPointer, from position: UInt64 = 0) {
    precondition(position & 7 == 0, "a pattern is written by whole words")
    guard let base = buffer.baseAddress else { return }
    let words = buffer.count / 8
    // Every allocation of a replay comes by here; the buffer's own checks would double its cost.
    for index in 0..<words {
      (base + index &* 8).storeBytes(
        of: word(at: position &>> 3 &+ UInt64(truncatingIfNeeded: index)).littleEndian,
        as: UInt64.self)
    }
    for offset in (words * 8)..<buffer.count {
      buffer[offset] = byte(at: position &+ UInt64(offset))
    }
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var mixed = (value ^ (value &>> 31)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed &>> 32)
  }
}
