/// How the bytes of a text file stand for characters, as its first bytes tell.
///
/// A shell's redirection on Windows and the debugger's `.logopen /u` write UTF-16; editors put a
/// byte-order mark in front of UTF-8. Everything behind this type reads UTF-8.
public enum TextEncoding: Sendable, Hashable {
  /// Eight bits a unit, ASCII included.
  case utf8
  /// Sixteen bits a unit, in either order.
  case utf16(isBigEndian: Bool)

  /// The encoding that the first bytes tell, and how many of them are its mark. Without a mark it
  /// is UTF-16 where every second byte is zero, as it is for ASCII.
  public static func detect(_ head: [UInt8]) -> (encoding: TextEncoding, markBytes: Int) {
    if head.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
    if head.starts(with: [0xFF, 0xFE]) { return (.utf16(isBigEndian: false), 2) }
    if head.starts(with: [0xFE, 0xFF]) { return (.utf16(isBigEndian: true), 2) }
    let units = head.prefix(head.count / 2 * 2)
    guard !units.isEmpty else { return (.utf8, 0) }
    for isBigEndian in [false, true] {
      let isASCII = units.enumerated().allSatisfy { index, byte in
        (byte == 0) == (index.isMultiple(of: 2) == isBigEndian)
      }
      if isASCII { return (.utf16(isBigEndian: isBigEndian), 0) }
    }
    return (.utf8, 0)
  }

  /// A whole text in UTF-8 without its mark, whatever it was written in.
  public static func utf8(of bytes: [UInt8]) -> [UInt8] {
    let (encoding, markBytes) = detect(Array(bytes.prefix(8)))
    guard case .utf16(let isBigEndian) = encoding else { return Array(bytes.dropFirst(markBytes)) }
    var decoder = UTF16Decoder(isBigEndian: isBigEndian)
    return decoder.decode(bytes.dropFirst(markBytes)) + decoder.finish()
  }
}

/// Turns the bytes of UTF-16, in pieces of any length, into UTF-8; halves of a pair that stand
/// alone become the replacement character.
public struct UTF16Decoder: Sendable {
  private let isBigEndian: Bool
  private var firstByte: UInt8?
  private var highSurrogate: UInt16?

  /// A decoder at the start of a text.
  public init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

  /// The next piece, which may end within a unit.
  public mutating func decode(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.underestimatedCount)
    for byte in bytes {
      guard let first = firstByte else {
        firstByte = byte
        continue
      }
      firstByte = nil
      let (high, low) = isBigEndian ? (first, byte) : (byte, first)
      append(UInt16(high) << 8 | UInt16(low), to: &text)
    }
    return text
  }

  /// What stands for the half of a unit or of a pair that the text ends in.
  public mutating func finish() -> [UInt8] {
    guard firstByte != nil || highSurrogate != nil else { return [] }
    (firstByte, highSurrogate) = (nil, nil)
    return Self.utf8(0xFFFD)
  }

  private mutating func append(_ unit: UInt16, to text: inout [UInt8]) {
    if let high = highSurrogate {
      highSurrogate = nil
      if (0xDC00...0xDFFF).contains(unit) {
        let value = 0x10000 + (UInt32(high - 0xD800) << 10 | UInt32(unit - 0xDC00))
        text += Self.utf8(value)
        return
      }
      text += Self.utf8(0xFFFD)
    }
    switch unit {
    case 0xD800...0xDBFF: highSurrogate = unit
    case 0xDC00...0xDFFF: text += Self.utf8(0xFFFD)
    case 0xFEFF: break  // The mark again: files were joined.
    case 0..<0x80: text.append(UInt8(unit))
    default: text += Self.utf8(UInt32(unit))
    }
  }

  private static func utf8(_ value: UInt32) -> [UInt8] {
    Unicode.Scalar(value).map { Array(String(Character($0)).utf8) } ?? []
  }
}
