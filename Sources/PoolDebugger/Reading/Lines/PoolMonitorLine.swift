/// Lines of PoolMon screens and snapshot files; the spacing differs between versions, so nothing is
/// read by column.
enum PoolMonitorLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    // `System pool information`, `Session 0 ...`, `All sessions ...`.
    if scanner.next == 0x53 || scanner.next == 0x41, scanner.contains("pool information"),
      scanner.rest.utf8.count <= 64
    {
      return .poolMonitorTitle(scanner.rest)
    }
    if scanner.next == 0x4D, scanner.skip("Memory: "), scanner.contains("Avail:") {
      return .poolMonitorMemory
    }
    if scanner.next == 0x43, scanner.skip("Commit: "), scanner.contains("Limit:") {
      return pools(scanner)
    }
    var columns = scanner
    if columns.skip("Tag Type Allocs Frees Diff Bytes") {
      return .poolMonitorColumns(hasMean: !columns.rest.isEmpty)
    }
    return row(scanner)
  }

  private static func pools(_ line: ByteScanner) -> RecognisedLine {
    var scanner = line
    guard scanner.seek("Pool N: "), let nonpaged = scanner.decimal(), scanner.skip("K P: "),
      let paged = scanner.decimal()
    else { return .poolMonitorMemory }
    var commit = line
    var limit = line
    var left: UInt64?
    commit.skipBlanks()
    if let used = commit.decimal(), limit.seek("Limit:"), let most = limit.paddedDecimal(),
      most >= used
    {
      left = most - used
    }
    return .poolMonitorPools(nonpaged: nonpaged, paged: paged, commitLeft: left)
  }

  /// The columns of the screen end with the mean size of a block; a script's table may lack them,
  /// `hasMean`.
  static func row(_ line: ByteScanner, hasMean: Bool = true) -> RecognisedLine? {
    guard let (kind, isPaged) = kindColumn(line) else { return nil }
    var scanner = ByteScanner(line.bytes, at: kind + (isPaged ? 5 : 4))
    guard let allocations = count(&scanner) else { return nil }
    guard let frees = count(&scanner), let difference = number(&scanner),
      let bytes = change(&scanner),
      let each = hasMean ? number(&scanner) : bytes.value / max(1, difference), each >= 0,
      allocations.value >= 0, frees.value >= 0
    else { return .odd("a PoolMon row without all of its numbers") }
    var row = PoolMonitorListing.Row(
      tag: ListedTag(tagBytes(line.bytes[line.position..<kind])), isPaged: isPaged,
      allocations: UInt64(allocations.value), frees: UInt64(frees.value),
      difference: difference, usedBytes: bytes.value, bytesPerAllocation: UInt64(each),
      text: scanner.rest, line: 0)
    if let made = allocations.change, let freed = frees.change, let gained = bytes.change {
      row.change = .init(allocations: made, frees: freed, bytes: gained)
    }
    return .poolMonitorRow(row)
  }

  /// Where `Nonp` or `Paged` stands: behind one to four tag characters and at least one blank.
  private static func kindColumn(_ line: ByteScanner) -> (Int, isPaged: Bool)? {
    let last = min(line.position + 12, line.bytes.count)
    for start in line.position..<max(last, line.position) where start > line.position {
      guard line.bytes[start - 1] == 0x20 else { continue }
      var scanner = ByteScanner(line.bytes, at: start)
      let isPaged = scanner.skip("Paged ")
      if isPaged || scanner.skip("Nonp ") {
        let tag = tagBytes(line.bytes[line.position..<start])
        return tag.isEmpty || tag.count > 4 ? nil : (start, isPaged)
      }
    }
    return nil
  }

  private static func tagBytes(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var tag = bytes
    while tag.last == 0x20 { tag.removeLast() }
    return tag
  }

  private static func number(_ scanner: inout ByteScanner) -> Int64? {
    scanner.skipBlanks()
    return scanner.signedDecimal()
  }

  private typealias Counted = (value: Int64, change: Int64?)

  /// A number with the change since the last refresh in parentheses, or without.
  private static func change(_ scanner: inout ByteScanner) -> Counted? {
    guard let value = number(&scanner) else { return nil }
    var attempt = scanner
    guard attempt.skip(" ( "), let change = attempt.signedDecimal(), attempt.skip(")") else {
      return (value, nil)
    }
    scanner = attempt
    return (value, change)
  }

  private static func count(_ scanner: inout ByteScanner) -> Counted? { change(&scanner) }
}
