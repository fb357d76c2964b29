/// Tells which allocator a page belongs to from its blocks alone.
///
/// The previous size decides: the classic allocator stores it, the segment heap leaves it zero. One
/// overwritten header must not turn a page into the other kind, so the majority of neighbours
/// decides and the exception is then a finding. Within the segment heap, a hole of one header in
/// front of an allocated block is a chunk header of the VS allocator; the LFH has none.
struct PageClassifier {
  /// The largest block of the low fragmentation heap, in bytes (Windows 10 20H2).
  static let largestLowFragmentationBytes: UInt64 = 0x210

  let blocks: [ListedBlock]

  init(sorted blocks: [ListedBlock]) { self.blocks = blocks }

  /// Nil when the blocks do not suffice to tell.
  func layout() -> PageLayout? {
    guard let first = blocks.first else { return nil }
    let zeroes = blocks.count { $0.pageOffset != 0 && $0.previousSizeBytes == 0 }
    let isChained = blocks.contains { $0.previousSizeBytes != 0 }
    guard zeroes > 0 else { return isChained ? .classic : nil }
    let chained = chainedPairs()
    if first.pageOffset != 0, first.previousSizeBytes == 0 {
      if Self.isFragment(first), zeroes == 1 || chained >= zeroes { return .largeTail }
      if zeroes == 1, chained > 0 { return .largeTail }
    }
    if chained > 0, chained >= zeroes { return .classic }
    return segmentLayout()
  }

  /// The filler behind a large allocation: one unit, tagged `Frag` (Mandt 2011).
  static func isFragment(_ block: ListedBlock) -> Bool {
    block.tag == ListedTag("Frag") && block.sizeBytes == block.width.unitBytes
  }

  /// Neighbours of which the second names the first one's size.
  private func chainedPairs() -> Int {
    zip(blocks, blocks.dropFirst()).count { before, block in
      before.endAddress == block.address && block.previousSizeBytes != 0
        && block.previousSizeBytes == before.sizeBytes
    }
  }

  private func segmentLayout() -> PageLayout? {
    var variable = 0
    var uniform = 0
    for (before, block) in zip(blocks, blocks.dropFirst()) {
      if block.isAllocated, block.address == before.endAddress &+ block.width.unitBytes {
        variable += 1
      } else if block.address == before.endAddress, block.sizeBytes == before.sizeBytes {
        uniform += 1
      }
    }
    if variable > uniform { return .variableSize }
    if blocks.contains(where: {
      $0.isAllocated && $0.sizeBytes > Self.largestLowFragmentationBytes
    }) {
      return .variableSize
    }
    return uniform > variable ? .lowFragmentation : nil
  }
}
