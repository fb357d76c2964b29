import KernelPool

/// Slots, tags, addresses and bytes.
extension LineCursor {
  /// The slot that is the next field.
  @inline(__always)
  mutating func slot() throws(LineFailure) -> SlotName {
    skipBlanks()
    let start = position
    var number: UInt64 = 0
    while position < end, bytes[position] &- 0x30 < 10 {
      number = number &* 10 &+ UInt64(bytes[position] &- 0x30)
      position &+= 1
    }
    let digits = position &- start
    if digits > 0, digits <= 18, atFieldEnd,
      digits == 1 || bytes[start] != UInt8(ascii: "0")
    {
      return SlotName(number)
    }
    position = start
    return try namedSlot()
  }

  private mutating func namedSlot() throws(LineFailure) -> SlotName {
    let start = position
    let text = field()
    guard let name = SlotName(bytes: text) else {
      throw failure(LineCursor.slotExpectation(text), at: start)
    }
    return name
  }

  /// What to ask for where a slot's name is wanted.
  static func slotExpectation(_ text: UnsafeBufferPointer<UInt8>) -> StaticString {
    if SlotName.isRegion(text) { return "a slot (np, pg and ss name regions)" }
    if text.count > SlotName.maximumCharacters { return "a slot's name of at most 40 characters" }
    return "a slot (letters, digits, _ and -)"
  }

  /// The tag that is the next field.
  @inline(__always)
  mutating func tag() throws(LineFailure) -> PoolTag {
    skipBlanks()
    let start = position
    if position < end, bytes[position] == UInt8(ascii: "'") { return try quotedTag() }
    var word: UInt32 = 0x2020_2020
    var count: UInt32 = 0
    while !atFieldEnd {
      guard LineCursor.isPlain(bytes[position]) else {
        throw failure("a tag in quotes, since it is not of plain characters", at: start)
      }
      guard count < 4 else { throw failure("a tag of at most four characters", at: start) }
      // A blank becomes the character.
      word ^= UInt32(bytes[position] ^ 0x20) &<< (8 &* count)
      count &+= 1
      position &+= 1
    }
    guard count > 0 else { throw failure("a tag of four characters", at: start) }
    return PoolTag(word: word)
  }

  /// The tag that is the next field, or nil at the end of the line.
  @inline(__always)
  mutating func optionalTag() throws(LineFailure) -> PoolTag? {
    guard moveToField() else { return nil }
    return try tag()
  }

  /// Anything printable that means nothing else. Traces should quote all but letters and digits,
  /// but recorded ones write `Io__`.
  @inline(__always)
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte &- 0x21 < 0x5E && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
  }

  private mutating func quotedTag() throws(LineFailure) -> PoolTag {
    let start = position
    position &+= 1
    var word: UInt32 = 0x2020_2020
    var count: UInt32 = 0
    while position < end, bytes[position] != UInt8(ascii: "'") {
      let character = try tagCharacter()
      guard count < 4 else { throw failure("a tag of at most four characters", at: start) }
      word ^= UInt32(character ^ 0x20) &<< (8 &* count)
      count &+= 1
    }
    guard position < end else { throw failure("a quote ' that ends the tag", at: end) }
    position &+= 1
    guard atFieldEnd else { throw failure("a blank after the tag", at: position) }
    return PoolTag(word: word)
  }

  /// A character of a quoted tag: itself, or `\xNN`.
  private mutating func tagCharacter() throws(LineFailure) -> UInt8 {
    let start = position
    let byte = bytes[position]
    position &+= 1
    guard (0x20...0x7E).contains(byte) else {
      throw failure("\\xNN in place of a byte outside 0x20...0x7e", at: start)
    }
    guard byte == UInt8(ascii: "\\") else { return byte }
    guard position &+ 2 < end, bytes[position] == UInt8(ascii: "x"),
      let high = LineCursor.hexadecimalValue(bytes[position &+ 1]),
      let low = LineCursor.hexadecimalValue(bytes[position &+ 2])
    else { throw failure("\\xNN with two hexadecimal digits", at: start) }
    position &+= 3
    return high &<< 4 | low
  }

  /// The bytes, two hexadecimal digits each, that are the next field.
  mutating func hexadecimalBytes() throws(LineFailure) -> [UInt8] {
    skipBlanks()
    let start = position
    let text = field()
    guard !text.isEmpty, text.count % 2 == 0 else {
      throw failure("bytes of two hexadecimal digits each", at: start)
    }
    var values: [UInt8] = []
    values.reserveCapacity(text.count / 2)
    for index in stride(from: 0, to: text.count, by: 2) {
      guard let high = LineCursor.hexadecimalValue(text[index]),
        let low = LineCursor.hexadecimalValue(text[index &+ 1])
      else { throw failure("bytes of two hexadecimal digits each", at: start &+ index) }
      values.append(high &<< 4 | low)
    }
    return values
  }
}

extension LineCursor {
  private static let expectation: StaticString =
    "a pool (NonPaged, Paged, ..., followed by +Quota, +MustSucceed, +Raise)"

  /// The pool type that is the next field.
  @inline(__always)
  mutating func poolType() throws(LineFailure) -> PoolType {
    skipBlanks()
    let start = position
    let text = field()
    if let type = PoolTypeNames.kinds.find(text) { return type }
    if let first = text.first, first &- 0x30 < 10 {
      position = start
      let value = try number("the number of a pool type", maximum: UInt64(UInt32.max))
      return PoolType(rawValue: UInt32(truncatingIfNeeded: value))
    }
    return try modifiedPoolType(text, at: start)
  }

  private func modifiedPoolType(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int
  ) throws(LineFailure) -> PoolType {
    var type: PoolType?
    for part in text.split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: false) {
      let word = UnsafeBufferPointer(rebasing: part)
      if let known = type {
        guard let modifier = PoolTypeNames.modifiers.find(word) else {
          throw failure(
            "Quota, MustSucceed or Raise", at: start &+ part.startIndex,
            among: PoolTypeNames.modifiers.words)
        }
        type = known.union(modifier)
      } else {
        guard let kind = PoolTypeNames.kinds.find(word) else {
          throw failure(LineCursor.expectation, at: start, among: PoolTypeNames.kinds.words)
        }
        type = kind
      }
    }
    guard let type else { throw failure(LineCursor.expectation, at: start) }
    return type
  }
}

/// A few words of the language and what they mean, the frequent ones first.
///
/// The search is linear: comparing lengths rejects nearly all words, and the tables are short.
struct KeywordTable<Value: Sendable>: Sendable {
  struct Entry: Sendable {
    let word: StaticString
    let value: Value
  }

  let entries: [Entry]

  init(_ entries: [(StaticString, Value)]) {
    self.entries = entries.map { Entry(word: $0.0, value: $0.1) }
  }

  /// The words themselves.
  var words: [String] { entries.map(\.word.description) }

  /// The meaning of the word that `bytes` spell, or nil.
  func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Value? {
    for entry in entries where entry.word.utf8CodeUnitCount == bytes.count {
      if entry.word.equals(bytes) { return entry.value }
    }
    return nil
  }
}

extension StaticString {
  /// True where `bytes`, as many as the literal has, spell it.
  @inline(__always)
  func equals(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    for position in 0..<bytes.count where utf8Start[position] != bytes[position] { return false }
    return true
  }
}
