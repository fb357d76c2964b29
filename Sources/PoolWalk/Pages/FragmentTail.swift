import KernelPool

/// Where the small blocks behind a large allocation begin in its last page (Mandt 2011,
/// Windows 7: a one-unit `Frag` block, then ordinary blocks).
enum FragmentTail {
  /// Offset of the `Frag` header in the last page of `allocation`, or nil where there is none.
  ///
  /// The big-page table tells the bytes in use; a header that is not what it should be there does
  /// not count, so that an overrun large allocation is not taken for blocks.
  static func offset(_ view: PoolView, of allocation: LargeAllocation) -> UInt64? {
    let profile = view.profile
    guard profile.largeTail == .fragment, allocation.pages != 0 else { return nil }
    let used = allocation.byteCount % profile.pageBytes
    guard used != 0 else { return nil }
    let offset = (used + profile.unitBytes - 1) / profile.unitBytes * profile.unitBytes
    guard offset + profile.unitBytes < profile.pageBytes else { return nil }
    let lastPage = allocation.address &+ (allocation.pages - 1) &* profile.pageBytes
    guard let header = BlockHeader(view, at: lastPage &+ offset) else { return nil }
    let isFragment =
      header.tag == .fragment && header.units == 1 && header.previousUnits == 0
      && header.storedType != 0
    return isFragment ? offset : nil
  }
}
