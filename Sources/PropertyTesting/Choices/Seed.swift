/// The number from which a whole run follows.
///
/// Written as decimal, as `0x` hexadecimal of up to 16 digits, or as the 40 or 64 hexadecimal
/// digits of a commit identifier, of which the first 16 count: a run in continuous integration
/// can so take its seed from the commit and be repeated by anyone who has it.
public struct Seed: Sendable, Hashable, CustomStringConvertible {
  /// The seed itself.
  public let value: UInt64

  /// The seed of that number.
  public init(_ value: UInt64) {
    self.value = value
  }

  /// Reads one of the three written forms.
  public init(parsing text: String) throws(SeedError) {
    guard let value = Self.value(of: text) else { throw SeedError(text: text) }
    self.value = value
  }

  /// Decimal, as it is printed in replay lines.
  public var description: String {
    String(value)
  }

  /// The generator of work item `stream` under this seed.
  public func generator(stream: UInt64) -> Xoshiro256 {
    Xoshiro256(seed: value, stream: stream)
  }

  private static func value(of text: String) -> UInt64? {
    let digits = text.utf8
    if digits.starts(with: "0x".utf8) {
      return number(text.dropFirst(2), radix: 16)
    }
    if digits.count == 40 || digits.count == 64 {
      guard digits.allSatisfy(isHexadecimal) else { return nil }
      return number(text.prefix(16), radix: 16)
    }
    return number(text[...], radix: 10)
  }

  /// `UInt64(_:radix:)` also takes a leading plus sign, which no seed has.
  private static func number(_ text: Substring, radix: Int) -> UInt64? {
    guard text.utf8.allSatisfy(isHexadecimal) else { return nil }
    return UInt64(text, radix: radix)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
    default: false
    }
  }
}

/// A text that is not a seed.
public struct SeedError: Error, Equatable, CustomStringConvertible {
  /// The text as given.
  public let text: String

  /// Says what would have been accepted.
  public var description: String {
    "'\(text)' is no seed: give a decimal number, 0x and up to 16 hexadecimal digits, "
      + "or a commit identifier of 40 or 64 hexadecimal digits"
  }
}

/// SplitMix64, the generator that seeds other generators and serves where a state of one word is
/// wanted: integers only, so that a seed means the same everywhere.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014);
/// the constants are those of the public-domain C version by Sebastiano Vigna.
public struct SplitMix64: RandomNumberGenerator, Sendable, Hashable {
  /// Where the stream is: the seed of the stream that goes on from here.
  public var state: UInt64 { word }

  @usableFromInline var word: UInt64

  /// A generator whose first output is the mix of `seed` plus one increment.
  @inlinable
  public init(seed: UInt64) {
    word = seed
  }

  /// The next 64 bits.
  @inlinable
  public mutating func next() -> UInt64 {
    word &+= 0x9e37_79b9_7f4a_7c15
    return Self.mix(word)
  }

  /// A number in `0..<bound`; `bound` must be at least 1. The bias is below bound / 2^64.
  @inlinable
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "nothing to choose from")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The output function alone: a bijection of 64-bit numbers that spreads every input bit.
  @inlinable
  public static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed &>> 31)
  }
}

/// xoshiro256**, the project's only source of randomness: integers in, integers out.
///
/// The standard library promises no particular algorithm, so a seed would not survive a new
/// toolchain or another platform. This one is published, small, and pinned by golden outputs.
///
/// Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (2018).
public struct Xoshiro256: RandomNumberGenerator, Sendable, Equatable {
  @usableFromInline var state0: UInt64
  @usableFromInline var state1: UInt64
  @usableFromInline var state2: UInt64
  @usableFromInline var state3: UInt64

  /// A generator whose state is the first four outputs of `SplitMix64(seed:)`, as its authors
  /// recommend: no seed can give the forbidden state of four zeros.
  @inlinable
  public init(seed: UInt64) {
    var seeder = SplitMix64(seed: seed)
    self.init(state: (seeder.next(), seeder.next(), seeder.next(), seeder.next()))
  }

  /// One of 2^64 independent streams of a seed.
  ///
  /// Work item number n takes stream n; what it draws then depends on neither the number of
  /// threads nor the order in which items are done.
  @inlinable
  public init(seed: UInt64, stream: UInt64) {
    var seeder = SplitMix64(seed: seed)
    let base = seeder.next()
    self.init(seed: base ^ SplitMix64.mix(stream &+ 0x9e37_79b9_7f4a_7c15))
  }

  /// A generator in a given state, for the published test vectors.
  ///
  /// The state must not be four zeros, from which xoshiro never leaves.
  @inlinable
  public init(state: (UInt64, UInt64, UInt64, UInt64)) {
    precondition(state.0 | state.1 | state.2 | state.3 != 0, "xoshiro cannot leave zero")
    (state0, state1, state2, state3) = state
  }

  /// The next 64 bits.
  @inlinable
  public mutating func next() -> UInt64 {
    let result = Self.rotate(state1 &* 5, by: 7) &* 9
    let shifted = state1 &<< 17
    state2 ^= state0
    state3 ^= state1
    state1 ^= state2
    state0 ^= state3
    state2 ^= shifted
    state3 = Self.rotate(state3, by: 45)
    return result
  }

  /// An unbiased number in `0..<bound`; `bound` must not be 0.
  ///
  /// Source: Lemire, "Fast Random Integer Generation in an Interval" (2019): the high word of a
  /// product, with the few unevenly covered low words drawn again.
  @inlinable
  public mutating func draw(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "there is no number below zero")
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let uneven = (0 &- bound) % bound
      while product.low < uneven {
        product = next().multipliedFullWidth(by: bound)
      }
    }
    return product.high
  }

  @inlinable
  static func rotate(_ value: UInt64, by bits: UInt64) -> UInt64 {
    (value &<< bits) | (value &>> (64 &- bits))
  }
}
