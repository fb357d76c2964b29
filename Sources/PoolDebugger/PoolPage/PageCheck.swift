/// Checks one listed page against the invariants of its kind.
///
/// The debugger walks a page by its sizes, so its listing has neither gaps nor overlaps of its own
/// making. A gap therefore means that lines were lost (verdict `incomplete`) unless the previous
/// size behind it names a block that does not fit into it; an overlap or a chain that does not meet
/// is corruption. A page is healthy only when it is shown whole.
struct PageCheck {
  static let pageBytes: UInt64 = 0x1000

  let source: String
  let page: PoolListing
  let blocks: [ListedBlock]
  var findings: [Finding] = []
  /// No block is missing between the first and the last possible one.
  var isWhole = true

  private init(_ page: PoolListing, source: String) {
    self.page = page
    self.source = source
    blocks = page.blocksByAddress
  }

  static func check(
    _ page: PoolListing, source: String
  ) -> (layout: PageLayout?, verdict: ListingVerdict, findings: [Finding]) {
    var check = PageCheck(page, source: source)
    if page.blocks.isEmpty { return check.withoutBlocks() }
    let layout = PageClassifier(sorted: check.blocks).layout()
    check.checkEveryBlock(layout)
    switch layout {
    case .classic: check.checkChain(startsAtPage: true)
    case .largeTail: check.checkLargeTail()
    case .variableSize: check.checkVariableSize()
    case .lowFragmentation: check.checkLowFragmentation()
    default: check.checkUnclear()
    }
    check.checkMessages()
    return (layout, check.verdict(layout), check.findings)
  }

  // MARK: - Pages without block lines

  private mutating func withoutBlocks()
    -> (layout: PageLayout?, verdict: ListingVerdict, findings: [Finding])
  {
    if let special = page.special {
      findings.append(
        Finding(
          rule: .artefact, address: special.address,
          text: "special pool: this debugger prints eight bytes too few; the allocation has "
            + "\(special.sizeBytes) bytes"))
      return (.special, .unknown, findings)
    }
    if let large = page.large {
      return (.large, large.sizeBytes > 0 ? .healthy : .unknown, findings)
    }
    checkMessages()
    let isNotPool = page.messages.contains { $0.kind == .notPool }
    return (isNotPool ? .notPool : nil, verdict(nil), findings)
  }

  // MARK: - Verdict

  private func verdict(_ layout: PageLayout?) -> ListingVerdict {
    // Text that no debugger printed proves nothing, whatever its arithmetic.
    if page.hasBackticks { return .unknown }
    // A walk through memory that is no pool, or without symbols, shows anything.
    if page.lacksSymbols && page.isOutsidePools { return .unknown }
    if findings.contains(where: \.isCorruption) { return .corrupt }
    if blocks.isEmpty { return .unknown }
    if findings.contains(where: { $0.rule == .fragmentHeader || $0.rule == .arithmetic }) {
      return .unknown
    }
    return isWhole && layout != nil ? .healthy : .incomplete
  }

  private mutating func checkMessages() {
    if page.hasBackticks {
      findings.append(
        Finding(
          rule: .notGenuine, address: page.pageAddress,
          text: "addresses with backticks: the pool commands never print them, so the text was "
            + "edited or invented and is not judged"))
    }
    for message in page.messages { check(message) }
    if !isWhole, !blocks.isEmpty {
      findings.append(
        Finding(
          rule: .missingLines, address: page.pageAddress,
          text: "the listing does not show the whole page"))
    }
  }

