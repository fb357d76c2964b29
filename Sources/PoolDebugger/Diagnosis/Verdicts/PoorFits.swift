/// Blocks just over half a page, of which only one fits into a classic page.
struct PoorFits {
  /// How far above half a page a block is still worth shrinking, in bytes.
  static let marginBytes: UInt64 = 0x40

  static func entries(_ listings: [CheckedListing]) -> [DiagnosisEntry] {
    var seen: Set<ListedTag> = []
    var entries: [DiagnosisEntry] = []
    let half = PageCheck.pageBytes / 2
    for checked in listings where checked.layout == .classic && checked.verdict != .corrupt {
      guard case .pool(let page) = checked.listing.content, checked.verdict != .unknown else {
        continue
      }
      for block in page.blocks where block.isAllocated {
        guard let tag = block.tag, block.sizeBytes > half, block.sizeBytes <= half + marginBytes,
          seen.insert(tag).inserted
        else { continue }
        let over = block.sizeBytes - half
        entries.append(
          DiagnosisEntry(
            verdict: .poorFit, tags: [tag], bytes: half - over,
            text: "A block of tag \(tag) of 0x\(Hexadecimal.text(block.sizeBytes)) bytes is "
              + "0x\(Hexadecimal.text(over)) over half a page: only one fits into a page, and "
              + "\(half - over) bytes of its rest are wasted on its like.",
            evidence: [
              "\(checked.listing.source):\(block.line): "
                + "\(Hexadecimal.address(block.address, block.width)) size "
                + Hexadecimal.text(block.sizeBytes)
            ],
            guidance: .halfPages))
      }
    }
    return entries
  }
}
