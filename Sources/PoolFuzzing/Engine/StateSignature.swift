import KernelPool
import PropertyTesting

/// What a trace has reached, as a set of small numbers: novelty without instrumentation.
///
/// A feature is a hash of what an operation was, which branches of the algorithm it set in motion,
/// which those of the operation before had set in motion, and the order of magnitude of what is
/// live. A trace is novel when it shows a feature that no earlier one did.
public struct StateSignature: Sendable, Equatable {
  /// Features are numbered below this.
  public static let featureLimit = 1 << 16

  /// One bit a feature.
  private var words: [UInt64]
  /// How many features are set.
  public private(set) var count = 0

  /// No feature.
  public init() { words = Array(repeating: 0, count: Self.featureLimit / 64) }

  /// Features from their bytes, as `bytes` gives them; nil where these are not as many.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.featureLimit / 8 else { return nil }
    self.init()
    for (index, byte) in bytes.enumerated() {
      words[index / 8] |= UInt64(byte) << UInt64(8 * (index % 8))
    }
    count = words.reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// The features as bytes.
  public var bytes: [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
  }

  /// Whether a feature is set.
  public func contains(_ feature: UInt16) -> Bool {
    words[Int(feature) / 64] >> UInt64(feature % 64) & 1 != 0
  }

  /// Sets features; returns how many were new.
  @discardableResult
  public mutating func insert(_ features: [UInt16]) -> Int {
    let before = count
    for feature in features where !contains(feature) {
      words[Int(feature) / 64] |= 1 << UInt64(feature % 64)
      count += 1
    }
    return count - before
  }

  /// The feature of an operation.
  static func feature(
    _ kind: PoolOperationKind, _ now: Mechanisms, after before: Mechanisms, live: Int,
    version: Int
  ) -> UInt16 {
    let magnitude = UInt64(Int.bitWidth - live.leadingZeroBitCount)
    var word = UInt64(now.rawValue) | UInt64(before.rawValue) << 32
    word = SplitMix64.mix(word ^ UInt64(kind.rawValue) << 28)
    word = SplitMix64.mix(word ^ magnitude << 8 ^ UInt64(version))
    return UInt16(truncatingIfNeeded: word >> 20)
  }
}
