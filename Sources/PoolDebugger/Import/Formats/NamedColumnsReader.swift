/// Comma- or tab-separated values by named columns, the plainest format there is and what any
/// recorder can be made to write: `op,id,size[,tag,time,cpu]`, with aliases for each name.
///
/// `id` is whatever identifies a block until it is freed, an address or a number; a free needs no
/// size. A reallocation needs the old block in `old`, or has the same id.
struct NamedColumnsReader: RecordedTraceReader {
  private enum Column { case operation, id, old, size, count, tag, pool, site }

  /// Names in lower case, letters and digits only.
  private static let names: [String: Column] = [
    "op": .operation, "operation": .operation, "action": .operation, "call": .operation,
    "func": .operation, "function": .operation, "kind": .operation, "event": .operation,
    "id": .id, "ptr": .id, "pointer": .id, "address": .id, "addr": .id, "block": .id,
    "result": .id, "ret": .id, "handle": .id,
    "old": .old, "oldid": .old, "oldptr": .old, "oldaddress": .old, "from": .old,
    "size": .size, "bytes": .size, "length": .size, "len": .size, "nbytes": .size,
    "count": .count, "nmemb": .count, "tag": .tag, "pooltag": .tag, "pool": .pool,
    "pooltype": .pool, "site": .site, "caller": .site, "callsite": .site, "stack": .site,
  ]

  private var columns: [Column?]?
  private var isTabbed = false
  private var operations = WordCache<Operation?>()

  private enum Operation { case allocate, free, reallocate }

  /// A header of such a table: an operation, an id and a size are named.
  static func isHeader(_ line: [UInt8]) -> Bool {
    let columns = columns(of: fields(line, isTabbed: line.contains(0x09)))
    return columns.contains(.operation) && columns.contains(.id) && columns.contains(.size)
  }

  private static func fields(_ line: [UInt8], isTabbed: Bool) -> [ArraySlice<UInt8>] {
    guard isTabbed else { return CommaSeparatedLine.fields(line) }
    return line.split(separator: 0x09, maxSplits: 64, omittingEmptySubsequences: false)
  }

  private static func columns(of fields: [ArraySlice<UInt8>]) -> [Column?] {
    fields.map { names[EventColumn.letters($0)] }
  }

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    if line.rest.isEmpty || line.bytes.first == 0x23 { return nil }
    guard let columns else {
      isTabbed = line.bytes.contains(0x09)
      guard Self.isHeader(line.bytes) else { return .dropped(.otherEvent) }
      columns = Self.columns(of: Self.fields(line.bytes, isTabbed: isTabbed))
      return nil
    }
    let fields = Self.fields(line.bytes, isTabbed: isTabbed)
    func field(_ column: Column) -> ArraySlice<UInt8>? {
      columns.firstIndex(of: column).flatMap { $0 < fields.count ? fields[$0] : nil }
        .flatMap { $0.isEmpty ? nil : $0 }
    }
    guard let name = field(.operation),
      let operation = operations.meaning(of: name, { Self.operation($0) })
    else { return .dropped(.otherEvent) }
    guard let id = field(.id).flatMap(Self.number) else { return .dropped(.hiddenAddress) }
    if operation == .free { return .free(key: id) }
    guard let each = field(.size).flatMap(Self.number) else { return .dropped(.unreadableLine) }
    let bytes = Saturating.product(each, field(.count).flatMap(Self.number) ?? 1)
    let pool = field(.pool).map { String(decoding: $0, as: UTF8.self) }
    let origin = RecordedEvent.Origin(
      pool: pool.flatMap(Self.pool), tag: field(.tag).map { ListedTag($0.prefix(4)) },
      site: field(.site))
    guard operation == .reallocate else {
      return .allocation(key: id, bytes: bytes, origin: origin)
    }
    let old = field(.old).flatMap(Self.number) ?? id
    return .reallocation(old: old, key: id, bytes: bytes, origin: origin)
  }

  private static func operation(_ name: ArraySlice<UInt8>) -> Operation? {
    let word = EventColumn.letters(name)
    switch word {
    case "a", "alloc", "allocate", "malloc", "calloc", "new", "m", "memalign", "kmalloc":
      return .allocate
    case "f", "free", "delete", "dealloc", "release", "kfree": return .free
    case "r", "realloc", "reallocate", "resize": return .reallocate
    default:
      if word.contains("realloc") { return .reallocate }
      if word.contains("free") { return .free }
      return word.contains("alloc") ? .allocate : nil
    }
  }

  private static func pool(_ text: String) -> String? {
    let word = text.lowercased()
    if word.hasPrefix("nonpagednx") { return "NonPagedNx" }
    if word.hasPrefix("non") { return "NonPaged" }
    return word.hasPrefix("paged") ? "Paged" : nil
  }

  private static func number(_ field: ArraySlice<UInt8>) -> UInt64? {
    var scanner = ByteScanner(Array(field))
    scanner.skipBlanks()
    if let value = scanner.number(), scanner.rest.isEmpty { return value }
    // An address without `0x` in front of it.
    scanner = ByteScanner(Array(field))
    scanner.skipBlanks()
    guard let value = scanner.hexadecimal(), scanner.rest.isEmpty else { return nil }
    return value
  }
}

/// Splits a line of comma-separated values: fields may be in double quotes, a doubled quote inside
/// stands for one; blanks around a field do not count.
enum CommaSeparatedLine {
  /// More fields than any table has; the rest of the line is ignored.
  static let mostFields = 256

  static func fields(_ line: [UInt8]) -> [ArraySlice<UInt8>] {
    var fields: [ArraySlice<UInt8>] = []
    fields.reserveCapacity(16)
    var index = 0
    while index <= line.count, fields.count < mostFields {
      while index < line.count, line[index] == 0x20 || line[index] == 0x09 { index += 1 }
      if index < line.count, line[index] == 0x22 {
        fields.append(quoted(line, &index))
        while index < line.count, line[index] != 0x2C { index += 1 }
      } else {
        let start = index
        while index < line.count, line[index] != 0x2C { index += 1 }
        var end = index
        while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
        fields.append(line[start..<end])
      }
      index += 1
    }
    return fields
  }

  private static func quoted(_ line: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    index += 1
    while index < line.count {
      if line[index] == 0x22 {
        guard index + 1 < line.count, line[index + 1] == 0x22 else { break }
        index += 1
      }
      bytes.append(line[index])
      index += 1
    }
    index += 1
    return bytes[...]
  }
}
