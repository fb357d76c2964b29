import KernelPool
import TextDecoding

/// Reads a `pooltag.txt`: lines of tag, binary and description with dashes between them.
///
/// Real files have comments of two kinds, tags of three characters, wildcards, lines without a
/// binary, and lines that continue the one before. Whatever fits none of that is counted and left
/// out; nothing in such a file is an error.
public struct PoolTagFile: Sendable {
  /// What the file describes.
  public private(set) var descriptions = PoolTagDescriptions()
  /// Lines that were not understood.
  public private(set) var skippedLines = 0

  private var pending: (tag: [UInt8], binary: String?, text: String)?

  /// Reads the bytes of a file, in UTF-16 too; they need not be valid UTF-8.
  public init(_ bytes: some Sequence<UInt8>) {
    var line: [UInt8] = []
    for byte in TextEncoding.utf8(of: Array(bytes)) {
      if byte == UInt8(ascii: "\n") {
        read(line)
        line.removeAll(keepingCapacity: true)
      } else if byte != UInt8(ascii: "\r") {
        line.append(byte)
      }
    }
    read(line)
    finish()
  }

  private mutating func read(_ line: [UInt8]) {
    let content = Self.trimmed(line[...])
    guard !content.isEmpty, !Self.isComment(content) else { return }
    if Self.isBlank(line[0]) { return continueEntry(content) }
    guard let (tag, rest) = Self.splitTag(line) else {
      skippedLines += 1
      return
    }
    finish()
    let (binary, text) = Self.splitBinary(Self.trimmed(rest))
    pending = (tag, binary, text)
  }

  private mutating func continueEntry(_ content: ArraySlice<UInt8>) {
    let text = Self.text(content)
    guard pending != nil else {
      skippedLines += 1
      return
    }
    guard Self.known(text) != nil else { return }
    pending?.text += " " + text
  }

  private mutating func finish() {
    guard let entry = pending else { return }
    descriptions.describe(entry.tag, TagDescription(text: entry.text, binary: entry.binary))
    pending = nil
  }

  /// The tag before the first dash, four bytes if they stand right before it, else fewer.
  private static func splitTag(_ line: [UInt8]) -> ([UInt8], ArraySlice<UInt8>)? {
    for length in [4, 3, 2, 1] where line.count > length {
      let behind = line[length...].drop(while: isBlank)
      guard behind.first == UInt8(ascii: "-") else { continue }
      let rest = behind.dropFirst()
      guard rest.first.map(isBlank) ?? true else { continue }
      return (Array(trimmed(line[..<length])), rest)
    }
    return nil
  }

  /// The binary before a second dash, where there is one that looks like the name of a binary.
  private static func splitBinary(_ rest: ArraySlice<UInt8>) -> (String?, String) {
    let dash = rest.indices.first { index in
      rest[index] == UInt8(ascii: "-") && index > rest.startIndex && isBlank(rest[index - 1])
        && index + 1 < rest.endIndex && isBlank(rest[index + 1])
    }
    guard let dash else { return (nil, text(rest)) }
    let binary = text(trimmed(rest[..<dash]))
    let marks: Set<Character> = [".", "!", "<"]
    guard !binary.contains(" ") || binary.contains(where: marks.contains) else {
      return (nil, text(rest))
    }
    return (known(binary), text(trimmed(rest[(dash + 1)...])))
  }

  private static func known(_ name: String) -> String? { name == "<unknown>" ? nil : name }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func isComment(_ line: ArraySlice<UInt8>) -> Bool {
    if line.starts(with: "//".utf8) { return true }
    let word = line.prefix(3).map { $0 | 0x20 }
    return word.elementsEqual("rem".utf8) && (line.dropFirst(3).first.map(isBlank) ?? true)
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let front = bytes.drop(while: isBlank)
    guard let last = front.lastIndex(where: { !isBlank($0) }) else { return [] }
    return front[...last]
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}

/// What tags stand for: a short list of our own, or a `pooltag.txt` that the user has.
///
/// An exact tag wins over a pattern; among patterns the one with the fewest wildcards wins, `?`
/// before `*`, and then the one that stands first.
public struct PoolTagDescriptions: Sendable {
  private var exact: [UInt32: TagDescription] = [:]
  private var patterns: [(pattern: TagPattern, description: TagDescription)] = []

  /// No descriptions at all.
  public init() {}

  /// How many tags and patterns are described.
  public var count: Int { exact.count + patterns.count }

  /// Describes the tags that `characters` names: up to four bytes, padded with blanks, with `?` for
  /// any byte and `*` for any rest. The first description of an exact tag stays.
  public mutating func describe(_ characters: [UInt8], _ description: TagDescription) {
    let pattern = TagPattern(characters)
    guard let tag = pattern.exactTag else {
      patterns.append((pattern, description))
      return
    }
    exact[tag.word, default: description] = exact[tag.word] ?? description
  }

  /// The one described tag that ends with these bytes; nil where none does, or several.
  func tag(endingWith rest: [UInt8]) -> ListedTag? {
    let fitting = exact.keys.map { ListedTag(rawValue: $0) }.filter {
      $0.bytes.suffix(rest.count).elementsEqual(rest)
    }
    return fitting.count == 1 ? fitting[0] : nil
  }

  /// What is known of `tag`; the mark of a protected block is no part of it.
  public func description(of tag: PoolTag) -> TagDescription? {
    let tag = tag.unprotected
    if let description = exact[tag.word] { return description }
    let fitting = patterns.enumerated().filter { $0.element.pattern.matches(tag) }
    return fitting.min {
      ($0.element.pattern.looseness, $0.offset) < ($1.element.pattern.looseness, $1.offset)
    }?.element.description
  }
}

/// What is known of a tag.
public struct TagDescription: Sendable, Equatable {
  /// Who uses the tag, and for what.
  public let text: String
  /// The module that uses it, or nil where that is not known.
  public let binary: String?

  /// What is publicly known to make it grow, with its source.
  var knownCause: Guidance?

  /// A description.
  public init(text: String, binary: String? = nil, knownCause: Guidance? = nil) {
    self.text = text
    self.binary = binary
    self.knownCause = knownCause
  }
}

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
  var exactTag: PoolTag? {
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

/// A tag as debuggers print it.
public enum TagText {
  /// Four characters: bytes that cannot be printed become dots, trailing blanks stay, the mark of a
  /// protected block is taken off.
  public static func characters(_ tag: PoolTag) -> String {
    let bytes = tag.unprotected.bytes
    return String(
      decoding: [bytes.0, bytes.1, bytes.2, bytes.3].map { (0x20...0x7E).contains($0) ? $0 : 0x2E },
      as: UTF8.self)
  }
}
