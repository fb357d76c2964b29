import KernelPool
import PoolWalk

/// What a metric is of: everything, one pool or one tag.
public enum MetricScope: Hashable, Sendable {
  /// All pools together.
  case all
  /// One pool.
  case pool(PoolFamily)
  /// One tag, in whatever pool.
  case tag(PoolTag)

  /// The text before a metric's name, its dot included.
  public var prefix: String {
    switch self {
    case .all: ""
    case .pool(let family): family.rawValue + "."
    case .tag(let tag): "tag.\(Self.escaped(tag))."
    }
  }

  /// The scope as one word: nothing for everything, a pool's name, or a tag with its odd bytes as
  /// `\xNN`.
  public var name: String {
    switch self {
    case .all: ""
    case .pool(let family): family.rawValue
    case .tag(let tag): Self.escaped(tag)
    }
  }

  /// Letters and digits as they are, other bytes as `\xNN`, trailing blanks dropped. A tag of blanks
  /// alone keeps its first, so that no name is empty.
  static func escaped(_ tag: PoolTag) -> String {
    let bytes = tag.unprotected.bytes
    var kept = [bytes.0, bytes.1, bytes.2, bytes.3]
    while kept.count > 1, kept.last == 0x20 { kept.removeLast() }
    return kept.map { byte in
      isPlain(byte)
        ? String(UnicodeScalar(byte))
        : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }

  /// The tag that `text` writes, or nil where it writes none.
  static func unescaped(_ text: Substring) -> PoolTag? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      if isPlain(byte) {
        bytes.append(byte)
        rest.removeFirst()
      } else {
        guard rest.starts(with: "\\x".utf8), rest.count >= 4 else { return nil }
        let digits = rest.dropFirst(2).prefix(2)
        guard digits.allSatisfy(isHexadecimal),
          let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        bytes.append(value)
        rest.removeFirst(4)
      }
      guard bytes.count <= 4 else { return nil }
    }
    guard !bytes.isEmpty else { return nil }
    while bytes.count < 4 { bytes.append(0x20) }
    return PoolTag(
      word: bytes.enumerated().reduce(0) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) })
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }
}
