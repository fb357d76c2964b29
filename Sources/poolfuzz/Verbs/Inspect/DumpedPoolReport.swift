import CrashDumps
import JSONLines
import KernelPool
import PoolDebugger
import PoolDumps
import PoolWalk

/// What a dump says of its pools as a whole; each line names its source, and what is absent is said.
struct DumpedPoolReport {
  private let header: DumpHeader
  private let pools: DumpInspection.Memory.Pools

  init(_ header: DumpHeader, _ pools: DumpInspection.Memory.Pools) {
    self.header = header
    self.pools = pools
  }

  /// Tags that are listed.
  private static let mostTags = 20

  private var scan: PoolScan? {
    switch pools {
    case .read(let pool): pool.scan
    case .segmentHeap(let scan): scan
    case .unread: nil
    }
  }

  private var facts: [DumpFact] {
    guard case .read(let pool) = pools else { return [] }
    return pool.facts
  }

  // MARK: Text

  var lines: [String] {
    var lines = facts.map { fact in
      "  \(fact.name): " + (fact.value.map { "\($0) [\(fact.source)]" } ?? "absent: \(fact.source)")
    }
    if case .unread(let why) = pools { lines.append("  The pools are not read: \(why).") }
    guard let scan else { return lines }
    lines += self.lines(scan)
    if case .segmentHeap = pools {
      lines.append(
        "  Pools of build \(header.build) are segment heaps: their structures are encoded with keys"
          + " that a dump without symbols does not give, so no page is shown as a pool's.")
    }
    if case .read(let pool) = pools { lines += tagLines(pool) }
    return lines
  }

  private func lines(_ scan: PoolScan) -> [String] {
    let inDump = scan.mappedPages - scan.absentPages
    let share = inDump == 0 ? 0 : (scan.unclassifiedPages * 1000 + inDump / 2) / inDump
    var parts = [
      "\(scan.poolPages) of small blocks", "\(scan.largePages) of large allocations",
      "\(scan.unclassifiedPages) not classified (\(share / 10).\(share % 10) %)",
    ]
    if scan.segmentHeapPages > 0 {
      parts.insert("\(scan.segmentHeapPages) of a segment heap, not classified", at: 2)
    }
    var lines = [
      "  \(inDump) mapped pages: " + parts.joined(separator: ", ") + " [scan of headers]"
    ]
    if scan.absentPages > 0 {
      lines.append("  \(scan.absentPages) mapped pages are not in the dump [page tables]")
    }
    if scan.wasBrokenOff {
      lines.append(
        "  The page tables map more pages than a machine can: they are damaged, and the scan was"
          + " broken off.")
    }
    if scan.poolPages > 0 {
      lines.append(
        "  on pages of small blocks \(counted(scan.freeBytes, "byte")) are free, \(scan.parkedBytes) parked"
          + " [scan of headers]")
    }
    return lines
  }

  /// The tags with the most bytes: by the scan, by the table of large allocations, by the tag table.
  private func tagLines(_ pool: DumpedPool<DumpFile>) -> [String] {
    let rows = tags(pool)
    guard !rows.isEmpty else { return [] }
    var lines = [
      "  tags, bytes in use: small blocks [scan of headers] + large allocations"
        + " [table of large allocations], counted [tag table]:"
    ]
    for row in rows.prefix(Self.mostTags) {
      let (nonPaged, paged) = (row.small.nonPaged, row.small.paged)
      var line =
        "    \(TagText.characters(row.tag)) nonpaged \(nonPaged.byteCount) in \(nonPaged.blocks)"
      line += ", paged \(paged.byteCount) in \(paged.blocks), large \(row.large)"
      if let counted = row.counted {
        line += ", counted \(counted.nonPaged) and \(counted.paged)"
      } else {
        line += ", not counted"
      }
      lines.append(line)
    }
    if rows.count > Self.mostTags {
      lines.append("    and \(rows.count - Self.mostTags) more tags")
    }
    return lines
  }

  private struct Row {
    let tag: PoolTag
    var small = PoolScan.Tags()
    var large: UInt64 = 0
    var counted: (nonPaged: UInt64, paged: UInt64)?

    var bytes: UInt64 { small.nonPaged.byteCount + small.paged.byteCount + large }
  }

  private func tags(_ pool: DumpedPool<DumpFile>) -> [Row] {
    var rows: [PoolTag: Row] = [:]
    for (tag, tally) in pool.scan.tags { rows[tag, default: Row(tag: tag)].small = tally }
    for allocation in pool.walker.bigPages.allocations {
      let tag = allocation.tag.unprotected
      rows[tag, default: Row(tag: tag)].large += allocation.byteCount
    }
    for row in TagRow.all(in: pool.view) where !row.nonPaged.isEmpty || !row.paged.isEmpty {
      rows[row.tag, default: Row(tag: row.tag)].counted = (row.nonPaged.bytes, row.paged.bytes)
    }
    return rows.values.sorted { ($1.bytes, $0.tag) < ($0.bytes, $1.tag) }
  }

