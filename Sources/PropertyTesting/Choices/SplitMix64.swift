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
