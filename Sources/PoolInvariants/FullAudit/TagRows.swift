import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import enum PoolWalk.KernelTable

// The tag table against what is live (ReactOS ExpInsertPoolTracker, ExpRemovePoolTracker).

extension PoolAudit {
  func rowAddress(_ view: PoolView, _ row: UInt64) -> Address {
    view.variables.trackerTable &+ row &* facts.profile.trackerRowBytes
  }

  /// Where the search for a tag begins: the halves of a product, folded.
  private func firstRow(_ view: PoolView, _ tag: PoolTag) -> UInt64 {
    let product = UInt64(tag.word) &* 40543
    return ((product & 0xFFFF_FFFF) ^ (product &>> 32)) & view.variables.trackerMask
  }

  /// The row of a tag: probing from its hash, up to the first empty row.
  ///
  /// A tag that a full table turned away is looked for in all rows after each of its operations:
  /// that was half of a short trace as long as every key was translated by itself.
  func trackerRow(_ view: PoolView, of tag: PoolTag) -> UInt64? {
    let first = firstRow(view, tag)
    if view.word32(rowAddress(view, first)) == tag.word { return first }
    let mask = view.variables.trackerMask
    let stride = factsAddress.pointee.profile.trackerRowBytes
    guard let rows = view.bytes(at: view.variables.trackerTable, count: (mask &+ 1) &* stride)
    else { return trackerRow(view, of: tag, from: first) }
    var row = first
    repeat {
      let key = rows.loadUnaligned(fromByteOffset: Int(row &* stride), as: UInt32.self)
      if key == tag.word { return row }
      if key == 0 { return nil }
      row = (row &+ 1) & mask
    } while row != first
    return nil
  }

  /// The same in a table that is not mapped as a whole.
  private func trackerRow(_ view: PoolView, of tag: PoolTag, from first: UInt64) -> UInt64? {
    let mask = view.variables.trackerMask
    var row = first
    for _ in 0...mask {
      guard let key = view.word32(rowAddress(view, row)) else { return nil }
      if key == tag.word { return row }
      if key == 0 { return nil }
      row = (row &+ 1) & mask
    }
    return nil
  }

  /// Adds what the kernel books for those of its own tables that came from the pool.
  private mutating func addTables(_ view: PoolView) {
    for table in KernelTable.allCases {
      let (address, bytes) = table.extent(in: view)
      guard spaces.page(of: address) != nil else { continue }
      tags.add(.pool, isPaged: false, bytes: facts.pageRounded(bytes))
    }
  }

  /// Holds every row against the live allocations of its tag, and every tag against the rows.
  mutating func auditTracker(_ view: PoolView) {
    addTables(view)
    // Most tables in use have some dozen tags: growing by halves took longer than looking at them.
    var rows = AddressIndex(capacity: 128)
    var isFull = true
    let stride = facts.profile.trackerRowBytes
    let table = view.bytes(
      at: view.variables.trackerTable, count: (view.variables.trackerMask &+ 1) &* stride)
    for index in 0...Int(view.variables.trackerMask) {
      let row = UInt64(index)
      let address = rowAddress(view, row)
      guard
        let host = table.map({ $0 + Int(row &* stride) }) ?? view.bytes(at: address, count: stride)
      else {
        findings.report(
          .trackerRow, at: address, expected: 1, found: 0, "a row of the tag table that is mapped")
        return
      }
      let key = host.loadUnaligned(as: UInt32.self)
      if key == 0 {
        isFull = false
        continue
      }
      let tag = PoolTag(word: key)
      if !rows.set(UInt64(key), UInt32(truncatingIfNeeded: row)) {
        findings.report(
          .trackerRow, at: address, expected: 1, found: 2, "rows of the tag \(Self.words(tag))")
      }
      auditRow(host, address, tag, row)
    }
    auditTags(view, rows, isFull: isFull)
  }

  private mutating func auditRow(
    _ host: UnsafeRawPointer, _ address: Address, _ tag: PoolTag, _ row: UInt64
  ) {
    auditRow(host, address, tag, row, isPaged: false)
    auditRow(host, address, tag, row, isPaged: true)
  }

