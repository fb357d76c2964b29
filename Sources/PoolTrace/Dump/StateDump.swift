import KernelPool
import PoolWalk

/// Prints the state of a pool, as the `dump` operation does.
///
/// Everything is read from memory, the way a debugger would, so that corruption shows.
public struct StateDump {
  let view: PoolView
  let addresses: AddressPrinter
  private var lines: [String] = []

  /// The lines of dump number `number`. `tags` are those of the trace's allocations so far.
  public static func lines(_ view: PoolView, number: Int, tags: Set<PoolTag>) -> [String] {
    var dump = StateDump(view)
    dump.print(number: number, tags: tags)
    return dump.lines
  }

  private init(_ view: PoolView) {
    self.view = view
    addresses = AddressPrinter(view)
  }

  private mutating func print(number: Int, tags: Set<PoolTag>) {
    lines.append("dump \(number)")
    printPool("NonPaged", [.nonPaged, .nonPagedNoExecute])
    printPool("Paged", [.paged])
    if view.profile.hasSessionPool { printPool("Session", [.session]) }
    printFreeRuns()
    let variables = view.variables
    lines.append("expansion used=\(variables.expansionUsed) total=\(variables.expansionPages)")
    printSinglePageLists()
    printBitmap("paged", variables.pagedBitmap)
    lines.append(
      "tables tracker=\(addresses.text(variables.trackerTable))"
        + " bigtable=\(addresses.text(variables.bigTable))"
        + " bigentries=\(variables.bigTableEntries) biginuse=\(variables.bigTableInUse)")
    printBigEntries()
    printDescriptors()
    let rows = Dictionary(
      TagRow.all(in: view).map { ($0.tag, $0) }, uniquingKeysWith: { first, _ in first })
    for tag in tags.sorted() { printTag(tag, rows[tag.unprotected]) }
    lines.append("failures \(variables.failures)")
    lines.append("end")
  }

  private var word: UInt64 { view.profile.wordBytes }
  private var headerBytes: UInt64 { UInt64(view.profile.header.bytes) }
  private func hex(_ value: UInt64) -> String { String(value, radix: 16) }

  // MARK: Pools

  private mutating func printPool(_ name: String, _ kinds: [PoolKind]) {
    lines.append("pool \(name)")
    for page in view.smallBlockPages(kinds.contains(.nonPaged) ? .nonPaged : kinds[0]) {
      printPage(page)
    }
    for root in view.descriptors where kinds.contains(root.kind) { printLists(root) }
    for kind in kinds where kind != .nonPagedNoExecute || view.profile.hasNoExecutePool {
      printLookasides(kind)
    }
  }

  private mutating func printPage(_ page: Address) {
    lines.append("page " + addresses.text(page))
    let unitBytes = view.profile.unitBytes
    for step in HeaderChain(view, page: page) {
      guard let fields = step.fields, let tag = view.word32(step.address + HeaderLayout.tagOffset)
      else { break }
      lines.append(
        "  +\(hex(step.unit * unitBytes)) size=\(hex(fields.units * unitBytes))"
          + " prev=\(hex(fields.previousUnits * unitBytes))"
          + " type=\(fields.type) index=\(fields.poolIndex) tag=\(PoolTag(word: tag).dumpText)")
      if step.end != nil { lines.append("  corrupt") }
    }
  }

  private mutating func printLists(_ root: DescriptorRoot) {
    let profile = view.profile
    for units in 1...profile.unitsPerPage {
      let head = root.listHeads + (units - 1) * word * 2
      guard let ring = RingWalk(view, head: head, linkBit: linkBit), !ring.isClosed else {
        continue
      }
      var line = "list \(hex(units * profile.unitBytes))"
      if root.kind == .paged, profile.pagedDescriptors > 1 { line += "@\(root.index)" }
      lines.append(line + ":" + entries(of: ring))
    }
  }

  private var linkBit: Address { view.profile.linkEncoding == .lowBitSet ? 1 : 0 }

  /// The entries of a ring of free blocks, header addresses, and what is wrong with it.
  private func entries(of ring: RingWalk) -> String {
    // A corrupt header can bring a block onto the lists of another pool.
    func isMember(_ address: Address) -> Bool { view.region(of: address)?.kind != nil }
    var ring = ring
    var text = ""
    let most = (view.variables.maximumPages + view.configuration.pagedPages) * 512
    while let entry = ring.next() {
      text += " " + addresses.text(entry.address &- headerBytes)
      guard isMember(entry.address), entry.back == entry.previous, let next = entry.next,
        next == ring.head || isMember(next)
      else { return text + " corrupt" }
      if ring.count > most { return text + " loop" }
    }
    return text
  }

