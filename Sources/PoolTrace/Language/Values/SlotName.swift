/// The name of a slot: one to forty letters, digits, `_` and `-`.
///
/// A name is a plain value of four words, so operations are copied, compared and hashed without
/// a table of names, and a trace of any length keeps no text. The alphabet has exactly 64
/// characters; each word holds up to ten of them, six bits each, and their number in its top four
/// bits. A name that is a decimal number in its shortest form and has at most 18 digits is kept
/// as that number (top four bits all set in the first word), which makes numbered slots cheap to
/// look up. Every name has exactly one representation.
///
/// `np`, `pg` and `ss` name regions in address expressions and are not names of slots.
public struct SlotName: Hashable, Sendable {
  /// The words, the first characters first; words that are not needed are zero.
  @usableFromInline var first: UInt64
  @usableFromInline var second: UInt64 = 0
  @usableFromInline var third: UInt64 = 0
  @usableFromInline var fourth: UInt64 = 0

  /// The most characters a name has: enough for a UUID and for a SHA-1 in hexadecimal.
  public static let maximumCharacters = 40

  static let charactersPerWord = 10
  static let countShift: UInt64 = 60
  static let numberMark: UInt64 = 0xF << 60
  static let numberLimit: UInt64 = 1_000_000_000_000_000_000

  /// The name of a numbered slot, any 64-bit number.
  public init(_ number: UInt64) {
    if number < SlotName.numberLimit {
      self.init(first: SlotName.numberMark | number)
    } else {
      self.init(packing: Array(String(number).utf8))
    }
  }

  private init(first: UInt64) { self.first = first }

  /// The name spelled `text`, or nil where that is no name of a slot.
  public init?(_ text: some StringProtocol) {
    self.init(bytes: Array(text.utf8))
  }

  /// The name spelled by ASCII `bytes`, or nil where they are no name of a slot.
  public init?(bytes: some Collection<UInt8>) {
    let count = bytes.count
    guard count > 0, count <= SlotName.maximumCharacters, !SlotName.isRegion(bytes) else {
      return nil
    }
    guard bytes.allSatisfy({ SlotName.code($0) != nil }) else { return nil }
    if let number = SlotName.number(bytes) {
      self.init(first: SlotName.numberMark | number)
    } else {
      self.init(packing: bytes)
    }
  }

  /// The number, where the name is one in shortest form and below 10^18.
  @inlinable public var number: UInt64? {
    first >> 60 == 0xF ? first & 0x0FFF_FFFF_FFFF_FFFF : nil
  }

  /// Hashes the words that are in use; most names fit the first.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(first)
    if second != 0 {
      hasher.combine(second)
      hasher.combine(third)
      hasher.combine(fourth)
    }
  }

  /// Packs valid characters as they are.
  private init(packing bytes: some Collection<UInt8>) {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var position = 0
    for byte in bytes {
      let code = SlotName.code(byte) ?? 0
      let shift = UInt64(6 &* (position % SlotName.charactersPerWord))
      let addition = (code &<< shift) &+ (1 &<< SlotName.countShift)
      switch position / SlotName.charactersPerWord {
      case 0: words.0 &+= addition
      case 1: words.1 &+= addition
      case 2: words.2 &+= addition
      default: words.3 &+= addition
      }
      position += 1
    }
    (first, second, third, fourth) = words
  }

  /// The region names that address expressions use.
  static func isRegion(_ bytes: some Collection<UInt8>) -> Bool {
    guard bytes.count == 2, let first = bytes.first else { return false }
    let second = bytes[bytes.index(after: bytes.startIndex)]
    switch (first, second) {
    case (UInt8(ascii: "n"), UInt8(ascii: "p")), (UInt8(ascii: "p"), UInt8(ascii: "g")),
      (UInt8(ascii: "s"), UInt8(ascii: "s")):
      return true
    default: return false
    }
  }

  private static func number(_ bytes: some Collection<UInt8>) -> UInt64? {
    guard bytes.count <= 18, bytes.count == 1 || bytes.first != UInt8(ascii: "0") else {
      return nil
    }
    var value: UInt64 = 0
    for byte in bytes {
      guard byte &- 0x30 < 10 else { return nil }
      value = value &* 10 &+ UInt64(byte &- 0x30)
    }
    return value
  }

  /// The six bits of a character, or nil where it may not stand in a name.
  static func code(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte &- 0x30)
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(byte &- 0x61 &+ 10)
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt64(byte &- 0x41 &+ 36)
    case UInt8(ascii: "_"): 62
    case UInt8(ascii: "-"): 63
    default: nil
    }
  }

  /// The character of six bits.
  private static func character(_ code: UInt64) -> UInt8 {
    let code = UInt8(truncatingIfNeeded: code & 63)
    switch code {
    case 0..<10: return code &+ 0x30
    case 10..<36: return code &- 10 &+ 0x61
    case 36..<62: return code &- 36 &+ 0x41
    case 62: return UInt8(ascii: "_")
    default: return UInt8(ascii: "-")
    }
  }

  /// Appends the spelling, in ASCII, to `bytes`.
  public func append(to bytes: inout [UInt8]) {
    if let number {
      bytes.appendDecimal(number)
      return
    }
    for word in [first, second, third, fourth] {
      for position in 0..<(word >> SlotName.countShift) {
        bytes.append(SlotName.character(word &>> (6 &* position)))
      }
    }
  }
}

