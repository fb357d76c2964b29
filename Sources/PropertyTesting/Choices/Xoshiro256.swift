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
