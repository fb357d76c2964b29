/// The listed pages that are whole, healthy and nearly empty, and what keeps them.
struct SparsePages {
  /// A page counts as pinned when less than a tenth of it is in use.
  static let mostUsedBytes = PageCheck.pageBytes / 10

  /// A page that its few live blocks keep.
  struct Page {
    var source: String
    var address: UInt64
    var live: [ListedBlock]
    var holes: [ListedBlock]

    var liveBytes: UInt64 { live.reduce(0) { $0 + $1.sizeBytes } }
    var freeBytes: UInt64 { holes.reduce(0) { $0 + $1.sizeBytes } }
  }

  var pages: [Page] = []
  /// The whole pages that were listed, sparse or not.
  var wholePages = 0

  init(_ listings: [CheckedListing]) {
    var indexOfPage: [UInt64: Int] = [:]
    var seen: Set<UInt64> = []
    for checked in listings where checked.verdict == .healthy {
      guard case .pool(let listing) = checked.listing.content, checked.layout == .classic,
        let address = listing.pageAddress
      else { continue }
      let page = Page(
        source: checked.listing.source, address: address,
        live: listing.blocks.filter(\.isAllocated),
        holes: listing.blocks.filter { $0.state == .free })
      if seen.insert(address).inserted { wholePages += 1 }
      guard !page.live.isEmpty, page.liveBytes < Self.mostUsedBytes else { continue }
      // A page listed twice counts once, as it was last.
      if let known = indexOfPage[address] {
        pages[known] = page
      } else {
        indexOfPage[address] = pages.count
        pages.append(page)
      }
    }
  }

  func entries() -> [DiagnosisEntry] {
    var byTag: [ListedTag: [Page]] = [:]
    for page in pages {
      for tag in Set(page.live.compactMap(\.tag)) { byTag[tag, default: []].append(page) }
    }
    return byTag.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      .map { tag, pages in entry(tag, pages) }
  }

  private func entry(_ tag: ListedTag, _ pinned: [Page]) -> DiagnosisEntry {
    let sizes = Set(pinned.flatMap { $0.live.filter { $0.tag == tag }.map(\.sizeBytes) }).sorted()
    let sizeText = sizes.map { "0x\(Hexadecimal.text($0)) (\($0))" }.joined(separator: ", ")
    let free = pinned.reduce(UInt64(0)) { $0 + $1.freeBytes }
    let evidence = pinned.prefix(16).map { page in
      let first = page.live.first { $0.tag == tag } ?? page.live[0]
      return "\(page.source):\(first.line): page "
        + "\(Hexadecimal.address(page.address, first.width)) keeps \(page.live.count) live "
        + "block\(page.live.count == 1 ? "" : "s"), \(page.liveBytes) of 4096 bytes in use"
    }
    return DiagnosisEntry(
      verdict: .pinnedPages, tags: [tag], bytes: free,
      text: "Blocks of tag \(tag) of \(sizeText) bytes keep \(pinned.count) of the \(wholePages) "
        + "listed pages although nearly all of each is free: \(DecimalText.grouped(free)) bytes "
        + "cannot be returned.",
      evidence: evidence, guidance: .pinning)
  }
}

/// Which requests the holes of the sparse pages can serve, and who makes larger ones.
///
/// This is the mechanism of the article: blocks of nearly a page find no hole, take a fresh page,
/// and leave a remainder that a small block settles in; when the large block is freed, the small
/// one keeps the page, split into two holes that are too small for the next large block.
struct HoleCoverage {
  /// The largest request that is served from a shared page, in bytes (ReactOS POOL_MAX_ALLOC;
  /// on x64 Windows 7 and later 0xFE0).
  static func largestSmallRequest(_ width: PointerWidth) -> UInt64 {
    width == .bits32 ? 0xFF0 : 0xFE0
  }

  let sparse: SparsePages
  let evidence: SystemEvidence
  /// Allocated blocks of all listings, whole pages or not.
  let allocated: [(source: String, block: ListedBlock)]

  init(_ listings: [CheckedListing], sparse: SparsePages, evidence: SystemEvidence) {
    self.sparse = sparse
    self.evidence = evidence
    allocated = listings.flatMap { checked -> [(source: String, block: ListedBlock)] in
      let blocks: [ListedBlock]
      switch checked.listing.content {
      case .pool(let page) where checked.verdict != .corrupt && checked.verdict != .unknown:
        blocks = page.blocks
      case .poolFind(let find) where checked.verdict != .corrupt: blocks = find.blocks
      default: blocks = []
      }
      return blocks.filter(\.isAllocated).map { (checked.listing.source, $0) }
    }
  }

  func entries() -> [DiagnosisEntry] {
    let holes = sparse.pages.flatMap(\.holes)
    guard sparse.pages.count >= 2, let largest = holes.map(\.sizeBytes).max(),
      let width = holes.first?.width
    else { return remainders() }
    return [unserved(largest, holes: holes.count, width)].compactMap { $0 }
      + nearPageRequests(above: largest)
  }

