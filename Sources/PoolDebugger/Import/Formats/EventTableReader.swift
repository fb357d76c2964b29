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
