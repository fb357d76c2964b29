import KernelPool
import PoolOracles
import PropertyTesting

/// What a trace has reached, as a set of small numbers: novelty without instrumentation.
///
/// A feature is one of two things: what an operation was, which branches of the algorithm it set
/// in motion, on which version, and the order of magnitude of what is live; or the branches of two
/// operations in a row. The two are not multiplied: their product is so large that almost every
/// trace of a long night would be new, and its hashes would fill any map. A trace is novel when it
/// shows a feature that no earlier one did.
public struct StateSignature: Sendable, Equatable {
  /// A feature's number.
  public typealias Feature = UInt32

  /// Features are numbered below this: some dozens of times as many as there are, so that hardly
  /// two share a number.
  public static let featureLimit = 1 << 20

  /// One bit a feature.
  private var words: [UInt64]
  /// How many features are set.
  public private(set) var count = 0

  /// No feature.
  public init() { words = Array(repeating: 0, count: Self.featureLimit / 64) }

  /// Those features; nil where one is out of range.
  public init?(_ features: [Feature]) {
    guard features.allSatisfy({ $0 < Self.featureLimit }) else { return nil }
    self.init()
    insert(features)
  }

  /// The features in ascending order.
  public var features: [Feature] {
    words.indices.flatMap { index in
      (0..<64).filter { words[index] >> UInt64($0) & 1 != 0 }
        .map { Feature(index * 64 + $0) }
    }
  }

  /// Whether a feature is set.
  public func contains(_ feature: Feature) -> Bool {
    words[Int(feature) / 64] >> UInt64(feature % 64) & 1 != 0
  }

  /// Sets features; returns how many were new.
  @discardableResult
  public mutating func insert(_ features: [Feature]) -> Int {
    let before = count
    for feature in features { insert(feature) }
    return count - before
  }

  /// Sets a feature; returns whether it was new.
  @discardableResult
  public mutating func insert(_ feature: Feature) -> Bool {
    guard !contains(feature) else { return false }
    words[Int(feature) / 64] |= 1 << UInt64(feature % 64)
    count += 1
    return true
  }

  /// The share of the numbers that are taken, from 0 to 1: far below 1 as long as novelty means
  /// something.
  public var coverage: Double { Double(count) / Double(Self.featureLimit) }

  /// The features of an operation: its branches where they happen, and with those before them.
  public static func features(
    _ kind: PoolOperationKind, _ now: Mechanisms, after before: Mechanisms, live: Int,
    version: Int
  ) -> (Feature, Feature) {
    let magnitude = UInt64(Int.bitWidth - live.leadingZeroBitCount)
    let branches = UInt64(now.rawValue) | UInt64(kind.rawValue) << 32
    let place = SplitMix64.mix(branches ^ magnitude << 40 ^ UInt64(version) << 48)
    let pair = SplitMix64.mix(SplitMix64.mix(branches | 1 << 63) ^ UInt64(before.rawValue))
    return (number(place), number(pair))
  }

  private static func number(_ hash: UInt64) -> Feature {
    Feature(truncatingIfNeeded: hash >> 20) & Feature(featureLimit - 1)
  }
}
