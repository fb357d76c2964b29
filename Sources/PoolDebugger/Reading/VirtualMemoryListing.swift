/// The output of `!vm`, of any era.
public struct VirtualMemoryListing: Sendable, Hashable {
  /// A line `label: pages ( kilobytes Kb)`.
  public struct Value: Sendable, Hashable {
    /// The label, blanks collapsed: `NonPagedPool Usage`, `PagedPool 0 Usage`, `PagedPool 0`.
    public var label: String
    /// Pages of 4,096 bytes.
    public var pages: UInt64
    /// Kilobytes as printed.
    public var kilobytes: UInt64
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// A page file or the swap store without a name, sizes in kilobytes.
  public struct PageFile: Sendable, Hashable {
    /// The path, or nil for `No Name for Paging File`.
    public var path: String?
    /// Kilobytes: current size, free, minimum, maximum; nil where the listing lacks them.
    public var current: UInt64?
    /// Free kilobytes.
    public var free: UInt64?
    /// The smallest size in kilobytes.
    public var minimum: UInt64?
    /// The largest size in kilobytes.
    public var maximum: UInt64?
  }

  /// A row of the table of system regions (flag 0x20).
  public struct Region: Sendable, Hashable {
    /// The region's name.
    public var name: String
    /// Its first address.
    public var baseAddress: UInt64
    /// Its length in bytes.
    public var lengthBytes: UInt64
  }

  /// The value lines in the order of the listing.
  public var values: [Value] = []
  /// The page files.
  public var pageFiles: [PageFile] = []
  /// The system regions.
  public var regions: [Region] = []
  /// Lines between rows of asterisks, asterisks dropped.
  public var warnings: [String] = []

  /// The value with this label, if it is there.
  public func value(_ label: String) -> Value? { values.first { $0.label == label } }
}
