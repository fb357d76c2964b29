/// A table of pool tags, whatever made it: PoolMon, `!poolused`, a script, a person.
public struct TagTableListing: Sendable, Hashable {
  /// One tag in one kind of pool; what a table does not tell is nil.
  public struct Row: Sendable, Hashable {
    /// The tag.
    public var tag: ListedTag
    /// Paged or not, where the table tells.
    public var isPaged: Bool?
    /// Allocations since boot.
    public var allocations: UInt64?
    /// Frees since boot.
    public var frees: UInt64?
    /// Blocks in use.
    public var live: UInt64?
    /// Bytes in use.
    public var bytes: UInt64?
    /// The driver or description, as the table has it.
    public var text = ""
    /// The line it stands on, from 1.
    public var line = 0

    /// Blocks in use, told or computed.
    public var outstanding: UInt64? {
      if let live { return live }
      guard let allocations, let frees, allocations >= frees else { return nil }
      return allocations - frees
    }
  }

  /// The rows in the order of the table.
  public var rows: [Row] = []
  /// Bytes of a whole pool, where the table tells: nonpaged, paged.
  var nonpagedBytes: UInt64?
  /// Bytes of paged pool.
  var pagedBytes: UInt64?
  /// Seconds from an arbitrary beginning, where a date and a time stand before the table.
  public var time: Double?
  /// Bytes that can still be committed, where the table's head tells.
  var commitLeftBytes: UInt64?

  /// An empty table.
  public init() {}

  /// The rows of `!poolused`, a side each where it is in use.
  public init(_ table: PoolUsedListing) {
    for row in table.rows {
      for (isPaged, usage) in [(false, row.nonpaged), (true, row.paged)]
      where usage.allocations > 0 || usage.usedBytes > 0 {
        rows.append(
          Row(
            tag: row.tag, isPaged: isPaged,
            allocations: usage.frees == nil ? nil : usage.allocations, frees: usage.frees,
            live: usage.outstanding, bytes: usage.usedBytes, text: row.text, line: row.line))
      }
    }
    time = table.time
    nonpagedBytes = table.total?.nonpaged.usedBytes
    pagedBytes = table.total?.paged.usedBytes
  }

  /// The rows of PoolMon.
  public init(_ table: PoolMonitorListing) {
    rows = table.rows.map { row in
      Row(
        tag: row.tag, isPaged: row.isPaged, allocations: row.allocations, frees: row.frees,
        live: UInt64(max(0, row.difference)), bytes: UInt64(max(0, row.usedBytes)),
        text: row.text, line: row.line)
    }
    nonpagedBytes = table.nonpagedKilobytes.map { Saturating.product($0, 1_024) }
    pagedBytes = table.pagedKilobytes.map { Saturating.product($0, 1_024) }
    commitLeftBytes = table.commitLeftKilobytes.map { Saturating.product($0, 1_024) }
    time = table.time
  }

  /// The allocations of a list, counted by tag; each row stands for the tag's first line.
  public init(_ list: AllocationListing) {
    rows = list.totals.sorted { $0.value.line < $1.value.line }.map { kind, total in
      Row(
        tag: kind.tag, isPaged: kind.isPaged, live: total.count, bytes: total.bytes,
        line: total.line)
    }
  }

  /// Bytes of one kind of pool: what the table says of the whole, or the sum of its rows.
  func poolBytes(isPaged: Bool?) -> UInt64 {
    let sum = rows.filter { $0.isPaged == isPaged }
      .reduce(UInt64(0)) { Saturating.sum($0, $1.bytes ?? 0) }
    let told = isPaged == nil ? nil : isPaged == true ? pagedBytes : nonpagedBytes
    return max(sum, told ?? 0)
  }
}

/// What a column, a key or a word beside a number means in a table of tags.
struct TagColumn: Hashable {
  enum Kind: Hashable { case tag, pool, allocations, frees, live, bytes, text, ignored }

  var kind: Kind
  var isPaged: Bool?
  /// What a number without a unit counts, in bytes: `Size (MB)`.
  var unitBytes: UInt64 = 1

