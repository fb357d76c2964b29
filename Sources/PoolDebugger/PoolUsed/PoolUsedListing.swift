/// A `!poolused` table.
public struct PoolUsedListing: Sendable, Hashable {
  /// One side (nonpaged or paged) of a row.
  public struct Usage: Sendable, Hashable {
    /// Outstanding allocations (in the plain form), or all of them since boot (`Allocs` of the
    /// verbose form).
    public var allocations: UInt64
    /// Frees since boot; only in the verbose form.
    public var frees: UInt64?
    /// Outstanding allocations as the verbose form prints them.
    public var difference: Int64?
    /// Bytes in outstanding blocks, headers included.
    public var usedBytes: UInt64

    /// Allocations not yet freed, in either form.
    public var outstanding: UInt64 {
      guard let difference else { return allocations }
      return difference > 0 ? UInt64(difference) : 0
    }
  }

  /// One tag.
  public struct Row: Sendable, Hashable {
    /// The tag.
    public var tag: ListedTag
    /// The nonpaged side.
    public var nonpaged: Usage
    /// The paged side.
    public var paged: Usage
    /// What the debugger's tag file says of it.
    public var text: String
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// The order, as the listing names it (`Tag`, `NonPaged Pool Consumed`, ...).
  public var sortedBy: String?
  /// The pattern of tags that the command was given, when the command is part of the text.
  public var tagPattern: String?
  /// Seconds from an arbitrary beginning, where a date and a time stand before the table.
  public var time: Double?
  /// The tags in the order of the listing.
  public var rows: [Row] = []
  /// The line TOTAL, nonpaged and paged.
  public var total: Row?
}

/// A pool tag as a listing shows it: four bytes in memory order.
///
/// Debuggers print a byte outside 0x20...0x7e as a full stop, so a full stop in a listing may stand
/// for any byte; blanks at the end belong to the tag (`Io  `, `Vad `) and are restored when a copy
/// lost them.
public struct ListedTag: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The four bytes in memory order, the first in the lowest byte (as the header stores them).
  public let rawValue: UInt32

  /// A tag from the dword that a header or a bug check shows.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A tag from up to four bytes; shorter ones are padded with blanks on the right.
  public init(_ bytes: some Sequence<UInt8>) {
    var value: UInt32 = 0x2020_2020
    for (index, byte) in bytes.prefix(4).enumerated() {
      value &= ~(0xFF << UInt32(index * 8))
      value |= UInt32(byte) << UInt32(index * 8)
    }
    rawValue = value
  }

  /// A tag from text, padded with blanks: `ListedTag("Io")` is `Io  `.
  public init(_ text: String) { self.init(text.utf8) }

  /// The four bytes in memory order.
  public var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> ($0 * 8)) } }

  /// Always four characters, unprintable bytes as full stops.
  public var description: String {
    String(
      decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : 0x2E }, as: UTF8.self)
  }

  /// The order of the printed text, which is what a person looks a tag up by.
  public static func < (left: ListedTag, right: ListedTag) -> Bool {
    left.rawValue.byteSwapped < right.rawValue.byteSwapped
  }
}

/// Headings and rows of `!poolused`.
enum PoolUsedLine {
  static func heading(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    guard let first = scanner.next, [0x53, 0x50, 0x4E, 0x54].contains(first) else { return nil }
    if scanner.skip("Sorting by ") { return .poolUsedSorting(scanner.rest) }
    if scanner.skip("Pool Used:") { return .poolUsedHeading }
    var columns = scanner
    if columns.skip("NonPaged Paged") {
      columns.skipBlanks()
      if columns.isAtEnd { return .poolUsedHeading }
    }
    columns = scanner
    if columns.skip("Tag Allocs Used Allocs Used") { return .poolUsedColumns(isVerbose: false) }
    columns = scanner
    if columns.skip("Tag Allocs Frees Diff Used") { return .poolUsedColumns(isVerbose: true) }
    return nil
  }

