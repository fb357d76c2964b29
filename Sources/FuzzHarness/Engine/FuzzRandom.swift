import PropertyTesting

/// The generator of a mutation: everything follows from the engine's seed.
struct FuzzRandom {
  private var state: UInt64

  init(_ seed: UInt32) { state = SplitMix64.mix(UInt64(seed) &+ 0x9E37_79B9_7F4A_7C15) }

  /// A number below `bound`, which must be above 0.
  mutating func below(_ bound: Int) -> Int {
    state = SplitMix64.mix(state &+ 0x9E37_79B9_7F4A_7C15)
    return Int(state.multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A byte.
  mutating func byte() -> UInt8 { UInt8(below(256)) }
}
