/// The eight bytes of a block header as far as a listing shows them.
///
/// A listing prints size, previous size and tag, from which most of the header can be rebuilt:
/// on x64 previous size, pool index, size and pool type are a byte each, in units of 16 bytes; on
/// x86 previous size and size have nine bits, index and type seven, in units of 8 (Mandt 2011).
/// Text that overran a header shows itself as text there, which is the best hint at its author.
public struct DecodedHeader: Sendable, Hashable {
  /// The bytes in memory order; nil where the listing does not tell.
  public var bytes: [UInt8?]

  /// Rebuilds the header of a listed block.
  public init(_ block: ListedBlock) {
    let unit = block.width.unitBytes
    let size = block.sizeBytes / unit
    let previous = block.previousSizeBytes / unit
    bytes = [UInt8?](repeating: nil, count: 4)
    if block.width == .bits64 {
      bytes[0] = UInt8(exactly: previous)
      bytes[1] = block.poolIndex
      bytes[2] = UInt8(exactly: size)
      bytes[3] = block.poolType
    } else {
      bytes[0] = previous < 0x200 ? UInt8(truncatingIfNeeded: previous) : nil
      bytes[1] = Self.joined(block.poolIndex, highBit: previous)
      bytes[2] = size < 0x200 ? UInt8(truncatingIfNeeded: size) : nil
      bytes[3] = Self.joined(block.poolType, highBit: size)
    }
    let tag = block.tag?.bytes
    bytes += (0..<4).map { index in
      // A full stop stands for any unprintable byte.
      tag.flatMap { $0[index] == 0x2E ? nil : $0[index] }
    }
  }

  /// `41 ?? 41 ?? 41 41 41 41`.
  public var hexadecimal: String {
    bytes.map { $0.map { Hexadecimal.text(UInt64($0), digits: 2) } ?? "??" }
      .joined(separator: " ")
  }

  /// The same bytes as characters, a full stop for what is unprintable and `?` for the unknown.
  public var ascii: String {
    let characters = bytes.map { byte -> UInt8 in
      guard let byte else { return 0x3F }
      return (0x20...0x7E).contains(byte) ? byte : 0x2E
    }
    return String(decoding: characters, as: UTF8.self)
  }

  /// The byte that all known bytes have in common, if at least three are known: a fill pattern.
  public var fillByte: UInt8? {
    let known = bytes.compactMap { $0 }
    guard let first = known.first, known.count >= 3, known.allSatisfy({ $0 == first }) else {
      return nil
    }
    return first
  }

  private static func joined(_ field: UInt8?, highBit units: UInt64) -> UInt8? {
    guard let field, field < 0x80, units < 0x200 else { return nil }
    return field << 1 | UInt8(units >> 8)
  }
}
