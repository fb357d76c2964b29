import KernelPool

/// A tag with wildcards, as `!poolused` and `pooltag.txt` write them: `?` is any one byte, `*` any
/// rest. Case matters.
public struct TagPattern: Sendable, Equatable {
  /// The bytes; four of them unless there is a `*`.
  public let bytes: [UInt8]

  private static let anyByte = UInt8(ascii: "?")
  private static let anyRest = UInt8(ascii: "*")

  /// A pattern; one without `*` is padded with blanks to four bytes, and what lies behind the
  /// fourth byte is cut off.
  public init(_ characters: [UInt8]) {
    if characters.contains(Self.anyRest) {
      bytes = characters
    } else {
      let blanks = [UInt8](repeating: 0x20, count: max(0, 4 - characters.count))
      bytes = characters.prefix(4) + blanks
    }
  }

  /// A pattern from text.
  public init(_ text: String) { self.init(Array(text.utf8)) }

  /// The one tag that fits, or nil where there are wildcards.
  public var exactTag: PoolTag? {
    guard !bytes.contains(Self.anyByte), !bytes.contains(Self.anyRest) else { return nil }
    return PoolTag(
      word: bytes.enumerated().reduce(0) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) })
  }

  /// How much the pattern leaves open: one for each `?`, five for each `*`.
  var looseness: Int {
    bytes.reduce(0) { $0 + ($1 == Self.anyByte ? 1 : $1 == Self.anyRest ? 5 : 0) }
  }

  /// True where `tag` fits.
  public func matches(_ tag: PoolTag) -> Bool {
    let bytes = tag.bytes
    return Self.matches(self.bytes[...], [bytes.0, bytes.1, bytes.2, bytes.3][...])
  }

  /// A tag has four bytes, so only five suffixes of it exist: each is tried once for each `*`,
  /// from a set, and a pattern of any length takes time in proportion to its length.
  private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var places: Set<Int> = [text.startIndex]
    for element in pattern {
      if element == anyRest {
        guard let first = places.min() else { return false }
        places = Set(first...text.endIndex)
      } else {
        places = Set(
          places.compactMap { place in
            guard place < text.endIndex, element == anyByte || text[place] == element
            else { return nil }
            return place + 1
          })
      }
    }
    return places.contains(text.endIndex)
  }
}
