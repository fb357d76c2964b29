import KernelPool

/// Where the entry of a large allocation must be, and when the big-page table is halved, read off
/// the pool before the operation (ReactOS ExpAddTagForBigPages, ExpReallocateBigPageTable).
///
/// Searches look through the whole table, so an entry in a wrong place is still found, and a table
/// of a wrong size still works.
struct BigTableExpectation {
  private let table: Address
  private let entries: UInt64
  /// The entries after a large free; nil where an allocation is judged or nothing is claimed.
  private var entriesAfterFree: UInt64?

  /// The table before an allocation.
  init(_ view: PoolView) {
    table = view.variables.bigTable
    entries = view.variables.bigTableEntries
  }

  /// The table before the free of a live large allocation.
  init(beforeFree view: PoolView) {
    self.init(view)
    let variables = view.variables
    let isDynamic = view.profile.bigTableResizing == .dynamic
    guard isDynamic, variables.bigTableInUse > 0, variables.bigTableInUse - 1 < entries / 8 else {
      entriesAfterFree = entries
      return
    }
    let rounding = view.profile.bigEntriesPerPage &- 1
    let halved = (entries / 2 &+ rounding) & ~rounding
    let pages =
      (halved &* view.profile.bigEntryBytes &+ view.profile.pageBytes &- 1) / view.profile.pageBytes
    if halved == entries || halved < 2 {
      entriesAfterFree = entries
    } else if PlacementOracle(view).page(.nonPaged, pages) != nil {
      entriesAfterFree = halved
    }
  }

  /// Whether the operation has moved the table, and with it pages that nobody predicted.
  func isMoved(_ view: PoolView) -> Bool { view.variables.bigTable != table }

  /// What is wrong after an allocation of whole pages.
  func failure(afterAllocationAt address: Address, _ view: PoolView) -> PoolFailure? {
    guard !isMoved(view), entries > 0 else { return nil }
    let page = UInt32(truncatingIfNeeded: address / view.profile.pageBytes)
    let folded = (page &>> 24) ^ (page &>> 16) ^ (page &>> 8) ^ page
    var index = UInt64(folded) & (entries &- 1)
    for _ in 0..<entries {
      guard let found = view.pointer(table &+ index &* view.profile.bigEntryBytes) else {
        return nil
      }
      if found == address { return nil }
      if found & 1 != 0 {
        return .oracle(
          .placementEntry, "the entry of 0x\(String(address, radix: 16)) is not where it hashes to")
      }
      index = index &+ 1 == entries ? 0 : index &+ 1
    }
    return nil
  }

  /// What is wrong after a free of whole pages.
  func failureAfterFree(_ view: PoolView) -> PoolFailure? {
    guard let expected = entriesAfterFree, view.variables.bigTableEntries != expected else {
      return nil
    }
    return .oracle(
      .placementTable,
      "the big-page table has \(view.variables.bigTableEntries) entries, expected \(expected)")
  }
}
