/// ETW pool events as CSV.
///
/// Three shapes are understood, all by their headers: one header for all lines with a column that
/// names the event; a header line for each event (`PoolAlloc, TimeStamp, ...`, as event dumpers
/// print them); and a table of lifetimes with the times of allocation and free, whose rows must be
/// in the order of their begin. Of the provider's events 32 and 33 allocate, 34 and 35 free; the
/// odd ones are of a session (PoolTrace class, version 2).
struct EventTableReader: RecordedTraceReader {
  private typealias Columns = [EventColumn?]

  private var columns: Columns?
  private var columnsOfEvent: [String: Columns] = [:]
  private var lifetimes = Lifetimes()
  private var kinds = WordCache<Kind?>()
  private var pools = WordCache<String?>()
  private(set) var outOfOrder = 0

  static func isHeader(_ line: [UInt8]) -> Bool {
    isHeader(CommaSeparatedLine.fields(line))
  }

  /// A header in which a column names the event.
  static func namesEvents(_ line: [UInt8]) -> Bool {
    isHeader(line) && CommaSeparatedLine.fields(line).contains { EventColumn(name: $0) == .event }
  }

  /// A row has a number somewhere, which no header has; most lines are told apart by that alone.
  private static func isHeader(_ fields: [ArraySlice<UInt8>]) -> Bool {
    let hasNumber = fields.contains { field in
      !field.isEmpty && field.allSatisfy { (0x30...0x39).contains($0) }
    }
    if hasNumber { return false }
    let columns = fields.map { EventColumn(name: $0) }
    let known = columns.compactMap { $0 }
    return known.contains(.bytes)
      && (known.contains(.address) || known.contains(.allocationTime))
  }

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    let fields = CommaSeparatedLine.fields(line.bytes)
    if fields.count < 2 { return line.rest.isEmpty ? nil : .dropped(.otherEvent) }
    if Self.isHeader(fields) {
      readHeader(fields)
      return nil
    }
    let own = columnsOfEvent.isEmpty ? nil : columnsOfEvent[EventColumn.letters(fields[0])]
    guard let columns = own ?? columns else { return .dropped(.otherEvent) }
    let row = Row(fields, columns)
    if columns.contains(.allocationTime) { return lifetime(row) }
    return event(row, named: own == nil ? row.text(.event) : fields[0])
  }

  mutating func following() -> RecordedEvent? { lifetimes.next() }

  mutating func end() { lifetimes.end() }

  /// A header of one event has the event's own name first and a time behind it.
  private mutating func readHeader(_ fields: [ArraySlice<UInt8>]) {
    let found = fields.map { EventColumn(name: $0) }
    let first = EventColumn.letters(fields[0])
    if EventColumn(name: fields[0]) == nil, Kind(first) != nil,
      EventColumn.letters(fields[1]).hasPrefix("time")
    {
      columnsOfEvent[first] = [nil] + found.dropFirst()
    } else {
      columns = found
    }
  }

  private enum Kind {
    case allocation(isSession: Bool)
    case free

    init?(_ name: String) {
      let isSession = name.contains("session") || name == "33" || name == "35"
      if name == "34" || name == "35" || name.contains("free") {
        self = .free
      } else if name == "32" || name == "33" || name.contains("alloc") {
        self = .allocation(isSession: isSession)
      } else {
        return nil
      }
    }
  }

  private mutating func event(_ row: Row, named name: ArraySlice<UInt8>?) -> RecordedEvent {
    guard let name, let kind = kinds.meaning(of: name, { Kind(EventColumn.letters($0)) }) else {
      return .dropped(.otherEvent)
    }
    guard let address = row.address() else { return .dropped(.hiddenAddress) }
    switch kind {
    case .free: return .free(key: address)
    case .allocation(let isSession):
      guard let bytes = row.number(.bytes) else { return .dropped(.unreadableLine) }
      return .allocation(
        key: address, bytes: bytes, origin: row.origin(isSession: isSession, &pools))
    }
  }

  private mutating func lifetime(_ row: Row) -> RecordedEvent? {
    guard let bytes = row.number(.bytes), let begin = row.time(.allocationTime) else {
      return .dropped(.unreadableLine)
    }
    if !lifetimes.add(
      from: begin, to: row.time(.freeTime), bytes: bytes,
      origin: row.origin(isSession: false, &pools))
    {
      outOfOrder += 1
    }
    return lifetimes.next()
  }
}

extension EventTableReader {
  /// One row of an event table and what its columns are.
  struct Row {
    private let fields: [ArraySlice<UInt8>]
    private let columns: [EventColumn?]

    init(_ fields: [ArraySlice<UInt8>], _ columns: [EventColumn?]) {
      self.fields = fields
      self.columns = columns
    }

    func text(_ column: EventColumn) -> ArraySlice<UInt8>? {
      guard let index = columns.firstIndex(of: column), index < fields.count,
        !fields[index].isEmpty
      else { return nil }
      return fields[index]
    }

