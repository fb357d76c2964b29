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
