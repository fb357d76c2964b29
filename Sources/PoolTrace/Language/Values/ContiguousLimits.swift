/// Where the pages of a contiguous allocation may lie: the last three arguments of
/// `MmAllocateContiguousMemorySpecifyCache` (Microsoft).
public struct ContiguousLimits: Hashable, Sendable {
  /// The lowest acceptable address.
  public var lowest: UInt64
  /// The highest acceptable address.
  public var highest: UInt64
  /// A power of two that the memory must not cross, in bytes; 0 for none.
  public var boundary: UInt64

  /// Limits from their three numbers.
  public init(lowest: UInt64, highest: UInt64, boundary: UInt64) {
    self.lowest = lowest
    self.highest = highest
    self.boundary = boundary
  }

  /// No limits.
  public static let none = ContiguousLimits(lowest: 0, highest: .max, boundary: 0)
}
