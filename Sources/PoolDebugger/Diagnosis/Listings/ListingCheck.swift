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
    case .tagTable(let table):
      checked.blockCount = table.rows.count
      checked.verdict = .incomplete
    case .virtualMemory(let memory): TableCheck.check(memory, &checked)
    case .poolFind(let find): TableCheck.check(find, &checked)
    case .lookaside(let lists): TableCheck.check(lists, &checked)
    case .poolMonitor(let table): TableCheck.check(table, &checked)
    case .poolValidation(let validation): check(validation, &checked)
    case .bugCheck(let bugCheck): BugCheckReading.check(bugCheck, &checked)
    case .memory(let memory): MemoryCheck.check(memory, &checked)
    case .header(let header): MemoryCheck.check(header, &checked)
    case .allocations(let list): MemoryCheck.check(list, &checked)
    case .poolEmpty(let event): check(event, &checked)
    case .messages(let messages): check(messages, &checked)
    }
    let table = checked.tagTable
    if checked.verdict != .unknown, let table,
      TagVerdicts(source: listing.source, table: table).isSuspicious
    {
      checked.verdict = .suspicious
    }
    return checked
  }

  private static func check(
    _ validation: PoolValidationListing, _ checked: inout CheckedListing
  ) {
    let source = checked.listing.source
    if validation.lacksSymbols || validation.region?.hasPrefix("Unknown") == true {
      checked.findings.append(
        Finding(
          rule: .debuggerLimit, address: validation.pageAddress,
          text: "the debugger lacks symbols or found no pool at this address; what !poolval says "
            + "of it proves nothing",
          evidence: ["\(source):\(checked.listing.line): the debugger's own words"]))
      return
    }
    let isWide = validation.pageAddress.map { $0 > 0xFFFF_FFFF } ?? false
    if isWide, validation.isValid != true || !validation.badPreviousSizes.isEmpty {
      let sizes = validation.badPreviousSizes.prefix(8).map {
        "\(source):\($0.line): previous size 0x\(Hexadecimal.text($0.found)) where the walk "
          + "expects 0x\(Hexadecimal.text($0.expected))"
      }
      checked.findings.append(
        Finding(
          rule: .debuggerLimit, address: validation.pageAddress,
          text: "!poolval calls the page invalid, but it knows classic pages only and says so of "
            + "every healthy page of the segment heap (Windows 10 1809 and later); list the page "
            + "with !pool",
          evidence: ["\(source):\(checked.listing.line): the debugger's own words"] + sizes))
      return
    }
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
          text: "!poolval calls the page invalid",
          evidence: ["\(source):\(checked.listing.line): the debugger's own words"]))
    }
    if checked.findings.isEmpty {
      checked.verdict = validation.isValid == true ? .healthy : .unknown
    } else {
      checked.verdict = .corrupt
    }
  }

  private static func check(_ event: PoolEmptyEvent, _ checked: inout CheckedListing) {
    checked.verdict = .exhausted
    let pool = event.isPaged ? "paged" : "nonpaged"
    checked.findings.append(
      Finding(
        rule: .exhausted,
        text: "event \(event.isPaged ? 2020 : 2019): an allocation of the server service failed "
          + "because the \(pool) pool was empty; who holds it, the event does not tell",
        evidence: [
          "\(checked.listing.source):\(checked.listing.line): the event's own words",
          "next: !poolused \(event.isPaged ? 4 : 2), or poolmon /b, twice with some minutes between",
        ]))
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
