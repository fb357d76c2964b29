/// Counts of what is live, with their peaks.
public struct LiveCounts: Sendable, Equatable {
  /// Live allocations.
  public private(set) var blocks: UInt64 = 0
  /// Bytes that they take.
  public private(set) var blockBytes: UInt64 = 0
  /// Bytes that their callers asked for.
  public private(set) var requestedBytes: UInt64 = 0
  /// The most that `blockBytes` ever was.
  public private(set) var peakBlockBytes: UInt64 = 0
  /// The most that `requestedBytes` ever was.
  public private(set) var peakRequestedBytes: UInt64 = 0
  /// The most bytes that one allocation ever took.
  public private(set) var largestBlockBytes: UInt64 = 0

  /// Nothing live.
  public init() {}

  mutating func add(_ block: LiveBlock) {
    blocks &+= 1
    blockBytes &+= block.blockBytes
    requestedBytes &+= block.requestedBytes
    peakBlockBytes = max(peakBlockBytes, blockBytes)
    peakRequestedBytes = max(peakRequestedBytes, requestedBytes)
    largestBlockBytes = max(largestBlockBytes, block.blockBytes)
  }

  mutating func remove(_ block: LiveBlock) {
    blocks &-= 1
    blockBytes &-= block.blockBytes
    requestedBytes &-= block.requestedBytes
  }
}
