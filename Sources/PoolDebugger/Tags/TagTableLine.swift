/// Lines of tables of tags that people and scripts make: Markdown, comma- or tab-separated values
/// with any header, blocks of `key: value`, and words beside numbers.
enum TagTableLine {
  /// More columns than any such table has.
  private static let mostColumns = 64

  /// A line that tells by itself that it belongs to such a table.
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    guard line.bytes.count <= PlainText.mostBytes else { return nil }
    if let columns = header(line.bytes) { return .tagColumns(columns) }
    if let row = paired(line) ?? worded(line) { return .tagRow(row) }
    return keyed(line)
  }

  // MARK: - Tables with a header

  private static func cells(_ bytes: [UInt8]) -> [String]? {
    let separator: UInt8
    if bytes.contains(0x7C) {
      separator = 0x7C
    } else if bytes.contains(0x09) {
      separator = 0x09
    } else if bytes.contains(0x3B) {
      separator = 0x3B
    } else if bytes.contains(0x2C) {
      return CommaSeparatedLine.fields(bytes).prefix(mostColumns).map(ByteScanner.trimmed)
    } else {
      return nil
    }
    var parts = bytes.split(
      separator: separator, maxSplits: mostColumns, omittingEmptySubsequences: false)
    if separator == 0x7C {
      if let first = parts.first, ByteScanner.trimmed(first).isEmpty { parts.removeFirst() }
      if let last = parts.last, ByteScanner.trimmed(last).isEmpty { parts.removeLast() }
    }
    return parts.map { part in
      let text = ByteScanner.trimmed(part)
      return text.count >= 2 && text.first == "\"" && text.last == "\""
        ? String(text.dropFirst().dropLast()) : text
    }
  }

  /// The columns of a header: one is the tag, another one counts something.
  private static func header(_ bytes: [UInt8]) -> [TagColumn?]? {
    guard let cells = cells(bytes), cells.count >= 2 else { return nil }
    let columns = cells.map { TagColumn(name: plain($0)) }
    let kinds = columns.compactMap { $0?.kind }
    guard kinds.count(where: { $0 == .tag }) == 1,
      kinds.contains(where: { [.allocations, .frees, .live, .bytes].contains($0) })
    else { return nil }
    // An event table, which has addresses or times too, is for `import`.
    let isEventTable = cells.contains { EventColumn(name: Array($0.utf8)[...]) == .address }
    return isEventTable || NamedColumnsReader.isHeader(bytes) ? nil : columns
  }

  /// The rows that a line of a table holds, one for each kind of pool; empty for the rule below a
  /// header, nil for what is no row.
  static func rows(_ bytes: [UInt8], _ columns: [TagColumn?]) -> [TagTableListing.Row]? {
    guard let cells = cells(bytes), cells.count >= 2, cells.count <= columns.count + 1 else {
      return nil
    }
    if cells.allSatisfy({ $0.allSatisfy { "-: ".contains($0) } }) { return [] }
    var rows: [Bool?: TagTableListing.Row] = [:]
    guard let tagIndex = columns.firstIndex(where: { $0?.kind == .tag }), tagIndex < cells.count,
      let tag = tag(plain(cells[tagIndex]))
    else { return nil }
    var shared = TagTableListing.Row(tag: tag)
    for (column, cell) in zip(columns, cells) {
      guard let column else { continue }
      if column.kind == .pool { shared.isPaged = isPaged(cell) }
      if column.kind == .text { shared.text = cell }
    }
    for (column, cell) in zip(columns, cells) {
      guard let column, [.allocations, .frees, .live, .bytes].contains(column.kind) else {
        continue
      }
      guard !cell.isEmpty, cell != "-" else { continue }
      guard let number = number(cell, column) else { return nil }
      var row = rows[column.isPaged] ?? shared
      if let isPaged = column.isPaged { row.isPaged = isPaged }
      set(&row, column.kind, number)
      rows[column.isPaged] = row
    }
    return rows.isEmpty ? nil : [nil, false, true].compactMap { rows[$0] }
  }

  private static func number(_ cell: String, _ column: TagColumn) -> UInt64? {
    let isWhole = column.kind != .bytes || column.unitBytes == 1
    guard let value = WrittenNumber.parse(plain(cell), isWhole: isWhole) else { return nil }
    return column.kind == .bytes ? Saturating.product(value, column.unitBytes) : value
  }

  static func set(_ row: inout TagTableListing.Row, _ kind: TagColumn.Kind, _ value: UInt64) {
    switch kind {
    case .allocations: row.allocations = value
    case .frees: row.frees = value
    case .live: row.live = value
    case .bytes: row.bytes = value
    case .tag, .pool, .text, .ignored: break
    }
  }

  private static func plain(_ cell: String) -> String {
    ByteScanner.trimmed(PlainText.strip(Array(cell.utf8))[...])
  }

  private static func tag(_ text: String) -> ListedTag? {
    let bytes = Array(text.utf8)
    guard (1...4).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      return nil
    }
    return ListedTag(bytes)
  }

  static func isPaged(_ text: String) -> Bool? {
    let words = text.lowercased()
    if words.hasPrefix("non") { return false }
    return words.hasPrefix("paged") ? true : nil
  }

  // MARK: - Words beside numbers

  /// `WCsc  874 alloc / 0 free / 874 live  0.0% freed`: a tag, then numbers with their words.
  private static func worded(_ line: ByteScanner) -> TagTableListing.Row? {
    var scanner = ByteScanner(PlainText.strip(line.bytes))
    scanner.skipBlanks()
    let word = scanner.word()
    guard let tag = tag(String(decoding: word, as: UTF8.self).filter { $0 != ":" }) else {
      return nil
    }
    var row = TagTableListing.Row(tag: tag)
    var kinds: Set<TagColumn.Kind> = []
    let words = scanner.rest.split { " /|;".contains($0) }.map(String.init)
    var index = 0
    while index + 1 < words.count, index < mostColumns {
      defer { index += 1 }
      let number = words[index]
      let name = words[index + 1].filter { $0 != "," && $0 != "." }
      let isCounted = !number.contains("%")
      guard isCounted, let value = WrittenNumber.parse(number) else { continue }
      if let factor = WrittenNumber.factor(of: name.lowercased()), !name.isEmpty {
        row.bytes = Saturating.product(value, factor)
        kinds.insert(.bytes)
      } else if let column = TagColumn(name: name) {
        set(&row, column.kind, value)
        kinds.insert(column.kind)
      }
    }
    return kinds.intersection([.allocations, .frees, .live, .bytes]).count >= 2 ? row : nil
  }

  /// `NonPaged Tag=NtFC Allocs=20 Frees=3 Bytes=12 MB`: names and values in pairs.
  private static func paired(_ line: ByteScanner) -> TagTableListing.Row? {
    guard line.bytes.contains(0x3D) else { return nil }
    let text = String(decoding: PlainText.strip(line.bytes), as: UTF8.self)
    var words = text.split { $0 == " " || $0 == ";" }.prefix(mostColumns).map {
      String($0.hasSuffix(",") ? $0.dropLast() : $0)
    }
    // A unit behind its number.
    for index in words.indices.dropFirst().reversed()
    where words[index - 1].contains("=")
      && WrittenNumber.factor(of: words[index].lowercased()) != nil
    {
      words[index - 1] += words.remove(at: index)
    }
    var row = TagTableListing.Row(tag: ListedTag(""))
    var kinds: Set<TagColumn.Kind> = []
    for word in words {
      guard let equals = word.firstIndex(of: "=") else {
        if let isPaged = isPaged(word) { row.isPaged = isPaged }
        continue
      }
      let value = String(word[word.index(after: equals)...])
      guard let column = TagColumn(name: String(word[..<equals])) else { continue }
      switch column.kind {
      case .tag:
        guard let tag = tag(value) else { return nil }
        row.tag = tag
      case .pool: row.isPaged = isPaged(value)
      case .text, .ignored: continue
      default:
        guard let number = number(value, column) else { return nil }
        if let isPaged = column.isPaged { row.isPaged = isPaged }
        set(&row, column.kind, number)
      }
      kinds.insert(column.kind)
    }
    let counted = kinds.intersection([.allocations, .frees, .live, .bytes])
    return kinds.contains(.tag) && !counted.isEmpty ? row : nil
  }

  // MARK: - Keys and values

  /// `Tag: NtFC` begins a row, `Nonpaged bytes: 18,574,637,216 (17.3 GiB)` adds to it.
  private static func keyed(_ line: ByteScanner) -> RecognisedLine? {
    let bytes = PlainText.strip(line.bytes)
    guard let colon = bytes.firstIndex(of: 0x3A), colon <= 40 else { return nil }
    var name = ByteScanner.trimmed(bytes[..<colon])
    while name.hasPrefix("-") || name.hasPrefix(" ") { name.removeFirst() }
    guard let column = TagColumn(name: name) else { return nil }
    let value = ByteScanner.trimmed(bytes[(colon + 1)...])
    switch column.kind {
    case .tag: return tag(value.filter { $0 != "'" }).map { .tagKey($0) }
    case .pool: return isPaged(value).map { .tagPool(isPaged: $0) }
    case .text: return nil
    default: return number(value, column).map { .tagValue(column, $0) }
    }
  }
}
