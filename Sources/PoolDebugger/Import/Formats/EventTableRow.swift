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
