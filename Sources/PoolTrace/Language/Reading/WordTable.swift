/// A few words of the language and what they mean, the frequent ones first.
///
/// The search is linear: comparing lengths rejects nearly all words, and the tables are short.
struct WordTable<Value: Sendable>: Sendable {
  struct Entry: Sendable {
    let word: StaticString
    let value: Value
  }

  let entries: [Entry]

  init(_ entries: [(StaticString, Value)]) {
    self.entries = entries.map { Entry(word: $0.0, value: $0.1) }
  }

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
