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
