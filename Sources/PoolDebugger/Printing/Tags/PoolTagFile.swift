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
