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
    tagTable?.content.rows.append(row)
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