extension SlotName: CustomStringConvertible {
  /// The spelling.
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension SlotName: ExpressibleByStringLiteral {
  /// The name spelled by a literal; one that is no name is a mistake of ours.
  public init(stringLiteral text: StaticString) {
    guard let name = text.withUTF8Buffer({ SlotName(bytes: $0) }) else {
      preconditionFailure("\(text) is not the name of a slot")
    }
    self = name
  }
}

/// Finds the index of a name: a hash table of eight bytes a place, which names a table of slots
/// but holds none.
///
/// Linear probing; a removal moves later names of the run back, so no dead places remain however
/// many names come and go. Each place keeps 32 bits of the hash beside the index: comparing and
/// moving names rarely looks at the names themselves. The hash is the library's seeded one, so no
/// trace can be made to collide; nothing depends on the order of places.
struct SlotIndex {
  /// The hash in the upper half, the index plus one in the lower; zero where the place is free.
  private var places: [UInt64] = []
  private var mask = 0
  private(set) var count = 0

  private static let smallestPlaces = 1024

  static func hash(_ name: SlotName) -> UInt32 {
    UInt32(truncatingIfNeeded: name.hashValue)
  }

  /// The index of the name with `hash`; `isName` tells whether an index is that name's.
  @inline(__always)
  func find(_ hash: UInt32, where isName: (Int) -> Bool) -> Int? {
    guard count > 0 else { return nil }
    var position = Int(hash) & mask
    while places[position] != 0 {
      if UInt32(truncatingIfNeeded: places[position] >> 32) == hash {
        let index = Int(places[position] & 0xFFFF_FFFF) - 1
        if isName(index) { return index }
      }
      position = (position + 1) & mask
    }
    return nil
  }

  /// Adds a name that is not there.
  mutating func insert(_ hash: UInt32, _ index: Int) {
    if (count + 1) * 2 > places.count { grow() }
    count += 1
    put(UInt64(hash) << 32 | UInt64(index + 1))
  }

  /// Removes the name with `hash` and `index`, which must be there.
  mutating func remove(_ hash: UInt32, _ index: Int) {
    let place = UInt64(hash) << 32 | UInt64(index + 1)
    var hole = Int(hash) & mask
    while places[hole] != place {
      precondition(places[hole] != 0, "the name is in the table")
      hole = (hole + 1) & mask
    }
    count -= 1
    var position = (hole + 1) & mask
    while places[position] != 0 {
      let home = Int(places[position] >> 32) & mask
      // A name may move into the hole only if the hole is not before its home.
      if (position - home) & mask >= (position - hole) & mask {
        places[hole] = places[position]
        hole = position
      }
      position = (position + 1) & mask
    }
    places[hole] = 0
  }

  private mutating func put(_ place: UInt64) {
    var position = Int(place >> 32) & mask
    while places[position] != 0 { position = (position + 1) & mask }
    places[position] = place
  }

  private mutating func grow() {
    let old = places
    places = Array(repeating: 0, count: max(SlotIndex.smallestPlaces, old.count * 2))
    mask = places.count - 1
    for place in old where place != 0 { put(place) }
  }
}