  private mutating func auditRow(
    _ host: UnsafeRawPointer, _ address: Address, _ tag: PoolTag, _ row: UInt64, isPaged: Bool
  ) {
    var expected = tags[tag, isPaged: isPaged]
    if shadow.hasDrift {
      expected =
        expected + shadow.drift(of: tag, isPaged: isPaged)
        + shadow.drift(ofRow: row, isPaged: isPaged)
    }
    let found = facts.sum(inRow: host, isPaged: isPaged)
    if found == facts.counted(expected) { return }
    requireRow(found, address, tag, isPaged: isPaged, expected)
  }

  /// Reports where a row shows another sum than it must.
  private mutating func requireRow(
    _ found: TagTally.Sum, _ address: Address, _ tag: PoolTag?, isPaged: Bool,
    _ expected: TagTally.Sum
  ) {
    let wanted = facts.counted(expected)
    if found == wanted { return }
    let pool = isPaged ? "paged" : "nonpaged"
    findings.require(
      .trackerOutstanding, at: address, expected: wanted.allocations, found: found.allocations,
      "\(pool) allocations less frees of the tag \(Self.words(tag))")
    findings.require(
      .trackerBytes, at: address, expected: wanted.bytes, found: found.bytes,
      "\(pool) bytes of the tag \(Self.words(tag))")
  }

  /// Every tag with live allocations has a row; those that found the table full share the extra
  /// last row, or are not tracked, as the version has it.
  private mutating func auditTags(_ view: PoolView, _ rows: AddressIndex, isFull: Bool) {
    var unplaced: [PoolTag] = []
    var shared = (nonPaged: TagTally.Sum(), paged: TagTally.Sum())
    func collect(_ tag: PoolTag, _ isPaged: Bool, _ sum: TagTally.Sum) {
      guard tag.word != 0, rows[UInt64(tag.word)] == nil else { return }
      if isPaged {
        shared.paged = shared.paged + sum
      } else {
        shared.nonPaged = shared.nonPaged + sum
      }
      if sum != TagTally.Sum() { unplaced.append(tag) }
    }
    tags.forEach(collect)
    shadow.tagDrift.forEach(collect)
    if !isFull, let tag = unplaced.min() {
      findings.report(
        .trackerRow, at: view.variables.trackerTable, expected: 1, found: 0,
        "rows of the tag \(Self.words(tag))")
      return
    }
    auditReach(view, rows)
    guard isFull, facts.profile.trackerOverflow == .lastSlot else { return }
    let last = view.variables.trackerRows &- 1
    let address = rowAddress(view, last)
    let host = view.bytes(at: address, count: facts.profile.trackerRowBytes)
    for (isPaged, sum) in [(false, shared.nonPaged), (true, shared.paged)] {
      requireRow(
        host.map { facts.sum(inRow: $0, isPaged: isPaged) } ?? TagTally.Sum(), address, nil,
        isPaged: isPaged, sum + shadow.drift(ofRow: last, isPaged: isPaged))
    }
  }

  /// A row that probing does not reach is lost to the next allocation of its tag.
  private mutating func auditReach(_ view: PoolView, _ rows: AddressIndex) {
    var lost: [(tag: PoolTag, row: UInt32)] = []
    let stride = facts.profile.trackerRowBytes
    let table = view.bytes(
      at: view.variables.trackerTable, count: (view.variables.trackerMask &+ 1) &* stride)
    rows.forEach { key, row in
      let tag = PoolTag(word: UInt32(truncatingIfNeeded: key))
      // Most stand where their search begins.
      let first = firstRow(view, tag)
      if first == UInt64(row), !tag.isProtected, let table,
        table.loadUnaligned(fromByteOffset: Int(first &* stride), as: UInt32.self) == tag.word
      {
        return
      }
      // A key with the protected bit belongs to no tag.
      if trackerRow(view, of: tag) != UInt64(row) || tag.isProtected { lost.append((tag, row)) }
    }
    for (tag, row) in lost.sorted(by: { $0.row < $1.row }) {
      findings.report(
        .trackerRow, at: rowAddress(view, UInt64(row)), expected: firstRow(view, tag),
        found: UInt64(row), "row of the tag \(Self.words(tag)), reached from its hash")
    }
  }

  /// A tag for a report: printable characters as they are, others as dots. Nil stands for the tags
  /// that share the extra row.
  private static func words(_ tag: PoolTag?) -> String {
    guard let tag else { return "of the rest" }
    let (first, second, third, fourth) = tag.bytes
    let characters = [first, second, third, fourth].map { byte in
      (0x20...0x7E).contains(byte) ? Character(UnicodeScalar(byte)) : "."
    }
    return "'" + String(characters) + "'"
  }
}
