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

/// The classic page: a chain of sizes and previous sizes that starts with previous size 0 at the
/// page and fills it (Mandt 2011; ReactOS ExpCheckPoolBlocks).
extension PageCheck {
  mutating func checkChain(startsAtPage: Bool) {
    guard let first = blocks.first else { return }
    if startsAtPage { checkStart(first) }
    for (before, block) in zip(blocks, blocks.dropFirst()) {
      checkLink(before, block)
    }
    checkEnd()
  }

  private mutating func checkStart(_ first: ListedBlock) {
    let previous = first.previousSizeBytes
    if first.pageOffset == 0 {
      guard previous != 0 else { return }
      add(
        .previousSize, at: first, after: nil, places: [first],
        "the first block of a page must have previous size 0, but \(text(first.address)) has 0x"
          + Hexadecimal.text(previous))
      return
    }
    isWhole = false
    if previous > first.pageOffset {
      add(
        .previousSize, at: first, after: nil, places: [first],
        "the previous size of \(text(first.address)) reaches before the start of the page")
    }
  }

  private mutating func checkLink(_ before: ListedBlock, _ block: ListedBlock) {
    // An overlap is reported as such.
    guard block.address >= before.endAddress else { return }
    let gap = block.address - before.endAddress
    let previous = block.previousSizeBytes
    if gap == 0 {
      let follows = PageClassifier.isFragment(before) && before.previousSizeBytes == 0
      guard previous != before.sizeBytes, !(follows && previous == 0) else { return }
      add(
        .previousSize, at: block, after: before, places: damaged(before, block),
        "the chain breaks at \(text(block.address)): it says that 0x"
          + "\(Hexadecimal.text(previous)) bytes lie before it, but the block before has 0x"
          + Hexadecimal.text(before.sizeBytes))
      return
    }
    isWhole = false
    // A lost line leaves a gap into which the block named by the previous size fits; with several
    // lines cut out, an author may also have kept a chain that looks right.
    guard previous == 0 || previous > gap, previous != before.sizeBytes else { return }
    add(
      .previousSize, at: block, after: before, places: [before, block],
      "the chain breaks at \(text(block.address)): a block of 0x\(Hexadecimal.text(previous)) "
        + "bytes does not fit between it and \(text(before.address))")
  }

  /// Which of two neighbours that do not agree is damaged.
  ///
  /// The walk came to the second header by the first one's size, so a sound chain behind it shows
  /// that a header lies there and the first size leads to one. That size may still leave out blocks
  /// between: then the second header names a smaller block in front of itself.
  private func damaged(_ before: ListedBlock, _ block: ListedBlock) -> [ListedBlock] {
    let mayLeaveOut =
      block.previousSizeBytes > 0 && block.previousSizeBytes < before.sizeBytes
    let next = blocks.first { $0.address == block.endAddress }
    let isFollowed =
      next.map { $0.previousSizeBytes == block.sizeBytes }
      ?? (block.pageOffset &+ block.sizeBytes == Self.pageBytes)
    return isFollowed && !mayLeaveOut ? [block] : [before, block]
  }

  private mutating func checkEnd() {
    guard let last = blocks.last else { return }
    if last.pageOffset &+ last.sizeBytes != Self.pageBytes { isWhole = false }
  }

  // MARK: - The last page of a large allocation

  /// From Windows 7 on the bytes behind a large allocation become a filler of one unit, tagged
  /// `Frag` and with previous size 0, and a free block. An overrun of the large allocation hits the
  /// filler first and is found when the allocation is freed (bug check 0x19).
  mutating func checkLargeTail() {
    checkChain(startsAtPage: false)
    guard let first = blocks.first, !PageClassifier.isFragment(first) else { return }
    findings.append(
      Finding(
        rule: .fragmentHeader, address: first.address,
        text: "\(text(first.address)) begins in the middle of a page with previous size 0 as the "
          + "filler behind a large allocation does, but is none: lines are missing, or the large "
          + "allocation before it overran",
        evidence: [line(first), decoded(first)]))
  }
}

