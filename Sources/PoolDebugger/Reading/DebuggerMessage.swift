/// A sentence with which the debugger says that it could not read or believe something.
public struct DebuggerMessage: Sendable, Hashable {
  /// Which sentence it is.
  public enum Kind: Sendable, Hashable {
    /// The block header is implausible; the page may belong to a large allocation.
    case implausibleSmallBlock
    /// The address is not in the table of large allocations.
    case notLargeAllocation
    /// The dump holds no session data.
    case sessionTableUnreadable
    /// Nothing matched: the address is no pool.
    case notPool
    /// The memory is not in the dump.
    case unreadableMemory
    /// An old debugger met a pool that the segment heap serves.
    case heapKeyUnreadable
    /// Symbols or kernel variables are missing.
    case debuggerNotReady
    /// Old wording: the previous size at an address contradicts the block before.
    case badPreviousSize
    /// Old wording: the size at an address is zero or too large.
    case badSize
    /// Old wording: freed or corrupt pool.
    case freedOrCorrupt
  }

  /// Which sentence it is.
  public var kind: Kind
  /// The address it names, if any.
  public var address: UInt64?
  /// The line it stands on, from 1.
  public var line: Int
}
