/// A screen or a snapshot file of PoolMon.
public struct PoolMonitorListing: Sendable, Hashable {
  /// One row: a tag in one kind of pool, counted since boot.
  public struct Row: Sendable, Hashable {
    /// The tag.
    public var tag: ListedTag
    /// Paged (`Paged`) or not (`Nonp`).
    public var isPaged: Bool
    /// Allocations since boot.
    public var allocations: UInt64
    /// Frees since boot.
    public var frees: UInt64
    /// Outstanding allocations as printed.
    public var difference: Int64
    /// Outstanding bytes as printed.
    public var usedBytes: Int64
    /// Changes since the last refresh: allocations, frees, bytes; absent in snapshot files.
    public var change: Change?
    /// Mean bytes of an outstanding allocation, as printed.
    var bytesPerAllocation: UInt64
    /// The driver or description column.
    public var text: String
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// Changes since the last refresh.
  public struct Change: Sendable, Hashable {
    /// Allocations made.
    public var allocations: Int64
    /// Frees made.
    public var frees: Int64
    /// Bytes gained or lost.
    public var bytes: Int64
  }

  /// The title (`System pool information`, `Session 0 pool information`, ...).
  public var title: String?
  /// `Pool N:` of the header, in kilobytes.
  var nonpagedKilobytes: UInt64?
  /// `P:` beside it, in kilobytes.
  var pagedKilobytes: UInt64?
  /// What may still be committed before the limit, in kilobytes, from the header.
  var commitLeftKilobytes: UInt64?
  /// Seconds from an arbitrary beginning, where a date and a time stand before the screen.
  public var time: Double?
  /// The rows.
  public var rows: [Row] = []
}

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
