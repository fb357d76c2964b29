/// A line that only an allocator under test understands; to the model it means nothing.
///
/// `target arena=N offset=N refuse=N rounds=N` says what the allocator is created with, and comes before
/// every other operation. All other words are calls: a word, a slot where it needs one, and numbers.
public struct TargetCall: Hashable, Sendable {
  /// What is called.
  public enum Word: String, Sendable, CaseIterable {
    /// What the allocator is created with.
    case target
    /// Allocate at an alignment: slot, alignment, bytes.
    case aligned
    /// Allocate zeroed memory: slot, count, bytes of each.
    case zeroed
    /// Reallocate: slot, bytes, perhaps an alignment. An empty slot stands for the null pointer.
    case realloc
    /// Another size where the block lies: slot, bytes.
    case resize
    /// Free and say the size: slot.
    case freesized
    /// The block's content is what its owner wrote: slot.
    case verify
    /// More memory to manage: bytes.
    case region
    /// Another size of the arena: bytes.
    case arena
    /// Back to how it was created.
    case reset
    /// A thread of this number, 0 for the first, makes the calls that follow; it begins with its first.
    case thread
    /// The thread of this number ends.
    case endthread
    /// Frees a freed block once more, an address within or outside of any block, or a block behind
    /// which a byte was changed: slot, `Misuse`, offset in bytes.
    case misuse
  }

  /// What a `misuse` does.
  public enum Misuse: String, Sendable, CaseIterable {
    /// Frees the block twice.
    case double
    /// Frees the address so many bytes behind the block's start.
    case interior
    /// Frees memory that is none of the allocator's, so many bytes into it.
    case foreign
    /// Changes the byte so many bytes behind the last that was asked for, and frees the block.
    case behind
  }

  /// The keys of a `target` line, in the order of its numbers, with what they are by default.
  public static let keys: [(name: StaticString, standard: UInt64)] = [
    ("arena", 1 << 20), ("offset", 0), ("refuse", 0), ("rounds", 2),
  ]

  /// What is called.
  public let word: Word
  /// The slot that it is about.
  public var slot: SlotName?
  /// The numbers of the line: those of `keys` for `target`; a kind of misuse by its place.
  public let numbers: [UInt64]

  /// A call; nil where the word has another shape.
  public init?(_ word: Word, _ slot: SlotName?, _ numbers: [UInt64]) {
    guard (slot != nil) == word.takesSlot, word.counts.contains(numbers.count) else { return nil }
    if word == .misuse, numbers[0] >= UInt64(Misuse.allCases.count) { return nil }
    self.word = word
    self.slot = slot
    self.numbers = numbers
  }

  /// Appends the line.
  func append(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: word.rawValue.utf8)
    if word == .target { return appendKeys(to: &bytes) }
    var rest = numbers[...]
    if word == .misuse {
      bytes.append(UInt8(ascii: " "))
      bytes.append(contentsOf: Misuse.allCases[Int(rest.removeFirst())].rawValue.utf8)
    }
    if let slot {
      bytes.append(UInt8(ascii: " "))
      slot.append(to: &bytes)
    }
    for number in rest {
      bytes.append(UInt8(ascii: " "))
      bytes.appendDecimal(number)
    }
  }

  private func appendKeys(to bytes: inout [UInt8]) {
    for (key, number) in zip(Self.keys, numbers) where number != key.standard {
      bytes.append(UInt8(ascii: " "))
      bytes.append(key.name)
      bytes.append(UInt8(ascii: "="))
      bytes.appendDecimal(number)
    }
  }
}

extension TargetCall.Word {
  /// Whether it names a slot.
  var takesSlot: Bool {
    switch self {
    case .target, .region, .arena, .reset, .thread, .endthread: false
    default: true
    }
  }

  /// How many numbers it may have.
  var counts: ClosedRange<Int> {
    switch self {
    case .target: TargetCall.keys.count...TargetCall.keys.count
    case .aligned, .zeroed, .misuse: 2...2
    case .realloc: 1...2
    case .resize, .region, .arena, .thread, .endthread: 1...1
    case .freesized, .verify, .reset: 0...0
    }
  }
}

extension LineCursor {
  private static let misuses = KeywordTable<TargetCall.Misuse>([
    ("double", .double), ("interior", .interior), ("foreign", .foreign), ("behind", .behind),
  ])

  /// The rest of a line that begins with a word of targets.
  mutating func targetCall(_ word: TargetCall.Word) throws(LineFailure) -> TargetCall {
    let start = position
    var numbers: [UInt64] = []
    var slot: SlotName?
    if word == .target {
      numbers = try targetKeys()
    } else {
      if word == .misuse {
        let kind = try self.word(LineCursor.misuses, "one of double interior foreign behind")
        numbers.append(UInt64(TargetCall.Misuse.allCases.firstIndex(of: kind) ?? 0))
      }
      if word.takesSlot { slot = try self.slot() }
      while numbers.count < word.counts.upperBound {
        guard numbers.count < word.counts.lowerBound || moveToField() else { break }
        numbers.append(try number("a number"))
      }
    }
    guard let call = TargetCall(word, slot, numbers) else {
      throw failure("a call of an allocator under test", at: start)
    }
    return call
  }

  private mutating func targetKeys() throws(LineFailure) -> [UInt64] {
    var numbers = TargetCall.keys.map(\.standard)
    while moveToField() {
      let start = position
      let text = field()
      guard let sign = text.firstIndex(of: UInt8(ascii: "=")),
        let index = TargetCall.keys.firstIndex(where: { key in
          key.name.utf8CodeUnitCount == sign
            && key.name.equals(UnsafeBufferPointer(rebasing: text[..<sign]))
        })
      else { throw failure("one of arena= offset= refuse= rounds=", at: start) }
      position = start + sign + 1
      numbers[index] = try number("a number")
    }
    return numbers
  }
}
