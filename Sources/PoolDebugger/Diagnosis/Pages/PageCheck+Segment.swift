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