  private mutating func check(_ message: DebuggerMessage) {
    let evidence = ["\(source):\(message.line): the debugger's own words"]
    if page.lacksSymbols || page.isOutsidePools { return addLimit(message, evidence) }
    switch message.kind {
    case .implausibleSmallBlock:
      guard page.large == nil, let last = blocks.last, message.address == last.endAddress,
        last.endAddress & 0xFFF != 0
      else { return }
      findings.append(
        Finding(
          rule: .implausibleHeader, address: message.address,
          text: "the header at \(text(last.endAddress)) is no pool header: it was overwritten, or "
            + "the size of \(text(last.address)) is wrong; " + Self.suspicion(of: last),
          evidence: evidence + [line(last)],
          places: [.init(.header, last.endAddress), .init(.header, last.address)]))
    case .badPreviousSize, .badSize:
      // The chain of the listed blocks may have shown it already.
      guard !findings.contains(where: { $0.address == message.address && $0.isCorruption }) else {
        return
      }
      let before = blocks.last { $0.endAddress == message.address }
      let places = [message.address, before?.address].compactMap { $0 }
        .map { DamagedPlace(.header, $0) }
      findings.append(
        Finding(
          rule: .debuggerVerdict, address: message.address,
          text: "the debugger found a header that contradicts its neighbour",
          evidence: evidence + (before.map { [line($0)] } ?? [])
            + DamagedPlace.sentence(places, blocks.first?.width), places: places))
    case .heapKeyUnreadable, .debuggerNotReady, .sessionTableUnreadable, .unreadableMemory,
      .notPool, .freedOrCorrupt, .notLargeAllocation:
      addLimit(message, evidence)
    }
  }

  private mutating func addLimit(_ message: DebuggerMessage, _ evidence: [String]) {
    guard page.large == nil, blocks.isEmpty, !findings.contains(where: Self.isLimit) else {
      return
    }
    findings.append(
      Finding(
        rule: .debuggerLimit, address: message.address,
        text: "the debugger could not read this as pool; that alone is no corruption",
        evidence: evidence))
  }

  private static func isLimit(_ finding: Finding) -> Bool { finding.rule == .debuggerLimit }

  // MARK: - Words

  /// The block that may have overrun is the one below the broken header.
  static func suspicion(of block: ListedBlock) -> String {
    let name =
      "the block before it (\(Hexadecimal.address(block.address, block.width)), tag "
      + "\(block.tag?.description ?? "unknown"), 0x\(Hexadecimal.text(block.sizeBytes)) bytes)"
    return block.isAllocated
      ? name + " may have written past its end"
      : name + " is free: somebody may have written to it after its free, or overrun it from below"
  }

  func text(_ address: UInt64) -> String {
    Hexadecimal.address(address, blocks.first?.width)
  }

  func line(_ block: ListedBlock) -> String {
    "\(source):\(block.line): \(text(block.address)) size "
      + "\(Hexadecimal.text(block.sizeBytes)) previous size "
      + "\(Hexadecimal.text(block.previousSizeBytes)) \(block.tag?.description ?? "")"
  }

  /// What the listing shows of a header, decoded.
  func decoded(_ block: ListedBlock) -> String {
    let header = DecodedHeader(block)
    let text =
      "\(source):\(block.line): header bytes \(header.hexadecimal), as text "
      + "\"\(header.ascii)\""
    guard let fill = header.fillByte else { return text }
    return text + ", every known byte is 0x\(Hexadecimal.text(UInt64(fill), digits: 2))"
  }
}

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

/// The allocator that a listed page belongs to; each keeps invariants of its own.
public enum PageLayout: String, Sendable, Hashable {
  /// Blocks chained by size and previous size, filling the page (all systems before 1809).
  case classic
  /// The last page of a large allocation: a filler tagged `Frag`, then ordinary blocks (7 to 1803).
  case largeTail = "large-tail"
  /// A page-granular allocation without block headers.
  case large
  /// Segment heap, variable size: a 16-byte chunk header before each allocated block (1809 on).
  case variableSize = "vs"
  /// Segment heap, low fragmentation: blocks of one size (1809 on).
  case lowFragmentation = "lfh"
  /// Special pool: one allocation to a page.
  case special
  /// The debugger found no pool at the address.
  case notPool = "not-pool"
}
