/// The module's source of chance: SplitMix64 (Steele, Lea and Flood 2014), integers only, so that
/// a seed means the same everywhere. Streams for independent work are derived, never shared.
public struct SeededGenerator: Sendable, Hashable {
  /// Where the stream is: the seed of the stream that goes on from here.
  private(set) var state: UInt64

  /// The stream of `seed`.
  public init(seed: UInt64) { state = seed }

  /// The stream of part `index` of the work of `seed`, independent of how work is divided.
  public init(seed: UInt64, stream index: UInt64) {
    var mixer = SeededGenerator(seed: seed ^ (index &+ 1) &* 0xd1b5_4a32_d192_ed03)
    state = mixer.next()
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  /// A number of 0..<bound, bound at least 1. The bias is below bound / 2^64.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "nothing to choose from")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A number of a closed range.
  public mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// True `numerator` times in `denominator`.
  public mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
    below(denominator) < numerator
  }
}
