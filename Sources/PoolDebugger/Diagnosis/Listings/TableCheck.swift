/// Arithmetic that holds within one table.
enum TableCheck {
  static func check(_ table: PoolUsedListing, _ checked: inout CheckedListing) {
    checked.blockCount = table.rows.count
    guard let total = table.total else {
      checked.verdict = .incomplete
      return
    }
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
    let isWhole =
      memory.value("Physical Memory") != nil && memory.value("Commit limit") != nil
    checked.verdict = isWhole || !memory.regions.isEmpty ? .healthy : .incomplete
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
    checked.verdict = find.isCutShort || checked.blockCount == 0 ? .incomplete : .healthy
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
        if checked.verdict == .healthy { checked.verdict = .incomplete }
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
    checked.verdict = table.rows.isEmpty ? .incomplete : .healthy
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