  // MARK: JSON

  var json: JSONValue {
    var members: [(String, JSONValue)] = [
      (
        "facts",
        .array(
          facts.map {
            .object([
              ("name", .string($0.name)), ("value", .optional($0.value)),
              ("source", .string($0.source)),
            ])
          })
      )
    ]
    if case .unread(let why) = pools { members.append(("unread", .string(why))) }
    if let scan {
      members.append(("mapped_pages", .unsigned(scan.mappedPages)))
      members.append(("absent_pages", .unsigned(scan.absentPages)))
      members.append(("small_block_pages", .unsigned(scan.poolPages)))
      members.append(("large_pages", .unsigned(scan.largePages)))
      members.append(("segment_heap_pages", .unsigned(scan.segmentHeapPages)))
      members.append(("unclassified_pages", .unsigned(scan.unclassifiedPages)))
      members.append(("free_bytes", .unsigned(scan.freeBytes)))
      members.append(("broken_off", .bool(scan.wasBrokenOff)))
    }
    if case .read(let pool) = pools { members.append(("tags", .array(tags(pool).map(object)))) }
    return .object(members)
  }

  private func object(_ row: Row) -> JSONValue {
    let (nonPaged, paged) = (row.small.nonPaged, row.small.paged)
    return .object([
      ("tag", .string(TagText.characters(row.tag))),
      ("nonpaged_blocks", .unsigned(nonPaged.blocks)),
      ("nonpaged_bytes", .unsigned(nonPaged.byteCount)),
      ("paged_blocks", .unsigned(paged.blocks)), ("paged_bytes", .unsigned(paged.byteCount)),
      ("large_bytes", .unsigned(row.large)),
      ("counted_nonpaged_bytes", row.counted.map { .unsigned($0.nonPaged) } ?? .null),
      ("counted_paged_bytes", row.counted.map { .unsigned($0.paged) } ?? .null),
    ])
  }
}

// MARK: What goes to the diagnosis

extension DumpInspection {
  /// What a debugger would print of the pools, for the diagnosis: usage and tags, where descriptors
  /// and the tag table were found, and the pages of some addresses.
  func listings(of pages: [GivenAddress]) -> String {
    guard let pool else { return "" }
    let view = pool.view
    var text = ""
    if !view.descriptors.isEmpty, view.variables.trackerTable != 0 {
      text += VirtualMemoryPrinter(view).text
      text += (try? PoolUsedPrinter(view).text(flags: .byNonPaged)) ?? ""
    }
    for given in pages {
      let address = given.settled { address in
        pool.withPage(at: address) { view, _ in view.byte(address) != nil }
      }
      text += "kd> !pool \(self.address(address))\n"
      text += pool.withPage(at: address) { view, _ in PoolPagePrinter(view).text(for: address) }
    }
    return text
  }

  /// All pages of the pools as a debugger prints them, for a trace that ends with them. A trace has one
  /// range of nonpaged pages: of two, the one with more pages of small blocks is taken, and that is
  /// said.
  func allPages() throws(CommandFailure) -> String {
    guard let pool else { return "" }
    try DumpViews.loadAll(pool, name, options.memoryLimit)
    let printer = PoolPagePrinter(pool.view)
    let walker = PoolWalker(pool.view)
    var text = ""
    for family in [PoolFamily.nonPaged, .paged] {
      let areas = walker.areas.filter { $0.family == family }
      let counts = areas.map { Self.smallPages(walker, $0) }
      let most = counts.max() ?? 0
      guard let chosen = counts.firstIndex(of: most) else { continue }
      if areas.count > 1 {
        options.notes.remark(
          "\(name): the trace has the \(family.rawValue) pages from"
            + " \(address(areas[chosen].base)) on, \(most) of small blocks; \(counts.reduce(0, +) - most)"
            + " of the other range are left out")
      }
      walker.visitPages(of: areas[chosen]) { text += Self.listing($0, walker, printer) }
    }
    return text
  }

  private static func smallPages(_ walker: PoolWalker, _ area: PoolArea) -> Int {
    var count = 0
    walker.visitPages(of: area) { if case .smallBlocks = $0 { count += 1 } }
    return count
  }

  private static func listing(
    _ use: PageUse, _ walker: PoolWalker, _ printer: PoolPagePrinter
  ) -> String {
    switch use {
    case .smallBlocks(let page): return printer.text(for: page)
    case .large(let allocation):
      let tail = walker.tail(of: allocation).map { printer.text(for: $0.page + $0.startOffset) }
      return printer.text(for: allocation.address) + (tail ?? "")
    case .table, .kept: return ""
    }
  }
}
