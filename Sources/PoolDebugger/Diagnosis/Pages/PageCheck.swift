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