    /// A count; exporters put commas between thousands.
    func number(_ column: EventColumn) -> UInt64? {
      guard let text = text(column) else { return nil }
      var scanner = ByteScanner(
        text.contains(0x2C) ? text.filter { $0 != 0x2C } : Array(text))
      guard let value = scanner.number(), scanner.rest.isEmpty else { return nil }
      return value
    }

    /// Addresses are hexadecimal whether they say so or not.
    func address() -> UInt64? {
      guard let text = text(.address) else { return nil }
      var scanner = ByteScanner(
        text.contains(0x60) ? text.filter { $0 != 0x60 } : Array(text))
      guard let value = scanner.pointer(), scanner.isAtEnd else { return nil }
      return value
    }

    /// A time in billionths of the column's unit.
    func time(_ column: EventColumn) -> UInt64? {
      guard let text = text(column) else { return nil }
      var scanner = ByteScanner(text.filter { $0 != 0x2C })
      guard let whole = scanner.decimal(), whole < 1 << 32 else { return nil }
      var fraction: UInt64 = 0
      var scale: UInt64 = 1_000_000_000
      if scanner.skip(0x2E) {
        while let byte = scanner.next, (0x30...0x39).contains(byte) {
          scale /= 10
          fraction += UInt64(byte - 0x30) * scale
          scanner.position += 1
        }
      }
      return scanner.isAtEnd ? whole * 1_000_000_000 + fraction : nil
    }

    func origin(isSession: Bool, _ pools: inout WordCache<String?>) -> RecordedEvent.Origin {
      guard let type = text(.poolType) else {
        return RecordedEvent.Origin(pool: isSession ? "PagedSession" : nil, tag: tag())
      }
      // A session's events say so in their name, the others' pools in this column.
      let pool =
        isSession
        ? Self.pool(type, isSession: true)
        : pools.meaning(of: type) { Self.pool($0, isSession: false) }
      return RecordedEvent.Origin(pool: pool, tag: tag())
    }

    /// Four characters, or the dword as a number.
    private func tag() -> ListedTag? {
      guard let text = text(.tag) else { return nil }
      if text.count <= 4 { return ListedTag(text) }
      var scanner = ByteScanner(Array(text))
      guard let value = scanner.number(), scanner.isAtEnd, value <= 0xFFFF_FFFF else {
        return ListedTag(text)
      }
      return ListedTag(rawValue: UInt32(value))
    }

    /// POOL_TYPE: bit 0 paged, bit 2 cache aligned, bit 5 session, 0x200 not executable.
    private static func pool(_ text: ArraySlice<UInt8>, isSession: Bool) -> String? {
      var scanner = ByteScanner(Array(text))
      if let type = scanner.number(), scanner.isAtEnd {
        if isSession || type & 0x20 != 0 { return type & 1 == 1 ? "PagedSession" : "NonPaged" }
        switch (type & 1 == 1, type & 4 != 0) {
        case (true, true): return "PagedCacheAligned"
        case (true, false): return "Paged"
        case (false, true): return "NonPagedCacheAligned"
        case (false, false): return type & 0x200 != 0 ? "NonPagedNx" : "NonPaged"
        }
      }
      let name = EventColumn.letters(text)
      if name.contains("session") || isSession { return "PagedSession" }
      if name.contains("nonp") { return name.contains("nx") ? "NonPagedNx" : "NonPaged" }
      return name.contains("paged") ? "Paged" : nil
    }
  }
}

/// What a column of an exported event table holds, by the names that exporters give it.
enum EventColumn: Equatable {
  case event, poolType, tag, bytes, address, allocationTime, freeTime

  /// Names are compared by their letters and digits only, in lower case: `Size (B)` is `sizeb`.
  private static let names: [String: EventColumn] = [
    "event": .event, "eventname": .event, "opcode": .event, "eventtype": .event,
    "pooltype": .poolType, "type": .poolType,
    "tag": .tag, "pooltag": .tag, "pagedpooltag": .tag, "nonpagedpooltag": .tag,
    "bytes": .bytes, "numberofbytes": .bytes, "size": .bytes, "sizeb": .bytes,
    "allocsize": .bytes, "allocsizeb": .bytes,
    "entry": .address, "address": .address, "virtualaddress": .address,
    "alloctime": .allocationTime, "alloctimes": .allocationTime,
    "allocationtime": .allocationTime, "alloctimems": .allocationTime,
    "alloctimeus": .allocationTime,
    "freetime": .freeTime, "freetimes": .freeTime, "freetimems": .freeTime,
    "freetimeus": .freeTime,
  ]

  init?(name: ArraySlice<UInt8>) {
    guard let column = Self.names[Self.letters(name)] else { return nil }
    self = column
  }

  static func letters(_ name: ArraySlice<UInt8>) -> String {
    var letters: [UInt8] = []
    for byte in name.prefix(64) {
      switch byte {
      case 0x30...0x39, 0x61...0x7A: letters.append(byte)
      case 0x41...0x5A: letters.append(byte + 0x20)
      default: break
      }
    }
    return String(decoding: letters, as: UTF8.self)
  }
}
