/// Gives every listing its verdict.
enum ListingCheck {
  static func check(_ listing: Listing) -> CheckedListing {
    var checked = CheckedListing(
      listing: listing, layout: nil, verdict: .unknown, findings: [], blockCount: 0)
    switch listing.content {
    case .pool(let page), .poolInfoPage(let page):
      (checked.layout, checked.verdict, checked.findings) = PageCheck.check(
        page, source: listing.source)
      checked.blockCount = page.blocks.count
    case .poolUsed(let table): TableCheck.check(table, &checked)
    case .virtualMemory(let memory): TableCheck.check(memory, &checked)
    case .poolFind(let find): TableCheck.check(find, &checked)
    case .lookaside(let lists): TableCheck.check(lists, &checked)
    case .poolMonitor(let table): TableCheck.check(table, &checked)
    case .poolValidation(let validation): check(validation, &checked)
    case .bugCheck(let bugCheck): BugCheckReading.check(bugCheck, &checked)
    case .messages(let messages): check(messages, &checked)
    }
    return checked
  }

  private static func check(
    _ validation: PoolValidationListing, _ checked: inout CheckedListing
  ) {
    let source = checked.listing.source
    for bad in validation.badPreviousSizes {
      checked.findings.append(
        Finding(
          rule: .debuggerVerdict, address: bad.address,
          text: "!poolval found previous size 0x\(Hexadecimal.text(bad.found)) where the walk "
            + "expects 0x\(Hexadecimal.text(bad.expected)); the low bytes read as "
            + "\"\(ascii(bad.found))\"",
          evidence: ["\(source):\(bad.line): the debugger's own words"]))
    }
    if validation.isValid == false {
      checked.findings.append(
        Finding(
          rule: .debuggerVerdict, address: validation.pageAddress,
          text: "!poolval calls the page invalid; it knows classic pages only and says so of "
            + "healthy segment-heap pages (Windows 10 1809 and later) too",
          evidence: ["\(source):\(checked.listing.line): the debugger's own words"]))
    }
    if checked.findings.isEmpty {
      checked.verdict = validation.isValid == true ? .healthy : .unknown
    } else {
      checked.verdict = .corrupt
    }
  }

  private static func check(_ messages: [DebuggerMessage], _ checked: inout CheckedListing) {
    guard let first = messages.first else { return }
    checked.findings.append(
      Finding(
        rule: .debuggerLimit, address: first.address,
        text: first.kind == .heapKeyUnreadable
          ? "this debugger is too old for the pool of the dump (segment heap); no corruption"
          : "the debugger lacks symbols or memory; that is no corruption",
        evidence: ["\(checked.listing.source):\(first.line): the debugger's own words"]))
  }

  private static func ascii(_ value: UInt64) -> String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    let known = bytes.prefix { $0 != 0 }
    return String(
      decoding: known.map { (0x20...0x7E).contains($0) ? $0 : 0x2E }, as: UTF8.self)
  }
}