/// Pages of the segment heap, which serves the pool from Windows 10 1809 on.
extension PageCheck {
  /// Variable size: previous size always 0; a chunk header of one unit before each allocated block,
  /// none before a free one (the printed address of a free block is the chunk header itself); the
  /// sizes add up to less than a page.
  mutating func checkVariableSize() {
    checkZeroPreviousSizes()
    guard let first = blocks.first, let last = blocks.last else { return }
    let unit = first.width.unitBytes
    if first.pageOffset > unit { isWhole = false }
    for (before, block) in zip(blocks, blocks.dropFirst()) where block.address >= before.endAddress
    {
      let hole = block.address - before.endAddress
      if hole != (block.isAllocated ? unit : 0) { isWhole = false }
    }
    let end = last.pageOffset &+ last.sizeBytes
    if end != Self.pageBytes, end != Self.pageBytes - 2 * unit { isWhole = false }
    let sum = blocks.reduce(0) { $0 &+ $1.sizeBytes }
    if isWhole, sum >= Self.pageBytes {
      findings.append(
        Finding(
          rule: .arithmetic, address: page.pageAddress,
          text: "the sizes fill the page, which they do only in a classic page, but the previous "
            + "sizes are zero"))
    }
    noteEncodedTags()
  }

  /// Low fragmentation: blocks of one size on one grid, previous size always 0. A page may begin
  /// with a smaller free area and end with less than a block.
  mutating func checkLowFragmentation() {
    checkZeroPreviousSizes()
    guard let stride = commonSize(), let anchor = blocks.first(where: { $0.sizeBytes == stride })
    else { return }
    for (index, block) in blocks.enumerated() {
      let before = index > 0 ? blocks[index - 1] : nil
      if block.sizeBytes != stride {
        // The area before the first block is listed as a free block of its own.
        if index == 0, block.pageOffset == 0, !block.isAllocated { continue }
        add(
          .stride, at: block, after: before, places: [block],
          "\(text(block.address)) has 0x\(Hexadecimal.text(block.sizeBytes)) bytes among blocks of "
            + "0x\(Hexadecimal.text(stride))")
      } else {
        let distance = max(block.address, anchor.address) - min(block.address, anchor.address)
        guard stride > 0, !distance.isMultiple(of: stride) else { continue }
        add(
          .stride, at: block, after: before, places: [block],
          "\(text(block.address)) is off the grid of 0x\(Hexadecimal.text(stride)) bytes")
      }
    }
    checkWholeGrid(stride)
  }

  /// Too few blocks to tell the allocators apart; only what holds for all of them is checked.
  mutating func checkUnclear() {
    isWhole = false
    guard blocks.count > 1, let first = blocks.first, let last = blocks.last,
      first.pageOffset == 0, last.endAddress & 0xFFF == 0
    else { return }
    findings.append(
      Finding(
        rule: .arithmetic, address: page.pageAddress,
        text: "the sizes fill the page, but no previous size names the block before"))
  }

  private mutating func checkZeroPreviousSizes() {
    for (index, block) in blocks.enumerated() where block.previousSizeBytes != 0 {
      add(
        .previousSize, at: block, after: index > 0 ? blocks[index - 1] : nil, places: [block],
        "\(text(block.address)) has previous size 0x\(Hexadecimal.text(block.previousSizeBytes)), "
          + "which the segment heap leaves zero")
    }
  }

  private mutating func checkWholeGrid(_ stride: UInt64) {
    guard let first = blocks.first, let last = blocks.last else { return }
    if first.pageOffset >= stride { isWhole = false }
    for (before, block) in zip(blocks, blocks.dropFirst()) where block.address != before.endAddress
    {
      isWhole = false
    }
    let end = last.pageOffset &+ last.sizeBytes
    if end < Self.pageBytes, Self.pageBytes - end >= stride { isWhole = false }
  }

  private func commonSize() -> UInt64? {
    var counts: [UInt64: Int] = [:]
    for block in blocks { counts[block.sizeBytes, default: 0] += 1 }
    return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
  }

  /// The four bytes shown as the tag of a free VS block belong to its encoded chunk header.
  private mutating func noteEncodedTags() {
    let odd = blocks.first { block in
      !block.isAllocated && block.tag.map { $0.bytes.contains { !Self.isTagByte($0) } } ?? false
    }
    guard let odd else { return }
    findings.append(
      Finding(
        rule: .normalOddity, address: odd.address,
        text: "the tag of a free block on such a page is part of its encoded chunk header; odd "
          + "characters are normal there",
        evidence: [line(odd)]))
  }

  private static func isTagByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20, 0x5F, 0x2B, 0x2D: true
    default: false
    }
  }
}
