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
      checked.isMissing("a total, which would tell whether all tags are in the table")
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

extension CheckedListing {
  /// Nothing is wrong, but not everything is shown: what is not.
  fileprivate mutating func isMissing(_ words: String) {
    verdict = .incomplete
    findings.append(
      Finding(
        rule: .missingLines, text: "missing: \(words)"))
  }
}

/// Arithmetic that holds within one table.
enum TableCheck {
  static func check(_ table: PoolUsedListing, _ checked: inout CheckedListing) {
    checked.blockCount = table.rows.count
    guard let total = table.total else { return checked.isMissing("the line TOTAL") }
    let nonpaged = table.rows.reduce(UInt64(0)) { Saturating.sum($0, $1.nonpaged.usedBytes) }
    let paged = table.rows.reduce(UInt64(0)) { Saturating.sum($0, $1.paged.usedBytes) }
    checked.verdict = .healthy
    for (sum, whole, name) in [
      (nonpaged, total.nonpaged.usedBytes, "nonpaged"), (paged, total.paged.usedBytes, "paged"),
    ] where sum > whole {
      checked.verdict = .unknown
      checked.findings.append(
        Finding(
          rule: .arithmetic,
          text: "the rows hold \(sum) \(name) bytes, more than the \(whole) of their TOTAL",
          evidence: ["\(checked.listing.source):\(total.line): TOTAL"]))
    }
  }

  static func check(_ memory: VirtualMemoryListing, _ checked: inout CheckedListing) {
    checked.blockCount = memory.values.count
    let absent = ["Physical Memory", "Commit limit"].filter { memory.value($0) == nil }
    if absent.isEmpty || !memory.regions.isEmpty {
      checked.verdict = .healthy
    } else {
      checked.isMissing(
        "\(absent.map { "'\($0)'" }.joined(separator: " and ")), which every whole listing has")
    }
    let physical = memory.value("Physical Memory")?.pages
    for value in memory.values {
      let isPoolUsage =
        value.label.hasPrefix("NonPagedPool") && value.label.hasSuffix("Usage")
      let exceedsMemory = isPoolUsage && physical.map { value.pages > $0 } ?? false
      // Nothing has 2^52 pages: such a commit is a subtraction below zero in the debugger.
      guard exceedsMemory || value.pages >= 1 << 52 else { continue }
      checked.findings.append(
        Finding(
          rule: .artefact,
          text: "\(value.label) of \(value.pages) pages cannot be true"
            + (exceedsMemory ? ": the machine has \(physical ?? 0)" : ""),
          evidence: ["\(checked.listing.source):\(value.line): \(value.label)"]))
    }
  }

  static func check(_ find: PoolFindListing, _ checked: inout CheckedListing) {
    checked.blockCount = find.blocks.count + find.entries.count
    if find.isCutShort {
      checked.isMissing("the end of the search, which was cut short")
    } else if checked.blockCount == 0 {
      checked.isMissing("every block")
    } else {
      checked.verdict = .healthy
    }
    for block in find.blocks {
      let unit = block.width.unitBytes
      let fits = block.pageOffset &+ block.sizeBytes <= PageCheck.pageBytes
      guard block.sizeBytes == 0 || !block.sizeBytes.isMultiple(of: unit) || !fits else {
        continue
      }
      checked.verdict = .corrupt
      checked.findings.append(
        Finding(
          rule: block.sizeBytes == 0 ? .sizeZero : fits ? .sizeAlignment : .pastPageEnd,
          address: block.address, text: "a block whose size cannot be right",
          evidence: [
            "\(checked.listing.source):\(block.line): "
              + "\(Hexadecimal.address(block.address, block.width)) size "
              + Hexadecimal.text(block.sizeBytes)
          ]))
    }
  }

  static func check(_ listing: LookasideListing, _ checked: inout CheckedListing) {
    checked.blockCount = listing.lists.count
    checked.verdict = .healthy
    for list in listing.lists {
      guard let depth = list.value("Max Depth"), let size = list.value("Size"),
        let most = list.value("Max Alloc")
      else {
        if checked.verdict == .healthy {
          checked.isMissing("the size, depth or maximum of \(list.name)")
        }
        continue
      }
      guard depth.multipliedReportingOverflow(by: size) != (most, false) else { continue }
      checked.verdict = .unknown
      checked.findings.append(
        Finding(
          rule: .arithmetic, address: list.address,
          text: "\(list.name): depth times size is not the maximum shown",
          evidence: ["\(checked.listing.source):\(list.line): \(list.name)"]))
    }
  }

  static func check(_ table: PoolMonitorListing, _ checked: inout CheckedListing) {
    checked.blockCount = table.rows.count
    if table.rows.isEmpty { checked.isMissing("every row") } else { checked.verdict = .healthy }
    for row in table.rows where row.difference > 0 && row.usedBytes >= 0 {
      guard UInt64(row.usedBytes / row.difference) != row.bytesPerAllocation else { continue }
      checked.verdict = .unknown
      checked.findings.append(
        Finding(
          rule: .arithmetic, text: "\(row.tag): bytes per allocation do not fit",
          evidence: ["\(checked.listing.source):\(row.line): \(row.tag)"]))
    }
  }
}
