/// What a recording leaves open.
public struct ImportOptions: Sendable, Hashable {
  /// What the recorded number of bytes means.
  public enum SizeMeaning: Sendable, Hashable {
    /// The bytes that were asked for.
    case requested
    /// The bytes of the block with its header, which is taken off again.
    case blockWithHeader(headerBytes: UInt64)
  }

  /// How slots (the names in the trace) are given out.
  public enum SlotNames: Sendable, Hashable {
    /// A freed slot's name is used again: the trace's memory follows the live blocks.
    case recycled
    /// Every allocation has a name of its own, so that deleting a line never joins two lifetimes.
    case unique
  }

  /// The pool for allocations of which the recording does not say it.
  public var pool = "NonPaged"
  /// The tag for allocations that have neither a tag nor a call site.
  public var tag = ListedTag("Rec ")
  /// What the recorded sizes mean.
  public var sizeMeaning = SizeMeaning.requested
  /// How slots are named.
  public var slotNames = SlotNames.recycled

  /// The defaults: nonpaged pool, requested sizes, recycled slots.
  public init() {}
}
