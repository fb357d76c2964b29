import KernelPool

/// A page of small blocks as this suite reads it: x86 headers, decoded here and nowhere else.
struct IncidentPage {
  struct Block {
    let address: Address
    let byteCount: UInt64
    let previousByteCount: UInt64
    /// Zero where the block is free.
    let type: UInt32
    let tag: PoolTag

    var isFree: Bool { type == 0 }
    var end: Address { address + byteCount }

    var tagText: String {
      let bytes = tag.unprotected.bytes
      return [bytes.0, bytes.1, bytes.2, bytes.3]
        .map { (0x20...0x7E).contains($0) ? String(UnicodeScalar($0)) : "." }
        .joined()
    }
  }

  let address: Address
  let blocks: [Block]

  /// Nil where headers do not tile the page or contradict their neighbours.
  init?(_ view: PoolView, at address: Address) {
    var blocks: [Block] = []
    var offset: UInt64 = 0
    var previous: UInt64 = 0
    while offset < 4096 {
      guard let word = view.word32(address + offset), let tag = view.word32(address + offset + 4)
      else { return nil }
      let byteCount = UInt64(word >> 16 & 0x1FF) * 8
      let previousByteCount = UInt64(word & 0x1FF) * 8
      guard byteCount != 0, previousByteCount == previous else { return nil }
      blocks.append(
        Block(
          address: address + offset, byteCount: byteCount, previousByteCount: previousByteCount,
          type: word >> 25, tag: PoolTag(word: tag)))
      previous = byteCount
      offset += byteCount
    }
    guard offset == 4096 else { return nil }
    self.address = address
    self.blocks = blocks
  }

  /// The pages of small blocks of one pool by address; nil where one of them is broken.
  static func all(_ view: PoolView, isPaged: Bool) -> [IncidentPage]? {
    var pages: [IncidentPage] = []
    for address in addresses(view, isPaged: isPaged) {
      guard let page = IncidentPage(view, at: address) else { return nil }
      pages.append(page)
    }
    return pages
  }

  /// The addresses of a pool's pages of small blocks.
  static func addresses(_ view: PoolView, isPaged: Bool) -> [Address] {
    let profile = view.profile
    let bases =
      isPaged
      ? [profile.pagedBase] : [profile.nonPagedBase] + (profile.expansionBase.map { [$0] } ?? [])
    return bases.flatMap { base -> [Address] in
      guard let region = view.region(of: base), region.kind != nil else { return [] }
      return stride(from: base, to: base + region.byteCount, by: 4096).filter { address in
        region.marks(at: address)?.contains(.smallBlocks) ?? false
      }
    }
  }

  /// The lines that a debugger prints for the page, without regard to columns.
  func listing(marking address: Address) -> [String] {
    ["Pool page \(hex(address)) region is Nonpaged pool"]
      + blocks.map { block in
        let mark = (block.address..<block.end).contains(address) ? "*" : ""
        return mark + Self.line(block, mark: mark)
      }
  }

  /// The line of one block.
  static func line(_ block: Block, mark: String = "") -> String {
    "\(hex(block.address)) size: \(hex(block.byteCount)) "
      + "previous size: \(hex(block.previousByteCount)) "
      + "(\(block.isFree ? "Free" : "Allocated")) \(mark)\(block.tagText)"
  }
}

private func hex(_ number: UInt64) -> String { String(number, radix: 16) }
