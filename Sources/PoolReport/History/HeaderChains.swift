import KernelPool

/// Fingerprints of pages: a number that changes when a header does.
///
/// What the walk over a page reads of a header goes into the number, so equal numbers mean equal
/// blocks but for one chance in 2^64.
struct HeaderChains {
  private let view: PoolView
  private let blockSize: HeaderLayout.BitField
  private let unitBytes: UInt64
  private let pageBytes: UInt64

  init(_ view: PoolView) {
    self.view = view
    // Kept, because making one copies the whole profile.
    let profile = view.profile
    blockSize = profile.header.blockSize
    unitBytes = profile.unitBytes
    pageBytes = profile.pageBytes
  }

  /// The number of the page at `page`, never zero.
  func hash(ofPage page: Address) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    var offset: UInt64 = 0
    while offset < pageBytes {
      // The bit fields and, behind them, the tag.
      guard let header = view.word64(page &+ offset) else { break }
      hash = (hash ^ header) &* 0xD6E8_FEB8_6659_FD93
      hash ^= hash >> 32
      let units = UInt64(blockSize.get(UInt32(truncatingIfNeeded: header)))
      if units == 0 { break }
      offset += units &* unitBytes
    }
    return hash | 1
  }
}
