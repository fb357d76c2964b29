/// One piece of debugger output, recognised.
public struct Listing: Sendable, Hashable {
  /// What the piece says.
  public enum Content: Sendable, Hashable {
    /// `!pool`, one page.
    case pool(PoolListing)
    /// poolinfo's `!poolpage`.
    case poolInfoPage(PoolListing)
    /// `!poolused`.
    case poolUsed(PoolUsedListing)
    /// `!vm`.
    case virtualMemory(VirtualMemoryListing)
    /// `!poolfind`.
    case poolFind(PoolFindListing)
    /// `!poolval`.
    case poolValidation(PoolValidationListing)
    /// `!lookaside`.
    case lookaside(LookasideListing)
    /// PoolMon.
    case poolMonitor(PoolMonitorListing)
    /// A table of tags of another make.
    case tagTable(TagTableListing)
    /// Bytes of memory.
    case memory(MemoryListing)
    /// A block header taken apart by its fields.
    case header(HeaderListing)
    /// Allocations one by one.
    case allocations(AllocationListing)
    /// A bug check.
    case bugCheck(BugCheckListing)
    /// An event that says that a pool was empty.
    case poolEmpty(PoolEmptyEvent)
    /// Nothing but sentences of the debugger that belong to no page.
    case messages([DebuggerMessage])
  }

  /// The name of the file or stream.
  public var source: String
  /// The line of the source that it begins on, from 1.
  public var line: Int
  /// What it says.
  public var content: Content

  /// The name of the kind in JSON and in reports.
  public var kindName: String {
    switch content {
    case .pool, .messages: "pool"
    case .poolInfoPage: "poolpage"
    case .poolUsed: "poolused"
    case .virtualMemory: "vm"
    case .poolFind: "poolfind"
    case .poolValidation: "poolval"
    case .lookaside: "lookaside"
    case .poolMonitor: "poolmon"
    case .tagTable: "tags"
    case .memory: "memory"
    case .header: "header"
    case .allocations(let list): list.tool.rawValue
    case .bugCheck: "bugcheck"
    case .poolEmpty: "event"
    }
  }
}
