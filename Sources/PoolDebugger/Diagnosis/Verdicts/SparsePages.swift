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