  /// Names in lower case; what stands in parentheses explains and does not count, a unit excepted.
  private static let names: [String: Kind] = [
    "tag": .tag, "pooltag": .tag, "pool tag": .tag, "tag name": .tag, "tagname": .tag,
    "type": .pool, "pool": .pool, "pool type": .pool, "pooltype": .pool,
    "alloc": .allocations, "allocs": .allocations, "allocations": .allocations,
    "total allocs": .allocations, "total allocations": .allocations, "allocated": .allocations,
    "free": .frees, "frees": .frees, "freed": .frees, "total frees": .frees,
    "diff": .live, "difference": .live, "outstanding": .live, "live": .live, "in use": .live,
    "count": .live, "blocks": .live, "outstanding allocations": .live, "live blocks": .live,
    "live allocations": .live, "outstanding allocs": .live, "live allocs": .live,
    "current allocations": .live, "current allocs": .live, "not freed": .live,
    "bytes": .bytes, "used": .bytes, "size": .bytes, "usage": .bytes, "current bytes": .bytes,
    "used bytes": .bytes, "total bytes": .bytes, "bytes used": .bytes, "memory": .bytes,
    "current size": .bytes, "total size": .bytes, "live bytes": .bytes,
    "driver": .text, "mapped_driver": .text, "mapped driver": .text, "description": .text,
    "owner": .text, "component": .text, "source": .text, "binary": .text,
  ]

  init?(name: String) {
    var isPaged: Bool?
    var words = name.lowercased()
    for (unit, bytes) in [
      ("kb", UInt64(1) << 10), ("mb", 1 << 20), ("gb", 1 << 30),
      ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30),
    ]
    where words.contains("(\(unit))") || words == unit || words.hasSuffix(" \(unit)") {
      unitBytes = bytes
      if words == unit { words = "bytes" }
      if words.hasSuffix(" \(unit)") { words = String(words.dropLast(unit.count + 1)) }
    }
    if let open = words.firstIndex(of: "(") { words = String(words[..<open]) }
    words = words.filter { $0 != "`" && $0 != "*" }
    // `NonPagedAllocs`, `Nonpaged bytes`, `Paged Pool Used`.
    for (prefix, isPagedPrefix) in [("nonpaged", false), ("non-paged", false), ("paged", true)]
    where words.hasPrefix(prefix) && words.count > prefix.count {
      isPaged = isPagedPrefix
      words = String(words.dropFirst(prefix.count))
      break
    }
    let isOfPool = isPaged != nil
    words = words.split(separator: " ").filter { word in !isOfPool || word != "pool" }
      .joined(separator: " ")
    guard let kind = Self.names[words] else { return nil }
    self.kind = kind
    self.isPaged = isPaged
  }
}

/// Numbers as people and scripts write them: with separators, fractions and units.
enum WrittenNumber {
  /// The value in units of one; nil for what is no number. What follows in parentheses repeats it.
  /// Of what is counted in whole numbers, `isWhole`, a point with three digits behind it separates
  /// thousands.
  static func parse(_ text: String, isWhole: Bool = false) -> UInt64? {
    var digits = ""
    var rest = Substring(text).drop { $0 == " " || $0 == "`" || $0 == "*" || $0 == "+" }
    while let first = rest.first {
      if first.isASCII, first.isNumber || first == "," || first == "." || first == "'" {
        digits.append(first)
      } else if first == "_" || first == "\u{202F}" || first == "\u{A0}" {
        // A separator of thousands.
      } else if first == " ", isThousands(rest) {
        // So is a blank with three digits behind it.
      } else {
        break
      }
      rest = rest.dropFirst()
    }
    guard digits.contains(where: \.isNumber), digits.utf8.count <= 32 else { return nil }
    let unit = rest.drop { $0 == " " }.prefix { $0.isLetter }.lowercased()
    guard let factor = factor(of: unit),
      let value = value(digits, isWhole: isWhole && unit.isEmpty)
    else { return nil }
    return scaled(value, by: factor)
  }

  /// Bytes in a unit; 1 for none.
  static func factor(of unit: String) -> UInt64? {
    switch unit {
    case "", "b", "byte", "bytes": 1
    case "k", "kb", "kib": 1 << 10
    case "m", "mb", "mib": 1 << 20
    case "g", "gb", "gib": 1 << 30
    case "t", "tb", "tib": 1 << 40
    default: nil
    }
  }

  private static func isThousands(_ rest: Substring) -> Bool {
    let next = rest.dropFirst().prefix(4)
    return next.count >= 3 && next.prefix(3).allSatisfy { $0.isASCII && $0.isNumber }
      && !(next.dropFirst(3).first?.isNumber ?? false)
  }

