/// Pages that follow one another in virtual and in physical memory.
public struct MappedRun: Sendable, Equatable {
  /// The virtual address of the first page.
  public let address: UInt64
  /// Its physical address.
  public let physical: UInt64
  /// How many pages of 4 KB there are, at least one.
  public let pageCount: UInt64
}

/// What keeps a walk over page tables from going on for ever.
///
/// Tables that point at themselves map a few pages billions of times. No system maps its memory more
/// often than a few times, so a walk ends when it has seen many times the pages of the dump.
public struct MappingBudget: Sendable {
  /// Entries and tables that may still be looked at.
  public fileprivate(set) var left: UInt64

  /// A budget for a dump of so many pages.
  public init(pages: UInt64) { left = 8 * pages + 1 << 16 }

  /// True where a walk was broken off: the tables are damaged.
  public var isSpent: Bool { left == 0 }
}

extension AddressSpace {
  /// Calls `body` for every run of mapped pages in a range of addresses, in the order of the
  /// addresses, until the budget is spent. The entry of the root that maps the tables themselves is
  /// left out, and pages that the dump does not have are not.
  public func forEachRun(
    in range: ClosedRange<UInt64>, _ budget: inout MappingBudget, _ body: (MappedRun) -> Void
  ) {
    var open: MappedRun?
    visit(table: root, level: 0, base: 0, range, &budget) { page in
      if let run = open, run.address &+ run.pageCount << 12 == page.address,
        run.physical &+ run.pageCount << 12 == page.physical
      {
        open = MappedRun(
          address: run.address, physical: run.physical,
          pageCount: run.pageCount + page.pageCount)
        return
      }
      if let open { body(open) }
      open = page
    }
    if let open { body(open) }
  }

  private func visit(
    table: UInt64, level: Int, base: UInt64, _ range: ClosedRange<UInt64>,
    _ budget: inout MappingBudget, _ body: (MappedRun) -> Void
  ) {
    let shape = mode.levels[level]
    let count = 1 << Int(shape.bits)
    guard let entries = memory.bytes(at: table, count: count * Int(mode.entryBytes)) else { return }
    let fields = DumpFields(bytes: entries)
    let bytesEach = UInt64(1) << shape.shift
    for index in 0..<count {
      let start = extended(base | UInt64(index) << shape.shift)
      guard start <= range.upperBound, start &+ (bytesEach - 1) >= range.lowerBound else {
        continue
      }
      guard budget.left > 0 else { return }
      let entry = fields.word(index * Int(mode.entryBytes), is64Bit: mode.entryBytes == 8)
      guard entry != 0, let next = target(entry) else { continue }
      budget.left -= 1
      if level == mode.levels.count - 1 {
        body(MappedRun(address: start, physical: next, pageCount: 1))
      } else if entry & 0x81 == 0x81, mode == .x86 || level > 0 {
        let physical = entry & mode.frame & ~(bytesEach - 1)
        // Only as much of a large page as was asked for.
        let first = max(start, range.lowerBound & ~0xFFF)
        let last = min(start &+ (bytesEach - 1), range.upperBound)
        body(
          MappedRun(
            address: first, physical: physical &+ (first - start),
            pageCount: (last - first) >> 12 + 1))
      } else if next != root {
        visit(table: next, level: level + 1, base: start, range, &budget, body)
      }
    }
  }

  /// The table or page of an entry; nil where it leads to nothing in memory.
  private func target(_ entry: UInt64) -> UInt64? {
    entry & 1 == 1 ? entry & mode.frame : transition(entry)
  }

  /// The upper addresses of 64 bits continue their highest bit.
  private func extended(_ address: UInt64) -> UInt64 {
    mode == .x64 && address >> 47 & 1 == 1 ? address | 0xFFFF_0000_0000_0000 : address
  }
}
