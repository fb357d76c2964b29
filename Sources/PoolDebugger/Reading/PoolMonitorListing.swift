/// A screen or a snapshot file of PoolMon.
public struct PoolMonitorListing: Sendable, Hashable {
  /// One row: a tag in one kind of pool, counted since boot.
  public struct Row: Sendable, Hashable {
    /// The tag.
    public var tag: ListedTag
    /// Paged (`Paged`) or not (`Nonp`).
    public var isPaged: Bool
    /// Allocations since boot.
    public var allocations: UInt64
    /// Frees since boot.
    public var frees: UInt64
    /// Outstanding allocations as printed.
    public var difference: Int64
    /// Outstanding bytes as printed.
    public var usedBytes: Int64
    /// Changes since the last refresh: allocations, frees, bytes; absent in snapshot files.
    public var change: Change?
    /// Mean bytes of an outstanding allocation, as printed.
    public var bytesPerAllocation: UInt64
    /// The driver or description column.
    public var text: String
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// Changes since the last refresh.
  public struct Change: Sendable, Hashable {
    /// Allocations made.
    public var allocations: Int64
    /// Frees made.
    public var frees: Int64
    /// Bytes gained or lost.
    public var bytes: Int64
  }

  /// The title (`System pool information`, `Session 0 pool information`, ...).
  public var title: String?
  /// `Pool N:` of the header, in kilobytes.
  public var nonpagedKilobytes: UInt64?
  /// `P:` beside it, in kilobytes.
  public var pagedKilobytes: UInt64?
  /// What may still be committed before the limit, in kilobytes, from the header.
  public var commitLeftKilobytes: UInt64?
  /// Seconds from an arbitrary beginning, where a date and a time stand before the screen.
  public var time: Double?
  /// The rows.
  public var rows: [Row] = []
}