  /// A whole number and its fraction in millionths.
  private static func value(_ text: String, isWhole: Bool) -> (whole: UInt64, millionths: UInt64)? {
    let plain = text.filter { $0 != "'" }
    let separators = plain.filter { $0 == "," || $0 == "." }
    // The last separator is a decimal one unless it repeats, or three digits follow a comma.
    guard let last = separators.last, let place = plain.lastIndex(of: last) else {
      return UInt64(plain).map { ($0, 0) }
    }
    let behind = plain[plain.index(after: place)...]
    let isOfThousands =
      behind.count == 3 && (last == "," || isWhole && (1...3).contains(plain[..<place].count))
    let isDecimal = separators.count(where: { $0 == last }) == 1 && !isOfThousands
    let whole = isDecimal ? plain[..<place] : plain[...]
    guard let value = UInt64(whole.filter(\.isNumber)) else {
      return nil
    }
    guard isDecimal else { return (value, 0) }
    let six = behind.prefix(6)
    guard let fraction = UInt64(six) else { return behind.isEmpty ? (value, 0) : nil }
    let scale = (six.count..<6).reduce(UInt64(1)) { scale, _ in scale * 10 }
    return (value, fraction * scale)
  }

  private static func scaled(
    _ value: (whole: UInt64, millionths: UInt64), by factor: UInt64
  ) -> UInt64 {
    let fraction =
      value.millionths == 0 ? 0 : UInt64(Double(value.millionths) / 1e6 * Double(factor))
    return Saturating.sum(Saturating.product(value.whole, factor), fraction)
  }
}

/// Tables of tags that people and scripts make.
extension ListingAssembler {
  mutating func addTagTable(_ line: RecognisedLine, _ number: Int) {
    switch line {
    case .tagColumns(let columns):
      closeTagTable()
      tagColumns = columns
      openTagTable(number)
    case .tagRow(let row):
      if !tagColumns.isEmpty { closeTagTable() }
      openTagTable(number)
      append(row, number)
    case .tagKey(let tag):
      if !tagColumns.isEmpty { closeTagTable() }
      openTagTable(number)
      append(TagTableListing.Row(tag: tag), number)
    case .tagPool(let isPaged): updateLastRow { $0.isPaged = isPaged }
    case .tagValue(let column, let value): addValue(column, value, number)
    default: break
    }
  }

  /// True when the line was a row of the open table.
  mutating func addTagTableRow(_ bytes: [UInt8], _ number: Int) -> Bool {
    guard tagTable != nil, !tagColumns.isEmpty else { return false }
    guard let rows = TagTableLine.rows(bytes, tagColumns) else {
      let isTorn = [0x7C, 0x09, 0x3B, 0x2C].contains { bytes.contains($0) }
      if !isTorn { closeTagTable() }
      return false
    }
    for row in rows { append(row, number) }
    return true
  }

  private mutating func openTagTable(_ number: Int) {
    guard tagTable == nil else { return }
    var listing = TagTableListing()
    listing.time = time
    tagTable = OpenTable(index: open(.tagTable(listing), line: number), content: listing)
  }

  private mutating func append(_ row: TagTableListing.Row, _ number: Int) {
    var row = row
    row.line = number
    let total = ["TOTA", "Tota", "tota", "Sum "].map { ListedTag($0) }
    if total.contains(row.tag) { return }
    if hasRoom(tagTable?.content.rows.count, number) { tagTable?.content.rows.append(row) }
  }

  private mutating func updateLastRow(_ change: (inout TagTableListing.Row) -> Void) {
    guard tagColumns.isEmpty, let last = tagTable?.content.rows.indices.last else { return }
    if let row = tagTable?.content.rows[last] {
      var row = row
      change(&row)
      tagTable?.content.rows[last] = row
    }
  }

  /// A value of the block begun last; values of the other kind of pool make a row of their own.
  private mutating func addValue(_ column: TagColumn, _ value: UInt64, _ number: Int) {
    guard tagColumns.isEmpty, let last = tagTable?.content.rows.last else {
      reading.unrecognisedLines += 1
      return
    }
    if let isPaged = column.isPaged, let known = last.isPaged, known != isPaged {
      append(TagTableListing.Row(tag: last.tag, isPaged: isPaged), number)
    }
    updateLastRow {
      if let isPaged = column.isPaged { $0.isPaged = isPaged }
      TagTableLine.set(&$0, column.kind, value)
    }
  }
}
