/// `!pool`'s line for a large (page-granular) allocation.
public struct LargeAllocationLine: Sendable, Hashable {
  /// The address of the allocation.
  public var address: UInt64
  /// Its tag.
  public var tag: ListedTag
  /// Its size in bytes, as the table of large allocations has it.
  public var sizeBytes: UInt64
}
