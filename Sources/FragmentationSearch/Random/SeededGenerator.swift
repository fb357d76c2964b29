import PropertyTesting

/// The module's source of chance. Streams for independent work are derived, never shared.
public typealias SeededGenerator = SplitMix64

extension SplitMix64 {
  /// The stream of part `index` of the work of `seed`, independent of how work is divided.
  public init(seed: UInt64, stream index: UInt64) {
    var mixer = SplitMix64(seed: seed ^ (index &+ 1) &* 0xd1b5_4a32_d192_ed03)
    self.init(seed: mixer.next())
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