  private mutating func printLookasides(_ kind: PoolKind) {
    let profile = view.profile
    for units in 1...profile.lookasideClasses {
      for owner in 0..<view.lookasideOwners {
        let list = view.lookaside(owner: owner, kind: kind, units: units)
        guard list.top != 0 else { continue }
        let isShared = owner == view.configuration.processors
        let name = isShared ? "global" : owner == 0 ? "cpu" : "cpu\(owner)"
        let chain = chain(list.top, count: list.count, subtracting: headerBytes)
        lines.append("lookaside \(name) \(hex(units * profile.unitBytes)):" + chain)
      }
    }
  }

  /// The entries of a single-linked list. One that goes on behind as many entries as its own
  /// count says is a loop.
  private func chain(_ top: Address, count: UInt16, subtracting: UInt64) -> String {
    var text = ""
    var chain = ChainWalk(view, top: top)
    while let entry = chain.next() {
      text += " " + addresses.text(entry.address &- subtracting)
      guard let next = entry.next else { return text + " corrupt" }
      if chain.count >= Int(count), next != 0 { return text + " loop" }
    }
    return text
  }

  // MARK: Pages

  private mutating func printFreeRuns() {
    guard view.profile.nonPagedPages == .runLists else { return }
    for (index, name) in ["1", "2", "3", "4+"].enumerated() {
      let head = view.variables.freeRunHeads + UInt64(index) * word * 2
      guard var ring = RingWalk(view, head: head), !ring.isClosed else { continue }
      var text = "freepages \(name):"
      while let run = ring.next() {
        let size = view.word32(run.address &+ word * 2) ?? 0
        text += " " + addresses.text(run.address) + ":\(size)"
        guard run.back == run.previous else {
          text += " corrupt"
          break
        }
        if ring.count > view.variables.maximumPages {
          text += " loop"
          break
        }
      }
      lines.append(text)
    }
  }

  private mutating func printSinglePageLists() {
    let profile = view.profile
    for (number, name) in ["np", "np2", "np3", "pg", "ss"].enumerated() {
      let kept = KeptList(view, number)
      guard kept.pages <= max(profile.singleListPages, 1),
        kept.kind != .session || profile.hasSessionPool
      else { continue }
      lines.append(
        "slist \(name):" + chain(kept.list.top, count: kept.list.count, subtracting: 0))
    }
  }

  private mutating func printBitmap(_ name: String, _ bitmap: PageBitmap) {
    var runs: [(start: UInt64, count: UInt64)] = []
    var used: UInt64 = 0
    var ends: UInt64 = 0
    for page in 0..<bitmap.pages {
      if page < bitmap.openPages, view.bit(page, ofMapAt: bitmap.allocationMap) {
        used += 1
        if let last = runs.last, last.start + last.count == page {
          runs[runs.count - 1].count += 1
        } else {
          runs.append((page, 1))
        }
      }
      if view.bit(page, ofMapAt: bitmap.endMap) { ends += 1 }
    }
    lines.append(
      "\(name) hint=\(bitmap.hint) open=\(bitmap.openPages) used=\(used) ends=\(ends)")
    for run in runs {
      let address = bitmap.base + run.start * view.profile.pageBytes
      lines.append("\(name)run \(addresses.text(address)):\(run.count)")
    }
  }

  // MARK: Tables

  private mutating func printBigEntries() {
    let entries = BigPageTable(view).allocations.sorted {
      let left = view.isNonPaged($0.address)
      let right = view.isNonPaged($1.address)
      return left == right ? $0.address < $1.address : left
    }
    for entry in entries {
      let mark = entry.isKernelsOwn ? " # init" : ""
      lines.append(
        "big \(addresses.text(entry.address)) pages=\(entry.pages) tag=\(entry.tag.dumpText)"
          + mark)
    }
  }

  private mutating func printDescriptors() {
    for root in view.descriptors {
      let counters = DescriptorCounters(view, root)
      let name: String
      switch root.kind {
      case .nonPaged: name = "NonPaged"
      case .nonPagedNoExecute: name = "NonPagedNx"
      case .paged: name = view.profile.pagedDescriptors > 1 ? "Paged@\(root.index)" : "Paged"
      case .session: name = "Session"
      }
      let bytes = counters.byteCount.map { " bytes=\($0)" } ?? ""
      lines.append(
        "desc \(name) allocs=\(counters.allocations) frees=\(counters.frees)"
          + " pages=\(counters.smallPages) bigpages=\(counters.bigPages)" + bytes)
    }
  }

  private mutating func printTag(_ tag: PoolTag, _ row: TagRow?) {
    func text(_ counts: TagRow.Counts?) -> String {
      guard let counts else { return "0 0 0" }
      let bytes =
        word == 8 ? Int64(bitPattern: counts.bytes) : Int64(Int32(truncatingIfNeeded: counts.bytes))
      return "\(counts.allocations) \(counts.frees) \(bytes)"
    }
    lines.append("tag \(tag.dumpText) np \(text(row?.nonPaged)) pg \(text(row?.paged))")
  }
}