  private func unserved(
    _ largest: UInt64, holes: Int, _ width: PointerWidth
  ) -> DiagnosisEntry? {
    let served = largest - min(largest, width.unitBytes)
    let most = Self.largestSmallRequest(width)
    guard served < most, let least = sparse.pages.map(\.freeBytes).min() else { return nil }
    let lines = sparse.pages.prefix(16).map { page in
      "\(page.source): page \(Hexadecimal.address(page.address, width)) has holes of "
        + page.holes.map { "0x" + Hexadecimal.text($0.sizeBytes) }.joined(separator: " and ")
    }
    return DiagnosisEntry(
      verdict: .unservedSizes,
      bytes: sparse.pages.reduce(UInt64(0)) { $0 + $1.freeBytes },
      text: "Requests of \(DecimalText.grouped(served + 1)) to \(DecimalText.grouped(most)) bytes "
        + "fit into none of the \(holes) holes of the \(sparse.pages.count) nearly empty pages "
        + "(the largest has 0x\(Hexadecimal.text(largest)) bytes), although each of the pages has "
        + "at least 0x\(Hexadecimal.text(least)) bytes free in total.",
      evidence: lines, guidance: .largeTransfers)
  }

  /// Blocks of nearly a page, one in each page, without a page that shows what became of the rest.
  private func remainders() -> [DiagnosisEntry] {
    let large = allocated.filter {
      $0.block.sizeBytes > PageCheck.pageBytes / 4 * 3 && $0.block.sizeBytes < PageCheck.pageBytes
    }
    let groups = Dictionary(grouping: large.filter { $0.block.tag != nil }) {
      Kind(tag: $0.block.tag ?? ListedTag(rawValue: 0), sizeBytes: $0.block.sizeBytes)
    }
    return groups.filter { Set($0.value.map(\.block.pageAddress)).count >= 2 }
      .sorted { ($1.value.count, $0.key.tag) < ($0.value.count, $1.key.tag) }
      .map { kind, blocks in
        let rest = PageCheck.pageBytes - kind.sizeBytes
        let size = Hexadecimal.text(kind.sizeBytes)
        return DiagnosisEntry(
          verdict: .pageRemainders, tags: [kind.tag], bytes: rest,
          text: "Tag \(kind.tag) has one block of 0x\(size) bytes in each of "
            + "\(Set(blocks.map(\.block.pageAddress)).count) pages: each leaves "
            + "0x\(Hexadecimal.text(rest)) (\(rest)) bytes, in which small blocks of others settle "
            + "and keep the page when the large one is freed.",
          evidence: blocks.prefix(8).map { source, block in
            "\(source):\(block.line): \(Hexadecimal.address(block.address, block.width)) size \(size)"
          },
          guidance: .wholePages)
      }
  }

  private struct Kind: Hashable {
    var tag: ListedTag
    var sizeBytes: UInt64
  }

  private func nearPageRequests(above largest: UInt64) -> [DiagnosisEntry] {
    var groups: [Kind: [(source: String, block: ListedBlock)]] = [:]
    for (source, block) in allocated where block.sizeBytes > largest {
      guard block.sizeBytes > PageCheck.pageBytes / 2, block.sizeBytes < PageCheck.pageBytes,
        let tag = block.tag
      else { continue }
      groups[Kind(tag: tag, sizeBytes: block.sizeBytes), default: []].append((source, block))
    }
    return groups.filter { $0.value.count >= 2 }
      .sorted {
        ($1.value.count, $0.key.tag, $0.key.sizeBytes)
          < ($0.value.count, $1.key.tag, $1.key.sizeBytes)
      }
      .map { kind, blocks in entry(kind, blocks, largest) }
  }

  private func entry(
    _ kind: Kind, _ blocks: [(source: String, block: ListedBlock)], _ largest: UInt64
  ) -> DiagnosisEntry {
    let rest = PageCheck.pageBytes - kind.sizeBytes
    var lines = blocks.prefix(8).map { source, block in
      "\(source):\(block.line): \(Hexadecimal.address(block.address, block.width)) size "
        + Hexadecimal.text(block.sizeBytes)
    }
    if let (source, row) = evidence.row(kind.tag),
      let total = evidence.taggedBytes(isPaged: false)
    {
      let used = row.nonpaged.usedBytes
      lines.append(
        "\(source):\(row.line): \(kind.tag) \(DecimalText.grouped(row.nonpaged.outstanding)) "
          + "allocations, \(DecimalText.grouped(used)) bytes, "
          + "\(DecimalText.percent(used, of: total.bytes)) of the tagged bytes")
    }
    let size = Hexadecimal.text(kind.sizeBytes)
    return DiagnosisEntry(
      verdict: .nearPageRequests, tags: [kind.tag], bytes: rest,
      text: "Blocks of tag \(kind.tag) of 0x\(size) bytes (\(blocks.count) listed) fit into none "
        + "of the holes (the largest has 0x\(Hexadecimal.text(largest))), so each takes a new "
        + "page and leaves 0x\(Hexadecimal.text(rest)) (\(rest)) bytes; small blocks settle there "
        + "and keep the page when the large one is freed. Most likely this made the holes: ask "
        + "for a whole page (0x1000) instead, at \(rest) bytes each.",
      evidence: lines, guidance: .wholePages)
  }
}

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
