/// What every allocator's blocks have in common: sizes and addresses in whole units, inside the
/// page.
extension PageCheck {
  mutating func checkEveryBlock(_ layout: PageLayout?) {
    for (index, block) in blocks.enumerated() {
      let before = index > 0 ? blocks[index - 1] : nil
      if let (rule, text) = fault(block, layout) {
        // Where the block in front is known to be right, so is this header's place.
        let isPlaceCertain = before.map { block.previousSizeBytes == $0.sizeBytes } ?? true
        let places = isPlaceCertain ? [block] : [before ?? block, block]
        add(rule, at: block, after: before, places: places, text)
      }
    }
    for (before, block) in zip(blocks, blocks.dropFirst()) where before.endAddress > block.address {
      // When the next header knows the true distance, it is this block's size that is wrong.
      let fits = block.previousSizeBytes == block.address - before.address
      let broken = fits ? before : block
      let index = blocks.firstIndex { $0.address == broken.address } ?? 0
      add(
        .overlap, at: broken, after: index > 0 ? blocks[index - 1] : nil,
        places: fits ? [before] : [before, block],
        "\(text(before.address)) with 0x\(Hexadecimal.text(before.sizeBytes)) bytes reaches into "
          + "the block at \(text(block.address))")
    }
  }

  private func fault(_ block: ListedBlock, _ layout: PageLayout?) -> (Finding.Rule, String)? {
    let unit = block.width.unitBytes
    let here = text(block.address)
    if block.sizeBytes == 0 { return (.sizeZero, "\(here) has a size of zero") }
    if !block.sizeBytes.isMultiple(of: unit) || !block.previousSizeBytes.isMultiple(of: unit) {
      return (.sizeAlignment, "\(here) has a size that is no multiple of \(unit) bytes")
    }
    if !block.address.isMultiple(of: unit) {
      return (.addressAlignment, "\(here) is no multiple of \(unit)")
    }
    let end = block.pageOffset &+ block.sizeBytes
    guard end > Self.pageBytes || end < block.sizeBytes else { return nil }
    let text = "\(here) with 0x\(Hexadecimal.text(block.sizeBytes)) bytes runs past its page"
    switch layout {
    case .classic, .largeTail: return (.pastPageEnd, text)
    // Blocks of the low fragmentation heap may cross pages, and so may chunks beyond a page.
    case .lowFragmentation: return nil
    default: return block.sizeBytes <= 0xFE0 ? (.pastPageEnd, text) : nil
    }
  }

  /// Records corruption at a block once, with its suspect and its header decoded.
  mutating func add(
    _ rule: Finding.Rule, at block: ListedBlock, after before: ListedBlock?,
    places: [ListedBlock], _ text: String
  ) {
    guard !findings.contains(where: { $0.address == block.address && $0.isCorruption }) else {
      return
    }
    let damaged = places.map { DamagedPlace(.header, $0.address) }
    var evidence = [line(block), decoded(block)]
    var sentence = text
    if let before {
      evidence.insert(line(before), at: 0)
      sentence += "; " + Self.suspicion(of: before)
    } else {
      sentence += "; whatever lies below this page may have overrun into it"
    }
    findings.append(
      Finding(
        rule: rule, address: block.address, text: sentence,
        evidence: evidence
          + DamagedPlace.sentence(damaged, block.width), places: damaged))
  }
}
