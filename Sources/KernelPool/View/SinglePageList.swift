/// A last-in first-out list of freed page runs of one length, kept for the next request.
///
/// The link lies in each run's first pointer (ReactOS `MiNonPagedPoolSListHead`).
public struct SinglePageList: Sendable, Equatable {
  /// Address of the first run, 0 when empty.
  public var top: Address = 0
  /// Runs on the list as its own counter says, modulo 2^16.
  public var count: UInt16 = 0
  /// Runs it may hold.
  public var maximumCount: UInt16 = 0
}
