/// FNV-1a in 64 bits (Fowler, Noll and Vo): what content is told apart by where nobody is to be kept
/// from making two that agree, as file names, checksums and tags of call sites are.
///
/// It is published, has no seed, and is the same on every machine and in every version of Swift; the
/// standard library's own hash is none of these.
public struct ContentHash: Sendable, Hashable {
  @usableFromInline var state: UInt64 = 0xCBF2_9CE4_8422_2325

  /// The hash of nothing.
  @inlinable public init() {}

  /// The hash of what was added so far.
  @inlinable public var value: UInt64 { state }

  /// Adds a byte, or a whole word as if it were one, which is not what others call FNV-1a.
  @inlinable public mutating func add(_ word: UInt64) {
    state = (state ^ word) &* 0x100_0000_01B3
  }

  /// Adds bytes.
  public mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { add(UInt64(byte)) }
  }

  /// Sixteen hexadecimal digits.
  public var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The digits of a text's UTF-8 bytes.
  public static func of(_ text: String) -> String {
    var hash = ContentHash()
    hash.add(text.utf8)
    return hash.text
  }
}

/// Texts that are saved and read again end with the hash of what stands above it, so that one which
/// was cut, edited or damaged is told from one that was written.
extension ContentHash {
  /// A text with the last line that belongs to it: `hash` and sixteen digits.
  public static func sealed(_ text: String) -> String { text + "hash \(of(text))\n" }

  /// Bytes of that line.
  public static let sealLength = 22

  /// What `sealed` was given; nil for any other text. Lines that all end in CR and LF, as a version
  /// control may have made them, are taken for what they were.
  public static func unsealed(_ text: String) -> String? {
    var text = text
    if text.utf8.contains(UInt8(ascii: "\r")) {
      let plain = text.replacing("\r\n", with: "\n")
      guard text.utf8.count - plain.utf8.count == plain.utf8.count(where: { $0 == 10 }) else {
        return nil
      }
      text = plain
    }
    guard let content = String(text.utf8.dropLast(sealLength)), sealed(content) == text else {
      return nil
    }
    return content
  }
}

/// The counts that a saved file can say.
public enum SavedCount {
  /// No campaign and no search comes near it, and sums and small multiples of what lies below it do
  /// not overflow.
  public static let most = 1 << 52

  /// The count that a text says; nil where it says none, or a larger one.
  public static func reading(_ text: Substring) -> Int? {
    Int(text).flatMap { (0...most).contains($0) ? $0 : nil }
  }
}