  /// A row needs context: without a word on it, four numbers behind a name can be anything. Only a
  /// row whose description has the debugger's own words is believed by itself.
  static func isSelfEvident(_ line: ByteScanner) -> Bool {
    line.bytes.contains(0x09) || line.contains("UNKNOWN pooltag '") || line.contains(", Binary: ")
  }

  static func row(_ line: ByteScanner, isVerbose: Bool, number: Int) -> PoolUsedListing.Row? {
    let columns = isVerbose ? 8 : 4
    guard let (tag, start) = tagAndNumbers(line, columns: columns) else { return nil }
    var scanner = ByteScanner(line.bytes, at: start)
    guard let values = numbers(&scanner, count: columns) else { return nil }
    func usage(_ first: Int) -> PoolUsedListing.Usage {
      guard isVerbose else {
        return .init(allocations: values[first], usedBytes: values[first + 1])
      }
      return .init(
        allocations: values[first], frees: values[first + 1],
        difference: Int64(truncatingIfNeeded: values[first + 2]), usedBytes: values[first + 3])
    }
    return PoolUsedListing.Row(
      tag: tag, nonpaged: usage(0), paged: usage(isVerbose ? 4 : 2),
      text: scanner.rest, line: number)
  }

  /// Whether the row is the line TOTAL; its name does not fit the tag column.
  static func totalStart(_ line: ByteScanner) -> Int? {
    var scanner = line
    scanner.skipBlanks()
    return scanner.skip("TOTAL ") ? scanner.position : nil
  }

  /// The tag is four columns behind at most one blank in an intact table; in a collapsed one it is
  /// the shortest beginning behind which the numbers follow.
  private static func tagAndNumbers(
    _ line: ByteScanner, columns: Int
  ) -> (ListedTag, Int)? {
    if let start = totalStart(line) { return (ListedTag("TOTA"), start) }
    let bytes = line.bytes
    for indent in [1, 0] where bytes.count > indent + 5 {
      let isIndented = bytes[0] == 0x20
      guard isIndented == (indent == 1) else { continue }
      var scanner = ByteScanner(bytes, at: indent + 4)
      guard scanner.next == 0x20, bytes[indent] != 0x20 || bytes[indent + 3] != 0x20 else {
        continue
      }
      let gap = scanner.position
      scanner.skipBlanks()
      guard scanner.position - gap >= 2, numbers(&scanner, count: columns) != nil else { continue }
      return (ListedTag(bytes[indent..<(indent + 4)]), gap)
    }
    return collapsedTag(line, columns: columns)
  }

  private static func collapsedTag(
    _ line: ByteScanner, columns: Int
  ) -> (ListedTag, Int)? {
    var scanner = line
    scanner.skipBlanks()
    let start = scanner.position
    var found: (ListedTag, Int)?
    for length in 1...4 where start + length < line.bytes.count {
      guard line.bytes[start + length] == 0x20 else { continue }
      var rest = ByteScanner(line.bytes, at: start + length)
      guard numbers(&rest, count: columns) != nil else { continue }
      rest.skipBlanks()
      let tag = ListedTag(line.bytes[start..<(start + length)])
      found = found ?? (tag, start + length)
      // A number left over belongs to the columns, so a longer tag is the better reading.
      if rest.decimal() == nil { return (tag, start + length) }
    }
    return found
  }

  /// The old table glues the description to the last number. A printed number never begins with a
  /// zero unless it is zero, which separates `0` from `1394 OHCI` in `01394 OHCI`.
  private static func numbers(_ scanner: inout ByteScanner, count: Int) -> [UInt64]? {
    var values: [UInt64] = []
    for index in 0..<count {
      let before = scanner.position
      scanner.skipBlanks()
      guard index == 0 || scanner.position > before else { return nil }
      if index == count - 1, scanner.next == 0x30 {
        scanner.position += 1
        values.append(0)
        continue
      }
      // Only the difference of the verbose form can be negative.
      let negative = count == 8 && index % 4 == 2 && scanner.skip(0x2D)
      guard let value = scanner.decimal() else { return nil }
      values.append(negative ? 0 &- value : value)
    }
    return values
  }
}
