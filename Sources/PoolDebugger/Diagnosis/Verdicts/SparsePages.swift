/// The pages that were listed: where each stands first, and which are whole and healthy.
struct ListedPages: Sendable {
  /// So many pages are told apart, four gibibytes of pool.
  static let most = 1 << 20
  /// The first so many are kept with their blocks.
  static let mostKept = 256

  /// Where a page stands first.
  private struct Place {
    /// The number of its source.
    var source: Int32
    var line: Int32
    var isWhole: Bool
  }

  private var places: [UInt64: Place] = [:]
  private var sources: [String] = []
  /// The first pages with their blocks.
  private(set) var kept: [(listing: Listing, page: PoolListing)] = []
  /// The whole and healthy pages, each counted once.
  private(set) var wholeCount = 0

  var isEmpty: Bool { kept.isEmpty }
  /// Some pages could not be told from others any more.
  var isFull: Bool { places.count >= Self.most }

  mutating func add(_ checked: CheckedListing) {
    let page: PoolListing
    var isWhole = false
    switch checked.listing.content {
    case .pool(let listing):
      page = listing
      isWhole = checked.verdict == .healthy && checked.layout == .classic
    case .poolInfoPage(let listing): page = listing
    default: return
    }
    if kept.count < Self.mostKept { kept.append((checked.listing, page)) }
    guard let address = page.pageAddress else { return }
    let known = places[address]
    guard known != nil || !isFull else { return }
    if known == nil {
      if sources.last != checked.listing.source { sources.append(checked.listing.source) }
      places[address] = Place(
        source: Int32(sources.count - 1), line: Int32(clamping: checked.listing.line),
        isWhole: isWhole)
    }
    guard isWhole, known?.isWhole != true else { return }
    places[address]?.isWhole = true
    wholeCount += 1
  }

  /// Where the page of an address stands first, as `FILE:LINE`.
  func place(of address: UInt64) -> String? {
    places[address & ~0xFFF].map { "\(sources[Int($0.source)]):\($0.line)" }
  }
}

/// The listed pages that are whole, healthy and nearly empty, and what keeps them.
struct SparsePages {
  /// A page counts as pinned when less than a tenth of it is in use.
  static let mostUsedBytes = PageCheck.pageBytes / 10
  /// So many such pages are kept with their blocks, 64 MiB of pool; where there are more, the report says "at
  /// least".
  static let mostPages = 1 << 14

  /// A live block, of which few lie in such a page.
  struct Block {
    var tag: ListedTag?
    var sizeBytes: UInt16
    var line: Int32
  }

  /// A page that its few live blocks keep.
  struct Page {
    var source: String
    var address: UInt64
    var width: PointerWidth
    var live: [Block]
    /// The sizes of its free blocks.
    var holes: [UInt16]

    var liveBytes: UInt64 { live.reduce(0) { $0 + UInt64($1.sizeBytes) } }
    /// The tags of its live blocks, each once.
    var tags: [ListedTag] { Set(live.compactMap(\.tag)).sorted() }
    var freeBytes: UInt64 { holes.reduce(0) { $0 + UInt64($1) } }
  }

  private(set) var pages: [Page] = []
  private var indexOfPage: [UInt64: Int] = [:]
  private let mostPages: Int
  /// Whether there were more than are kept.
  private var isCut = false

  init(mostPages: Int = Self.mostPages) { self.mostPages = mostPages }

  /// Takes a page in; one listed twice counts once, as it was last.
  mutating func add(_ checked: CheckedListing) {
    guard case .pool(let listing) = checked.listing.content, checked.verdict == .healthy,
      checked.layout == .classic, let address = listing.pageAddress
    else { return }
    let live = listing.blocks.filter(\.isAllocated)
    guard let first = live.first, live.reduce(0, { $0 + $1.sizeBytes }) < Self.mostUsedBytes else {
      return
    }
    let page = Page(
      source: checked.listing.source, address: address, width: first.width,
      live: live.map {
        Block(
          tag: $0.tag, sizeBytes: UInt16(clamping: $0.sizeBytes), line: Int32(clamping: $0.line))
      },
      holes: listing.blocks.filter { $0.state == .free }.map { UInt16(clamping: $0.sizeBytes) })
    if let known = indexOfPage[address] {
      pages[known] = page
    } else if pages.count < mostPages {
      indexOfPage[address] = pages.count
      pages.append(page)
    } else {
      isCut = true
    }
  }

