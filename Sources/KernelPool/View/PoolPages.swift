extension PoolView {
  /// One bit of a map in simulated memory; false where nothing is mapped.
  public func bit(_ index: UInt64, ofMapAt map: Address) -> Bool {
    guard let byte = byte(map &+ index >> 3) else { return false }
    return byte >> UInt8(index & 7) & 1 != 0
  }

  /// True for addresses of nonpaged pool.
  public func isNonPaged(_ address: Address) -> Bool { region(of: address)?.kind == .nonPaged }

  /// Pages of a pool that are carved into small blocks, by address.
  public func smallBlockPages(_ kind: PoolKind) -> [Address] {
    var pages: [Address] = []
    for index in 0..<regionCount where regions[index].kind == kind {
      let region = regions[index]
      let marks = region.marksPointer
      for page in 0..<(region.byteCount >> region.pageShift)
      where marks[Int(page)] & PageMarks.smallBlocks.rawValue != 0 {
        pages.append(region.base + page << region.pageShift)
      }
    }
    return pages.sorted()
  }
}
