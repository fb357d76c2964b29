/// A pool tag as a listing shows it: four bytes in memory order.
///
/// Debuggers print a byte outside 0x20...0x7e as a full stop, so a full stop in a listing may stand
/// for any byte; blanks at the end belong to the tag (`Io  `, `Vad `) and are restored when a copy
/// lost them.
public struct ListedTag: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The four bytes in memory order, the first in the lowest byte (as the header stores them).
  public let rawValue: UInt32

  /// A tag from the dword that a header or a bug check shows.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A tag from up to four bytes; shorter ones are padded with blanks on the right.
  public init(_ bytes: some Sequence<UInt8>) {
    var value: UInt32 = 0x2020_2020
    for (index, byte) in bytes.prefix(4).enumerated() {
      value &= ~(0xFF << UInt32(index * 8))
      value |= UInt32(byte) << UInt32(index * 8)
    }
    rawValue = value
  }

  /// A tag from text, padded with blanks: `ListedTag("Io")` is `Io  `.
  public init(_ text: String) { self.init(text.utf8) }

  /// The four bytes in memory order.
  public var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> ($0 * 8)) } }

  /// Always four characters, unprintable bytes as full stops.
  public var description: String {
    String(
      decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : 0x2E }, as: UTF8.self)
  }

  /// The order of the printed text, which is what a person looks a tag up by.
  public static func < (left: ListedTag, right: ListedTag) -> Bool {
    left.rawValue.byteSwapped < right.rawValue.byteSwapped
  }
}