  /// Each page once, by that of its tags which keeps the most pages.
  func entries(wholePages: Int) -> [DiagnosisEntry] {
    var counts: [ListedTag: Int] = [:]
    for page in pages { for tag in page.tags { counts[tag, default: 0] += 1 } }
    let byTag = Dictionary(grouping: pages.filter { !$0.tags.isEmpty }) { page in
      page.tags.max { (counts[$0] ?? 0, $1) < (counts[$1] ?? 0, $0) } ?? page.tags[0]
    }
    return byTag.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      .map { tag, pages in entry(tag, pages, wholePages) }
  }

  private func entry(_ tag: ListedTag, _ pinned: [Page], _ wholePages: Int) -> DiagnosisEntry {
    let sizes = Set(pinned.flatMap { $0.live.filter { $0.tag == tag }.map(\.sizeBytes) }).sorted()
    let sizeText = sizes.map { "0x\(Hexadecimal.text(UInt64($0))) (\($0))" }
      .joined(separator: ", ")
    let free = pinned.reduce(UInt64(0)) { $0 + $1.freeBytes }
    let others = Set(pinned.flatMap(\.tags)).subtracting([tag]).sorted()
    let shared = pinned.count { $0.tags.count > 1 }
    let beside =
      others.isEmpty
      ? ""
      : " (\(shared == pinned.count ? "" : "\(shared) of them ")together with "
        + "\(others.prefix(8).map(\.description).joined(separator: ", "))"
        + "\(others.count > 8 ? " and others" : ""))"
    let least = isCut ? "at least " : ""
    let which =
      pinned.count < wholePages
      ? "\(least)\(pinned.count) of the \(wholePages) listed pages"
      : wholePages == 1 ? "the listed page" : "all \(wholePages) listed pages"
    let evidence = pinned.prefix(16).map { page in
      let first = page.live.first { $0.tag == tag } ?? page.live[0]
      return "\(page.source):\(first.line): page "
        + "\(Hexadecimal.address(page.address, page.width)) keeps \(page.live.count) live "
        + "block\(page.live.count == 1 ? "" : "s"), \(page.liveBytes) of 4096 bytes in use"
    }
    return DiagnosisEntry(
      verdict: .pinnedPages, tags: [tag] + others, bytes: free,
      text: "Blocks of tag \(tag) of \(sizeText) bytes keep \(which)\(beside) although nearly all "
        + "of \(pinned.count == 1 ? "it" : "each") is free: \(least)\(DecimalText.grouped(free)) bytes "
        + "cannot be returned.",
      evidence: evidence, guidance: .pinning, keepsPages: true)
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
  /// So many kinds of large block are told apart, and so many of their pages.
  static let mostKinds = 1 << 14
  static let mostPages = 1 << 18

  private struct Kind: Hashable {
    var tag: ListedTag
    var sizeBytes: UInt64
  }

  /// The allocated blocks of a kind of all listings, whole pages or not.
  private struct Blocks {
    var count = 0
    var pages: Set<UInt64> = []
    var first: [(source: String, block: ListedBlock)] = []
    /// The pages in whose rest blocks of others are seen, and the first of their tags.
    var settledPages: Set<UInt64> = []
    var settledTags: Set<ListedTag> = []

    mutating func add(_ block: ListedBlock, _ source: String, _ pageCount: inout Int) {
      count += 1
      if first.count < 8 { first.append((source, block)) }
      if pageCount < HoleCoverage.mostPages, pages.insert(block.pageAddress).inserted {
        pageCount += 1
      }
    }

    func lines(sizeBytes: UInt64) -> [String] {
      first.map { source, block in
        "\(source):\(block.line): \(Hexadecimal.address(block.address, block.width)) size "
          + Hexadecimal.text(sizeBytes)
      }
    }
  }

  /// Blocks of more than half a page and less than one.
  private var large: [Kind: Blocks] = [:]
  private var pageCount = 0

  mutating func add(_ checked: CheckedListing) {
    let blocks: [ListedBlock]
    /// All blocks of the page, where it is one.
    var neighbours: [ListedBlock] = []
    switch checked.listing.content {
    case .pool(let page) where checked.verdict != .corrupt && checked.verdict != .unknown:
      blocks = page.blocks
      neighbours = blocks
    case .poolFind(let find) where checked.verdict != .corrupt: blocks = find.blocks
    default: return
    }
    for block in blocks where block.isAllocated {
      guard block.sizeBytes > PageCheck.pageBytes / 2, block.sizeBytes < PageCheck.pageBytes,
        let tag = block.tag
      else { continue }
      let kind = Kind(tag: tag, sizeBytes: block.sizeBytes)
      guard large.count < Self.mostKinds || large[kind] != nil else { continue }
      large[kind, default: Blocks()].add(block, checked.listing.source, &pageCount)
      guard large[kind]?.pages.contains(block.pageAddress) == true else { continue }
      for other in neighbours where other.isAllocated && other.pageAddress == block.pageAddress {
        guard let settled = other.tag, settled != tag else { continue }
        large[kind]?.settledPages.insert(block.pageAddress)
        if large[kind]?.settledTags.count ?? 0 < 8 { large[kind]?.settledTags.insert(settled) }
      }
    }
  }

  func entries(sparse: SparsePages, evidence: SystemEvidence) -> [DiagnosisEntry] {
    guard sparse.pages.count >= 2,
      let width = sparse.pages.first(where: { !$0.holes.isEmpty })?.width,
      let largest = sparse.pages.compactMap({ $0.holes.max() }).max().map({ UInt64($0) })
    else { return remainders() }
    return [unserved(largest, sparse, width)].compactMap { $0 }
      + nearPageRequests(above: largest, evidence)
  }

  private func unserved(
    _ largest: UInt64, _ sparse: SparsePages, _ width: PointerWidth
  ) -> DiagnosisEntry? {
    let served = largest - min(largest, width.unitBytes)
    let most = Self.largestSmallRequest(width)
    let holes = sparse.pages.reduce(0) { $0 + $1.holes.count }
    guard served < most, let least = sparse.pages.map(\.freeBytes).min() else { return nil }
    let lines = sparse.pages.prefix(16).map { page in
      "\(page.source): page \(Hexadecimal.address(page.address, width)) has holes of "
        + page.holes.map { "0x" + Hexadecimal.text(UInt64($0)) }.joined(separator: " and ")
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

  private static func isBefore(
    _ left: (key: Kind, value: Blocks), _ right: (key: Kind, value: Blocks)
  ) -> Bool {
    (right.value.count, left.key.tag, left.key.sizeBytes)
      < (left.value.count, right.key.tag, right.key.sizeBytes)
  }

  /// Blocks of nearly a page, one in each page, without a page that shows what became of the rest.
  private func remainders() -> [DiagnosisEntry] {
    large.filter { $0.key.sizeBytes > PageCheck.pageBytes / 4 * 3 && $0.value.pages.count >= 2 }
      .sorted(by: Self.isBefore)
      .map { kind, blocks in
        let rest = PageCheck.pageBytes - kind.sizeBytes
        let size = Hexadecimal.text(kind.sizeBytes)
        let tags = blocks.settledTags.sorted()
        // Only where it is seen that others settle there, it is said what to do about it.
        let seen =
          tags.isEmpty
          ? ""
          : " Blocks of \(tags.map(\.description).joined(separator: ", ")) have settled in "
            + (blocks.settledPages.count == blocks.pages.count
              ? "each" : "\(blocks.settledPages.count)")
            + " of them: ask for a whole page (0x1000) instead, at \(rest) bytes each."
        return DiagnosisEntry(
          verdict: .pageRemainders, tags: [kind.tag] + tags, bytes: rest,
          text: "Tag \(kind.tag) has one block of 0x\(size) bytes in each of "
            + "\(blocks.pages.count) pages: each leaves "
            + "0x\(Hexadecimal.text(rest)) (\(rest)) bytes, in which small blocks of others settle "
            + "and keep the page when the large one is freed.\(seen)",
          evidence: blocks.lines(sizeBytes: kind.sizeBytes), guidance: .wholePages,
          keepsPages: !tags.isEmpty)
      }
  }

  private func nearPageRequests(
    above largest: UInt64, _ evidence: SystemEvidence
  ) -> [DiagnosisEntry] {
    large.filter { $0.key.sizeBytes > largest && $0.value.count >= 2 }
      .sorted(by: Self.isBefore)
      .map { kind, blocks in entry(kind, blocks, largest, evidence) }
  }

  private func entry(
    _ kind: Kind, _ blocks: Blocks, _ largest: UInt64, _ evidence: SystemEvidence
  ) -> DiagnosisEntry {
    let rest = PageCheck.pageBytes - kind.sizeBytes
    var lines = blocks.lines(sizeBytes: kind.sizeBytes)
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

  private var seen: Set<ListedTag> = []
  private(set) var entries = FirstConclusions()

  mutating func add(_ checked: CheckedListing) {
    guard case .pool(let page) = checked.listing.content, checked.layout == .classic,
      checked.verdict != .corrupt, checked.verdict != .unknown
    else { return }
    let half = PageCheck.pageBytes / 2
    for block in page.blocks where block.isAllocated && !entries.isShortened {
      guard let tag = block.tag, block.sizeBytes > half, block.sizeBytes <= half + Self.marginBytes,
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
}
