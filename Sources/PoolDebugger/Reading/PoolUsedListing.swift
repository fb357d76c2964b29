/// A `!poolused` table.
public struct PoolUsedListing: Sendable, Hashable {
  /// One side (nonpaged or paged) of a row.
  public struct Usage: Sendable, Hashable {
    /// Outstanding allocations (in the plain form), or all of them since boot (`Allocs` of the
    /// verbose form).
    public var allocations: UInt64
    /// Frees since boot; only in the verbose form.
    public var frees: UInt64?
    /// Outstanding allocations as the verbose form prints them.
    public var difference: Int64?
    /// Bytes in outstanding blocks, headers included.
    public var usedBytes: UInt64

    /// Allocations not yet freed, in either form.
    public var outstanding: UInt64 {
      guard let difference else { return allocations }
      return difference > 0 ? UInt64(difference) : 0
    }
  }

  /// One tag.
  public struct Row: Sendable, Hashable {
    /// The tag.
    public var tag: ListedTag
    /// The nonpaged side.
    public var nonpaged: Usage
    /// The paged side.
    public var paged: Usage
    /// What the debugger's tag file says of it.
    public var text: String
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// The order, as the listing names it (`Tag`, `NonPaged Pool Consumed`, ...).
  public var sortedBy: String?
  /// The pattern of tags that the command was given, when the command is part of the text.
  public var tagPattern: String?
  /// Seconds from an arbitrary beginning, where a date and a time stand before the table.
  public var time: Double?
  /// The tags in the order of the listing.
  public var rows: [Row] = []
  /// The line TOTAL, nonpaged and paged.
  public var total: Row?
}
