/// Linux kernel memory events: `kmalloc`, `kmem_cache_alloc`, `kfree`, `kmem_cache_free` and their
/// `_node` forms, as `trace-cmd report`, `perf script` and babeltrace (LTTng) print them. The call
/// site becomes the tag. A free of the null pointer is ordinary there and left out.
struct KmemReader: RecordedTraceReader {
  enum Event { case allocation, free }

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.isAtEnd || scanner.next == 0x23 { return nil }
    guard let (event, position) = Self.event(in: line) else { return .dropped(.otherEvent) }
    let fields = ByteScanner(line.bytes, at: position)
    var pointer = fields
    guard pointer.seek(" ptr = ") else { return .dropped(.unreadableLine) }
    guard let address = pointer.pointer() else { return .dropped(.hiddenAddress) }
    guard event == .allocation else { return .free(key: address) }
    var size = fields
    guard size.seek("bytes_req = "), let bytes = size.decimal() else {
      return .dropped(.unreadableLine)
    }
    var site = fields
    var name = site.seek("call_site = ") ? site.word() : nil
    if name?.last == 0x2C { name?.removeLast() }
    return .allocation(key: address, bytes: bytes, origin: .init(site: name))
  }

  /// The event's kind and where its fields begin.
  static func event(in line: ByteScanner) -> (Event, Int)? {
    var scanner = line
    while scanner.seek(":") {
      // The name stands before a colon, behind a blank or the subsystem's colon.
      var start = scanner.position - 1
      while start > 0, isNameByte(line.bytes[start - 1]) { start -= 1 }
      let name = ByteScanner(line.bytes, at: start)
      if let event = event(named: name, end: scanner.position - 1) {
        return (event, scanner.position)
      }
    }
    return nil
  }

  private static let names: [(StaticString, Event)] = [
    ("kmalloc_node:", .allocation), ("kmalloc:", .allocation),
    ("kmem_cache_alloc_node:", .allocation), ("kmem_cache_alloc:", .allocation),
    ("kfree:", .free), ("kmem_cache_free:", .free), ("kmem_kmalloc_node:", .allocation),
    ("kmem_kmalloc:", .allocation), ("kmem_kfree:", .free),
  ]

  private static func event(named name: ByteScanner, end: Int) -> Event? {
    for (wanted, event) in names where wanted.utf8CodeUnitCount == end - name.position + 1 {
      var scanner = name
      if scanner.skip(wanted) { return event }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || byte == 0x5F
  }
}

/// The malloc lab's `.rep`: four header numbers, then `a id bytes`, `r id bytes` and `f id`.
struct MalloclabReader: RecordedTraceReader {
  private var headerLines = 0

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    guard let kind = scanner.next else { return nil }
    if headerLines < 4, (0x30...0x39).contains(kind) {
      headerLines += 1
      return nil
    }
    scanner.position += 1
    scanner.skipBlanks()
    // Ids begin at zero, which is kept for the null pointer.
    guard let id = scanner.decimal(), id < UInt64.max else { return .dropped(.unreadableLine) }
    let key = id + 1
    scanner.skipBlanks()
    let bytes = scanner.decimal()
    switch (kind, bytes) {
    case (0x61, let bytes?): return .allocation(key: key, bytes: bytes, origin: .init())
    case (0x72, let bytes?):
      return .reallocation(old: key, key: key, bytes: bytes, origin: .init())
    case (0x66, _): return .free(key: key)
    default: return .dropped(.unreadableLine)
    }
  }
}

/// Two columns, as a one-liner of bpftrace prints them: `ADDRESS SIZE` for an allocation, `ADDRESS
/// -` for a free. The address is hexadecimal, the size decimal, blanks stand between; what bpftrace
/// itself says (`Attaching 2 probes...`) is left out.
struct TwoColumnReader: RecordedTraceReader {
  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    if line.rest.isEmpty { return nil }
    return Self.event(line) ?? .dropped(.otherEvent)
  }

  static func event(_ line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    guard scanner.skip("0x"), let address = scanner.hexadecimal(), scanner.next == 0x20 else {
      return nil
    }
    scanner.skipBlanks()
    if scanner.skip(0x2D) { return scanner.rest.isEmpty ? .free(key: address) : nil }
    guard let bytes = scanner.decimal(), scanner.rest.isEmpty else { return nil }
    return .allocation(key: address, bytes: bytes, origin: .init())
  }
}

/// ESP-IDF's heap trace, as its dump prints it: a line for each allocation that is still alive or
/// was freed, `16 bytes (@ 0x3ffb) allocated CPU 0 ccount 0x... caller 0x...:0x...`, and the line
/// `freed by 0x...` behind it.
struct HeapTraceReader: RecordedTraceReader {
  private var last: UInt64?

  mutating func events(in line: ByteScanner) -> RecordedEvent? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.isAtEnd { return nil }
    if let (address, bytes, site) = Self.allocation(scanner) {
      last = address
      return .allocation(key: address, bytes: bytes, origin: .init(site: site))
    }
    if scanner.skip("freed by "), let address = last {
      last = nil
      return .free(key: address)
    }
    return .dropped(.otherEvent)
  }

  static func allocation(
    _ line: ByteScanner
  ) -> (address: UInt64, bytes: UInt64, site: ArraySlice<UInt8>?)? {
    var scanner = line
    scanner.skipBlanks()
    guard let bytes = scanner.decimal(), scanner.skip(" bytes (@ 0x"),
      let address = scanner.hexadecimal(), scanner.skip(") allocated")
    else { return nil }
    let site = scanner.seek("caller ") ? scanner.word() : nil
    return (address, bytes, site)
  }
}
