import KernelPool

/// Where the small blocks behind a large allocation begin in its last page (Mandt 2011,
/// Windows 7: a one-unit `Frag` block, then ordinary blocks).
enum FragmentTail {
  /// Offset of the `Frag` header in the last page of `allocation`, or nil.
  ///
  /// A table that counts bytes tells it. Where it counts whole pages the header is looked for; it
  /// must be one unit in use with previous size zero, and the blocks from it on must tile the page.
  static func offset(_ view: PoolView, of allocation: LargeAllocation) -> UInt64? {
    let profile = view.profile
    guard profile.largeTail == .fragment, allocation.pages != 0 else { return nil }
    let lastPage = allocation.address &+ (allocation.pages - 1) &* profile.pageBytes
    let used = allocation.byteCount % profile.pageBytes
    if used != 0 {
      let offset = (used + profile.unitBytes - 1) / profile.unitBytes * profile.unitBytes
      return isFragment(view, lastPage &+ offset, lastPage) ? offset : nil
    }
    for offset in stride(from: 0, to: profile.pageBytes, by: Int(profile.unitBytes))
    where isFragment(view, lastPage &+ offset, lastPage) && tiles(view, lastPage, offset) {
      return offset
    }
    return nil
  }

  private static func isFragment(
    _ view: PoolView, _ address: Address, _ lastPage: Address
  ) -> Bool {
    guard address &- lastPage < view.profile.pageBytes - view.profile.unitBytes,
      let header = BlockHeader(view, at: address)
    else { return false }
    return header.tag == .fragment && header.units == 1 && header.previousUnits == 0
      && header.storedType != 0
  }

  private static func tiles(_ view: PoolView, _ page: Address, _ offset: UInt64) -> Bool {
    var offset = offset
    var previousUnits: UInt64 = 0
    while offset < view.profile.pageBytes {
      guard let header = BlockHeader(view, at: page &+ offset), header.units != 0,
        header.previousUnits == previousUnits
      else { return false }
      previousUnits = header.units
      offset += header.units * view.profile.unitBytes
    }
    return offset == view.profile.pageBytes
  }
}
